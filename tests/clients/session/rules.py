"""How clients read what a server says of itself, each rule written after the client's source (the
snapshots are named in docs/clients.md), and the start-up calls with the fields each decodes
without a default.
"""

import re

# --- versions ------------------------------------------------------------------------------------


def icecubes(version):
    """The first three characters as a decimal number."""
    return float(version[:3])


def mastodon_ios(version):
    """The major number."""
    return int(version.split(".")[0])


def toot(version):
    """The first character."""
    return int(version[0])


def pachli(version):
    """Any `d.d.d`; without one the refresh of the account fails."""
    return tuple(int(n) for n in re.search(r"(\d+)\.(\d+)\.(\d+)", version).groups())


def moshidon(version):
    """Of the snapshot of June 2025: three numbers before the first hyphen, else "no" to everything.
    Since it was put on newer Mastodon for Android it reads `api_versions`."""
    parts = version.split("-")[0].split(".")
    try:
        return tuple(int(part) for part in parts[:3]) if len(parts) >= 3 else None
    except ValueError:
        return None


def dialect(version):
    """The names that switch a client to another server's dialect, where one is in the text."""
    names = ("pleroma", "akkoma", "pixelfed", "iceshrimp", "+glitch", "+hometown", "friendica", "firefish",
             "sharkey", "catodon", "mitra", "takahe", "snac")
    return next((name for name in names if name in version.lower()), None)


# --- shapes --------------------------------------------------------------------------------------

S, B, I, L, D = str, bool, int, list, dict


