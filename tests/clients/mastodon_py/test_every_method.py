"""Mastodon.py from end to end: every method that this server can answer is called, and what comes
back is held against the type that the library declares for it, down to each field.

Environment: as for test_mastodon_py, and ADMIN_TOKEN (all scopes, an
administrator), FRESH_TOKEN (an account that nobody knows).
"""

import collections.abc
import datetime
import io
import os
import re
import struct
import sys
import typing
import unittest
import uuid
import zlib

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import requests
from mastodon import CallbackStreamListener, Mastodon, MastodonAPIError, MastodonNotFoundError
from mastodon.types_base import AttribAccessDict

import translator
from wait import until

URL, OTHER_URL = os.environ["DASSIE_URL"], os.environ["OTHER_URL"]
USER, SECOND = os.environ["DASSIE_USER"], os.environ["SECOND_USER"]

# methods that ask nothing of a server, or something that this one does not do, with the reason
NOT_CALLED = {
    "local": {"clear_caches", "decode_blurhash", "fetch_next", "fetch_previous", "fetch_remaining", "filters_apply", "get_approx_server_time",
              "get_async_refresh_info", "get_async_refresh_status", "get_pagination_info", "get_status_length",
              "get_supported_version", "generate_media_edit_attributes", "make_poll", "pagination_iterator",
              "pagination_page_iterator", "persistable_login_credentials", "push_subscription_generate_keys",
              "set_language", "timeline_is_available", "verify_minimum_version", "await_async_refresh",
              "push_subscription_decrypt_push", "create_app", "to_json", "from_json",
              "create_app_and_login_credentials"},
    "in test_mastodon_py": {"log_in", "auth_request_url", "app_verify_credentials", "revoke_access_token",
                            "retrieve_mastodon_version", "stream_healthy"},
    "sign-up is closed": {"create_account", "email_resend_confirmation", "admin_account_approve",
                          "admin_account_reject"},
    "docs/api.md says why not": {
        "account_collections", "account_in_collections", "collection", "collection_create", "collection_delete",
        "collection_item_add", "collection_item_delete", "collection_item_revoke", "collection_update",
        "annual_report", "annual_report_generate", "annual_report_read", "annual_report_state", "annual_reports",
        "admin_approve_trending_link", "admin_approve_trending_status", "admin_approve_trending_tag",
        "admin_canonical_email_block", "admin_canonical_email_blocks", "admin_create_canonical_email_block",
        "admin_create_email_domain_block", "admin_create_ip_block", "admin_delete_canonical_email_block",
        "admin_delete_email_domain_block", "admin_delete_ip_block", "admin_dimensions", "admin_email_domain_block",
        "admin_email_domain_blocks", "admin_ip_block", "admin_ip_blocks", "admin_measures",
        "admin_reject_trending_link", "admin_reject_trending_status", "admin_reject_trending_tag",
        "admin_retention", "admin_test_canonical_email_block", "admin_trending_links", "admin_trending_statuses",
        "admin_trending_tags", "admin_update_ip_block"},
    "gone from Mastodon itself": {"follows", "reports", "status_card", "search_v1"},
}


def unique(text):
    return f"{text} {uuid.uuid4()}"


def png(side=32):
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    row = b"\0" + b"\xc8\x1e\x1e" * side
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(row * side)) + chunk(b"IEND", b""))


class Watched:
    """A client whose every answer is held against the declared type."""

    called = set()
    wrong = {}

    def __init__(self, client):
        self._client = client

    def __getattr__(self, name):
        found = getattr(self._client, name)
        if not callable(found):
            return found

        def call(*arguments, **named):
            Watched.called.add(name)
            answer = found(*arguments, **named)
            hint = typing.get_type_hints(getattr(Mastodon, name)).get("return")
            if name == "admin_accounts_v1":  # declared as one, answers a list
                hint = typing.List[hint]
            for line in mismatches(answer, hint, name):
                Watched.wrong.setdefault(line, name)
            return answer

        return call


def mismatches(value, hint, where, depth=0):
    """What of a value is not as its hint says."""
    if hint is None or hint is typing.Any or depth > 8 or isinstance(hint, str):
        return
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if hint is type(None):
        # methods that return nothing may hand back the empty answer
        if value not in (None, {}):
            yield f"{where}: {value!r:.60} instead of nothing"
    elif origin is typing.Union:
        found = [list(mismatches(value, one, where, depth + 1)) for one in inner]
        if all(found):
            yield min(found, key=len)[0]
    elif origin in (list, tuple) or (isinstance(origin, type) and issubclass(origin, list)):
        if not isinstance(value, (list, tuple)):
            yield f"{where}: {value!r:.60} is no list"
            return
        for item in value:
            yield from mismatches(item, inner[0] if inner else None, f"{where}[]", depth + 1)
    elif origin in (dict, collections.abc.Mapping):
        if not isinstance(value, dict):
            yield f"{where}: {value!r:.60} is no object"
            return
        for item in value.values():
            yield from mismatches(item, inner[1] if len(inner) > 1 else None, f"{where}{{}}", depth + 1)
    elif isinstance(hint, type) and issubclass(hint, AttribAccessDict):
        # the poll of a scheduled status has plain texts; the library knows one kind of poll
        plain = hint.__name__ == "PollOption" and isinstance(value, str)
        if not isinstance(value, dict) and not plain:
            yield f"{where}: {value!r:.60} is no {hint.__name__}"
        if not isinstance(value, dict):
            return
        for key, inside in typing.get_type_hints(hint).items():
            # the library fills in None for what it knows and an answer left out
            if not key.startswith("_") and value.get(key) is not None:
                yield from mismatches(value[key], inside, f"{hint.__name__}.{key}", depth + 1)
    elif hint is datetime.datetime:
        # inside of what it has no type of its own for the library leaves the text
        if not isinstance(value, datetime.datetime) and not re.match(r"\d{4}-\d\d-\d\d", str(value)):
            yield f"{where}: {value!r:.60} is no time"
    elif hint is float:
        if not isinstance(value, (int, float)):
            yield f"{where}: {value!r:.60} is no number"
    elif isinstance(hint, type) and hint.__module__ == "builtins":
        if type(value) is not hint and not (hint is str and isinstance(value, str)):
            yield f"{where}: {value!r:.60} is no {hint.__name__}"


def client(token, url=URL):
    session = requests.Session()
    session.trust_env = False
    return Watched(Mastodon(access_token=token, api_base_url=url, session=session, request_timeout=30,
                            ratelimit_method="throw", version_check_mode="none"))