def need(value, shape, where, gaps):
    """Walks `shape` ({"key": type | (types…) | {…} | [shape]}) over `value`; notes what is amiss."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            gaps.append(f"{where}: not an object")
            return
        for key, inner in shape.items():
            if key not in value:
                gaps.append(f"{where}.{key}: absent")
            else:
                need(value[key], inner, f"{where}.{key}", gaps)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            gaps.append(f"{where}: not a list")
            return
        for n, item in enumerate(value):
            need(item, shape[0], f"{where}[{n}]", gaps)
    else:
        kinds = shape if isinstance(shape, tuple) else (shape,)
        exact = any(type(value) is kind or (kind is None and value is None) for kind in kinds)
        if not exact:
            gaps.append(f"{where}: {value!r:.60} is none of {kinds}")


OPTIONAL = (str, None)
ACCOUNT = {
    "id": S, "username": S, "acct": S, "url": S, "display_name": S, "note": S, "avatar": S, "avatar_static": S,
    "header": S, "header_static": S, "created_at": S, "locked": B, "bot": B, "fields": [{"name": S, "value": S}],
    "emojis": L, "statuses_count": I, "followers_count": I, "following_count": I,
}
ATTACHMENT = {"id": S, "type": S, "url": S, "preview_url": OPTIONAL, "description": OPTIONAL, "blurhash": OPTIONAL}
POLL = {
    "id": S, "expires_at": OPTIONAL, "expired": B, "multiple": B, "votes_count": I, "emojis": L,
    "options": [{"title": S, "votes_count": (int, None)}],
}
STATUS = {
    "id": S, "uri": S, "created_at": S, "edited_at": OPTIONAL, "account": ACCOUNT, "content": S, "visibility": S,
    "sensitive": B, "spoiler_text": S, "media_attachments": [ATTACHMENT], "emojis": L, "reblogs_count": I,
    "favourites_count": I, "replies_count": I, "mentions": [{"id": S, "username": S, "acct": S, "url": S}],
    "tags": [{"name": S, "url": S}],
}
RELATIONSHIP = {
    "id": S, "following": B, "showing_reblogs": B, "notifying": B, "followed_by": B, "blocking": B,
    "blocked_by": B, "muting": B, "muting_notifications": B, "requested": B, "domain_blocking": B, "endorsed": B,
    "note": S,
}
CONFIGURATION = {
    "statuses": {"max_characters": I, "max_media_attachments": I, "characters_reserved_per_url": I},
    "media_attachments": {"supported_mime_types": [S], "image_size_limit": I, "image_matrix_limit": I},
    "polls": {"max_options": I, "max_characters_per_option": I, "min_expiration": I, "max_expiration": I},
}
RULES = [{"id": S, "text": S}]
INSTANCE_V2 = {
    "domain": S, "title": S, "version": S, "description": S, "usage": {"users": {"active_month": I}},
    "thumbnail": {"url": S}, "languages": [S], "contact": {"email": S},
    "registrations": {"enabled": B, "approval_required": B}, "rules": RULES,
    "configuration": CONFIGURATION | {
        "urls": {"streaming": S}, "accounts": {"max_featured_tags": I, "max_profile_fields": I},
        "translation": {"enabled": B}, "vapid": {"public_key": S},
    },
}
INSTANCE_V1 = {
    "uri": S, "title": S, "short_description": S, "description": S, "email": S, "version": S,
    "urls": {"streaming_api": S}, "stats": {"user_count": I, "status_count": I, "domain_count": I},
    "thumbnail": OPTIONAL, "languages": [S], "registrations": B, "approval_required": B, "invites_enabled": B,
    "configuration": CONFIGURATION, "rules": RULES,
}
CREDENTIALS = ACCOUNT | {"source": {"privacy": S, "sensitive": B, "note": S, "fields": L, "language": OPTIONAL}}
EMOJI = {"shortcode": S, "url": S, "static_url": S, "visible_in_picker": B}
LIST = {"id": S, "title": S, "replies_policy": S, "exclusive": B}
FILTER = {"id": S, "title": S, "context": [S], "filter_action": S, "expires_at": OPTIONAL, "keywords": L}
FILTER_V1 = {"id": S, "phrase": S, "context": [S], "whole_word": B, "irreversible": B, "expires_at": OPTIONAL}
TAG = {"name": S, "url": S, "history": L, "following": B}
MARKER = {"last_read_id": S, "version": I, "updated_at": S}
NOTIFICATION = {"id": S, "type": S, "created_at": S, "account": ACCOUNT}
GROUPS = {
    "accounts": [ACCOUNT], "statuses": [STATUS],
    "notification_groups": [{
        "group_key": S, "notifications_count": I, "type": S, "most_recent_notification_id": I,
        "latest_page_notification_at": S, "sample_account_ids": [S],
    }],
}
POLICY = {
    "for_not_following": S, "for_not_followers": S, "for_new_accounts": S, "for_private_mentions": S,
    "for_limited_accounts": S, "summary": {"pending_requests_count": I, "pending_notifications_count": I},
}
PREFERENCES = {
    "posting:default:visibility": S, "posting:default:sensitive": B, "posting:default:language": OPTIONAL,
    "reading:expand:media": S, "reading:expand:spoilers": B,
}
ANNOUNCEMENT = {"id": S, "content": S, "published_at": S, "updated_at": S, "all_day": B, "reactions": L,
                "mentions": L, "tags": L, "emojis": L}
PUSH = {
    "id": (int, str), "endpoint": S, "server_key": S,
    "alerts": {"follow": B, "favourite": B, "reblog": B, "mention": B, "poll": B, "status": B},
}
NODEINFO = {"version": S, "software": {"name": S, "version": S}, "protocols": [S], "usage": D, "openRegistrations": B}
CONVERSATION = {"id": S, "unread": B, "accounts": [ACCOUNT], "last_status": STATUS}
# what an answer that a client can do without is allowed to be
ABSENT = "absent"

HOME = ("/api/v1/timelines/home", [STATUS])
ME = ("/api/v1/accounts/verify_credentials", CREDENTIALS)
V2, V1 = ("/api/v2/instance", INSTANCE_V2), ("/api/v1/instance", INSTANCE_V1)
LISTS, FILTERS = ("/api/v1/lists", [LIST]), ("/api/v2/filters", [FILTER])
MARKERS = ("/api/v1/markers?timeline[]=home&timeline[]=notifications", {"home": MARKER})
PREFS, EMOJIS = ("/api/v1/preferences", PREFERENCES), ("/api/v1/custom_emojis", [EMOJI])
TOLD = ("/api/v1/notifications", [NOTIFICATION])
GROUPED = ("/api/v2/notifications", GROUPS)
REQUESTS = ("/api/v1/follow_requests", [ACCOUNT])
NEWS = ("/api/v1/announcements", [ANNOUNCEMENT])
TAGS = ("/api/v1/followed_tags", [TAG])
SUBSCRIPTION = ("/api/v1/push/subscription", PUSH)

# client -> what it asks for when it starts, in its order, and what it decodes of each answer
START = {
    "Phanpy": [PREFS, V2, ("/.well-known/nodeinfo", {"links": [{"rel": S, "href": S}]}), ME, HOME, GROUPED,
               MARKERS, LISTS, FILTERS, TAGS, NEWS, REQUESTS],
    "Elk": [V2, ("/nodeinfo/2.0", NODEINFO), ME, PREFS, SUBSCRIPTION, HOME, TOLD, MARKERS, LISTS, EMOJIS],
    "Tusky": [ME, NEWS, V2, EMOJIS, HOME, FILTERS, MARKERS, TOLD, ("/api/v2/notifications/policy", POLICY),
              ("/api/v1/notifications/requests", L), SUBSCRIPTION],
    "Pachli": [ME, ("/.well-known/nodeinfo", {"links": [{"rel": S, "href": S}]}), ("/nodeinfo/2.0", NODEINFO), V2,
               EMOJIS, FILTERS, LISTS, ("/api/v1/accounts/{me}/following", [ACCOUNT]), NEWS],
    "Ice Cubes": [ME, ("/api/v1/instance/peers", [S]), LISTS, TAGS, REQUESTS, V2, PREFS, SUBSCRIPTION, MARKERS,
                  GROUPED, ("/api/v1/accounts/relationships?id[]={other}", [RELATIONSHIP])],
    "Mastodon for Android": [V2, EMOJIS, ("/api/v1/filters", [FILTER_V1]), ME, PREFS, MARKERS, HOME, GROUPED,
                             ("/api/v2/notifications/unread_count", {"count": I}), SUBSCRIPTION],
    "Moshidon": [V1, V2, ME, ("/api/v1/filters", [FILTER_V1]), EMOJIS, LISTS, TAGS, TOLD, MARKERS],
    "Mastodon for iOS": [V1, V2, ME, PREFS, MARKERS, FILTERS, HOME, SUBSCRIPTION],
    "Tuba": [ME, V1, V2, EMOJIS, LISTS, TOLD, MARKERS, NEWS, ("/api/v1/conversations", [CONVERSATION])],
    "toot": [V1, ME, PREFS, TAGS, LISTS, HOME],
    "Fedilab": [("/.well-known/nodeinfo", {"links": [{"rel": S, "href": S}]}), EMOJIS, V2, FILTERS, ME, NEWS],
}