class EveryMethod(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.ann = client(os.environ["ADMIN_TOKEN"])
        cls.bob = client(os.environ["SECOND_TOKEN"])
        cls.carl = client(os.environ["OTHER_TOKEN"], OTHER_URL)
        cls.me = cls.ann.account_verify_credentials()
        cls.other = cls.bob.me()
        cls.addClassCleanup(translator.start())

    def picture(self):
        return self.ann.media_post(io.BytesIO(png()), mime_type="image/png", description="a square",
                                   focus=(0.1, -0.1), synchronous=True)

    def link_timeline(self, address, status):
        try:
            return [s.id for s in self.ann.timeline_link(address)] == [status.id]
        except MastodonNotFoundError:
            return False

    def test_instance(self):
        ann = self.ann
        for name in ("instance", "instance_v1", "instance_v2", "instance_activity", "instance_peers",
                     "instance_rules", "instance_extended_description", "instance_languages",
                     "instance_domain_blocks", "instance_translation_languages", "instance_nodeinfo",
                     "custom_emojis", "announcements", "preferences", "trends", "trending_tags",
                     "trending_statuses", "trending_links", "suggestions", "suggestions_v1", "suggestions_v2",
                     "oauth_authorization_server_info"):
            with self.subTest(name):
                getattr(ann, name)()
        ann.directory(local=True)
        self.assertTrue(ann.instance_health())
        ann.instance_terms_of_service()
        # it asks only over https for this one, which a server on this machine does not speak
        Watched.called.add("oauth_userinfo")

    def test_statuses(self):
        ann, bob = self.ann, self.bob
        tag = f"m{uuid.uuid4().hex[:12]}"
        media = self.picture()
        ann.media(media)
        ann.media_update(media, description="a red square", focus=(0, 0))
        status = ann.status_post(unique(f"hello @{SECOND} #{tag} https://example.org/"), media_ids=[media],
                                 sensitive=True, language="en", spoiler_text="cw")
        ann.toot(unique("short"))
        ann.status(status)
        ann.statuses([status])
        ann.status_update(status, unique(f"edited #{tag}"), media_ids=[media])
        ann.status_history(status)
        ann.status_source(status)
        ann.status_reply(status, unique("and"))
        ann.status_context(status)
        for who in (ann, bob):
            who.status_favourite(status)
            who.status_reblog(status)
            who.status_bookmark(status)
        for name in ("status_favourited_by", "status_reblogged_by"):
            self.assertEqual(len(getattr(ann, name)(status)), 2)
        ann.favourites()
        ann.bookmarks()
        ann.status_unfavourite(status)
        ann.status_unreblog(status)
        ann.status_unbookmark(status)
        for verb in ("mute", "unmute", "pin", "unpin"):
            getattr(ann, f"status_{verb}")(status)
        poll = ann.status_post(unique("poll"), poll=ann.make_poll(["a", "b"], 3600, multiple=True)).poll
        ann.poll(poll)
        self.assertTrue(bob.poll_vote(poll, [0, 1]).voted)
        quote = bob.status_post(unique("look"), quoted_status_id=status)
        linked = ann.status_post(unique("see https://example.net/"))
        until("the link is known", lambda: self.link_timeline("https://example.net/", linked))
        ann.status_translate(linked, lang="zh")
        self.assertEqual([s.id for s in ann.status_quotes(status)], [quote.id])
        ann.status_update_quote_approval_policy(status, "followers")
        ann.status_quote_revoke(status, quote)
        later = ann.status_post(unique("later"), scheduled_at=datetime.datetime.now() + datetime.timedelta(hours=1))
        ann.scheduled_statuses()
        ann.scheduled_status(later)
        ann.scheduled_status_update(later, datetime.datetime.now() + datetime.timedelta(hours=2))
        ann.scheduled_status_delete(later)
        for name, arguments in (("timeline", ("home",)), ("timeline_home", ()), ("timeline_local", ()),
                                ("timeline_public", ()), ("timeline_hashtag", (tag,))):
            getattr(ann, name)(*arguments)
        ann.tag(tag)
        ann.tag_follow(tag)
        ann.followed_tags()
        ann.tag_unfollow(tag)
        ann.tag_feature(tag)
        ann.tag_unfeature(tag)
        ann.search(tag)
        ann.search_v2(USER, result_type="accounts")
        ann.markers_set(["home"], [status])
        ann.markers_get()
        ann.status_delete(ann.status_post(unique("doomed")))

    def test_people(self):
        ann, bob, other = self.ann, self.bob, self.other
        ann.account(other)
        ann.accounts([other, self.me])
        ann.account_lookup(SECOND)
        ann.account_search(SECOND)
        ann.account_follow(other, reblogs=True, notify=True)
        bob.account_follow(self.me)
        for name in ("account_statuses", "account_followers", "account_following", "account_lists",
                     "account_featured_tags"):
            getattr(ann, name)(other)
        ann.account_relationships([other])
        ann.account_familiar_followers([other])
        ann.account_note_set(other, "a friend")
        for verb, undo in (("endorse", "unendorse"), ("pin", "unpin"), ("mute", "unmute"), ("block", "unblock")):
            getattr(ann, f"account_{verb}")(other)
            ann.endorsements()
            ann.mutes()
            ann.blocks()
            getattr(ann, f"account_{undo}")(other)
        ann.account_follow(other)
        ann.account_unfollow(other)
        bob.account_follow(self.me)
        ann.account_remove_from_followers(other)
        ann.domain_block("blocked.example")
        ann.domain_blocks()
        ann.domain_unblock("blocked.example")
        ann.account_update_credentials(locked=True)
        for answer in ("reject", "authorize"):
            bob.account_follow(self.me)
            ann.follow_requests()
            getattr(ann, f"follow_request_{answer}")(other)
        ann.account_update_credentials(locked=False)
        ann.suggestion_delete(other)

    def test_profile(self):
        ann = self.ann
        ann.account_update_credentials(display_name="Ann", note="hello", fields=[("site", "https://example.org")],
                                       avatar=io.BytesIO(png()), avatar_mime_type="image/png",
                                       header=io.BytesIO(png()), header_mime_type="image/png")
        ann.profile()
        ann.profile_update(display_name="Ann again")
        ann.account_delete_avatar()
        ann.account_delete_header()
        tag = ann.featured_tag_create("there")
        ann.featured_tags()
        ann.featured_tag_suggestions()
        ann.featured_tag_delete(tag)

    def test_lists_and_filters(self):
        ann, other = self.ann, self.other
        ann.account_follow(other)
        kept = ann.list_create(unique("list"))
        ann.lists()
        ann.list(kept)
        ann.list_update(kept, "renamed", exclusive=True)
        ann.list_accounts_add(kept, [other])
        ann.list_accounts(kept)
        self.bob.status_post(unique("for the list"))
        self.assertTrue(ann.timeline_list(kept))
        ann.list_accounts_delete(kept, [other])
        ann.list_delete(kept)
        one = ann.create_filter_v2("f", ["home"], "warn", keywords_attributes=[{"keyword": "badger"}])
        ann.filters_v2()
        ann.filter_v2(one)
        ann.update_filter_v2(one, title="g")
        word = ann.add_filter_keyword_v2(one, "stoat")
        ann.filter_keywords_v2(one)
        ann.delete_filter_keyword_v2(word)
        held = ann.add_filter_status_v2(one, self.bob.status_post(unique("x")))
        ann.filter_statuses_v2(one)
        ann.filter_status_v2(held)
        ann.delete_filter_status_v2(held)
        ann.delete_filter_v2(one)
        old = ann.filter_create(unique("old"), ["home"])
        ann.filters()
        ann.filter(old)
        ann.filter_update(old, phrase="older", context=["home"])
        ann.filter_delete(old)

    def test_notifications_and_conversations(self):
        ann, bob = self.ann, self.bob
        status = ann.status_post(unique("like me"))
        bob.status_favourite(status)
        bob.status_post(unique(f"@{USER} psst"), visibility="direct")
        ann.conversations_read(ann.conversations()[0])
        first = ann.notifications()[0]
        ann.notifications(id=first)
        ann.notifications_unread_count()
        ann.unread_grouped_notifications_count()
        groups = ann.grouped_notifications().notification_groups
        key = next(g.group_key for g in groups if g.type == "favourite")
        ann.grouped_notification(key)
        ann.grouped_notification_accounts(key)
        ann.dismiss_grouped_notification(key)
        ann.notifications_policy()
        ann.account_unfollow(self.other)
        ann.update_notifications_policy(for_not_following="filter")

        def held():
            bob.status_post(unique(f"@{USER} hello?"))
            return ann.notification_requests()[0]

        ann.notification_request(held())
        ann.dismiss_notification_request(held())
        ann.dismiss_multiple_notification_requests([held()])
        ann.accept_multiple_notification_requests([held()])
        ann.notifications_merged()
        eve = client(os.environ["FRESH_TOKEN"])
        eve.status_post(unique(f"@{USER} hello?"))
        ann.accept_notification_request(ann.notification_requests()[0])
        ann.update_notifications_policy(for_not_following="accept")
        ann.notifications_dismiss(ann.notifications()[0])
        bob.notifications_clear()

    def test_push(self):
        ann = self.ann
        _, public = Mastodon.push_subscription_generate_keys(None)
        ann.push_subscription_set("https://push.example/1", public, mention_events=True, follow_events=True)
        ann.push_subscription()
        ann.push_subscription_update(mention_events=False, follow_events=True)
        ann.push_subscription_delete()
        with self.assertRaises(MastodonNotFoundError):
            ann.push_subscription()

    def test_reports_and_administration(self):
        ann, bob = self.ann, self.bob
        status = bob.status_post(unique("bad"))
        report = ann.report(self.other, status_ids=[status], comment="no", category="spam")
        ann.admin_reports()
        ann.admin_report(report)
        for verb in ("assign", "unassign", "resolve", "reopen"):
            getattr(ann, f"admin_report_{verb}")(report)
        ann.admin_accounts()
        ann.admin_accounts_v1()
        ann.admin_accounts_v2(origin="local")
        eve = client(os.environ["FRESH_TOKEN"]).me()
        ann.admin_account(eve)
        for action, undo in (("silence", "unsilence"), ("sensitive", "unsensitive")):
            ann.admin_account_moderate(eve, action)
            getattr(ann, f"admin_account_{undo}")(eve)
        stranger = ann.account_search(os.environ["OTHER_HANDLE"], resolve=True)[0]
        ann.admin_account_moderate(stranger, "suspend")
        ann.admin_account_unsuspend(stranger)
        block = ann.admin_create_domain_block("bad.example", severity="silence", reject_media=True)
        ann.admin_domain_blocks()
        ann.admin_domain_blocks(block.id)
        ann.admin_update_domain_block(block.id, severity="suspend")
        ann.admin_delete_domain_block(block)
        allow = ann.admin_create_domain_allow("good.example")
        ann.admin_domain_allows()
        ann.admin_domain_allow(allow)
        ann.admin_delete_domain_allow(allow)

    def test_streams(self):
        ann = self.ann
        made = ann.list_create(unique("streamed"))
        handles = []
        for name, arguments in (("stream_user", ()), ("stream_user_notifications", ()), ("stream_public", ()),
                                ("stream_local", ()), ("stream_hashtag", ("dogs",)), ("stream_list", (made.id,)),
                                ("stream_direct", ())):
            handles.append(getattr(ann, name)(*arguments, CallbackStreamListener(), run_async=True))
            until(f"{name} listens", handles[-1].is_receiving)
        # each ends with what comes next, be it a heartbeat: all at once, not one after the other
        for handle in handles:
            handle.close()

    def test_zz_no_answer_had_another_type(self):
        self.assertEqual(sorted(Watched.wrong), [])

    def test_zz_every_method_was_called(self):
        methods = {n for n in dir(Mastodon) if not n.startswith("_") and callable(getattr(Mastodon, n))}
        left = methods - Watched.called - set().union(*NOT_CALLED.values())
        # those of the administrator that would harm the session, and what a token cannot do twice
        left -= {"admin_account_enable", "admin_account_delete", "stream_open_websocket",
                 "announcement_dismiss", "announcement_reaction_create", "announcement_reaction_delete"}
        self.assertEqual(sorted(left), [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
