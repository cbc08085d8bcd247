"""Every route that docs/api.md lists is called with success, by an account that has everything and
by one that has nothing; each answer is held against Mastodon's schema (where that is at hand), and
each client's start-up is replayed with the fields that it cannot do without.

Environment: as for mastodon_py, and ADMIN_TOKEN (all scopes, an administrator), EMPTY_TOKEN (an
account that nobody touched), GOING_TOKEN (one that moves away and is deleted).
"""

import base64
import hashlib
import hmac
import os
import struct
import sys
import time
import unittest
import urllib.parse
import uuid
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), HERE]

import requests

import rules
import translator
from contract import Contract
from pages import Browser
from wait import until
from walk import Person, Routes

URL, OTHER_URL = os.environ["DASSIE_URL"], os.environ["OTHER_URL"]
USER, SECOND = os.environ["DASSIE_USER"], os.environ["SECOND_USER"]
CONTRACT, ROUTES = Contract(), Routes()
OOB = "urn:ietf:wg:oauth:2.0:oob"


def unique(text):
    return f"{text} {uuid.uuid4()}"


def png(side=32):
    """A red square."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    row = b"\0" + b"\xc8\x1e\x1e" * side
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(row * side)) + chunk(b"IEND", b""))


def person(token, base=URL):
    return Person(base, token, CONTRACT, ROUTES)


def totp(uri):
    """The code of now (RFC 6238) for an otpauth address."""
    secret = urllib.parse.parse_qs(urllib.parse.urlsplit(uri).query)["secret"][0]
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1_000_000:06d}"


def instant(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + seconds))


class Session(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.ann, cls.bob = person(os.environ["ADMIN_TOKEN"]), person(os.environ["SECOND_TOKEN"])
        cls.eve, cls.nobody = person(os.environ["EMPTY_TOKEN"]), person(None)
        cls.carl = person(os.environ["OTHER_TOKEN"], OTHER_URL)
        cls.me = cls.ann.get("/api/v1/accounts/verify_credentials")
        cls.other = cls.bob.get("/api/v1/accounts/verify_credentials")
        cls.spare = cls.ann.get("/api/v1/accounts/lookup?acct=spare")["id"]
        cls.addClassCleanup(translator.start())

    # The tests run in the order of their names: the walks first, then what was walked.

    def upload(self, who=None):
        who = who or self.ann
        media = who.post("/api/v2/media", files={"file": ("a.png", png(), "image/png")},
                         data={"description": "a red square", "focus": "0.1,0.2"}, status=(200, 202))
        until("the upload is processed", lambda: who.get(f"/api/v1/media/{media['id']}", status=(200, 206))["url"])
        return media["id"]

    def test_1_empty(self):
        """The lists and objects of an account that has nothing."""
        eve = self.eve
        me = eve.get("/api/v1/accounts/verify_credentials")["id"]
        for method, path in sorted(ROUTES.all):
            if method != "GET" or path.startswith(("/api/v1/admin", "/api/v1/streaming", "/api/v2/admin")):
                continue
            if "{id}" in path and path.startswith("/api/v1/accounts/"):
                path = path.replace("{id}", me)
            if "{" in path:
                continue
            if path in ("/api/v1/push/subscription", "/api/oembed", "/api/v1/accounts/lookup",
                        "/api/v1/timelines/link", "/api/v1/reports/", "/api/v1/import", "/api/v1/domain_blocks/preview", "/api/v1/user/2fa/qruri",
                        "/api/v1/user/2fa/qr.svg", "/api/v1/instance/terms_of_service"):
                continue  # nothing there, or nothing without a parameter
            query = {"/api/v2/search": "?q=nothing", "/api/v1/accounts/search": "?q=nothing",
                     "/api/v1/accounts/relationships": f"?id[]={me}", "/api/v1/statuses": "?id[]=1",
                     "/api/v1/accounts": "?id[]=1", "/api/v1/accounts/familiar_followers": f"?id[]={me}",
                     "/api/v1/markers": "?timeline[]=home"}.get(path, "")
            with self.subTest(path=path):
                eve.get(path + query)

    def test_2_statuses(self):
        ann, bob, other = self.ann, self.bob, self.other["id"]
        self.nobody.get("/api/v1/statuses?id[]=1")
        media = self.upload()
        ann.put(f"/api/v1/media/{media}", {"description": "a square", "focus": "0,0"})
        loose = ann.post("/api/v1/media", files={"file": ("a.png", png(), "image/png")})["id"]
        ann.delete(f"/api/v1/media/{loose}")
        tag = f"s{uuid.uuid4().hex[:12]}"
        full = ann.post("/api/v1/statuses", {
            "status": unique(f"hello @{SECOND} #{tag} https://example.org/ 你好"), "media_ids": [media],
            "sensitive": True, "spoiler_text": "cw", "language": "en", "visibility": "public"})
        poll = ann.post("/api/v1/statuses", {
            "status": unique("poll"), "poll": {"options": ["a", "b", "c"], "expires_in": 3600, "multiple": True}})
        sid = full["id"]
        ann.get(f"/api/v1/statuses/{sid}")
        ann.get(f"/api/v1/statuses?id[]={sid}&id[]={poll['id']}")
        ann.put(f"/api/v1/statuses/{sid}", {"status": unique(f"edited #{tag}"), "media_ids": [media],
                                            "spoiler_text": "", "media_attributes": [{"id": media, "description": "x"}]})
        ann.get(f"/api/v1/statuses/{sid}/history")
        ann.get(f"/api/v1/statuses/{sid}/source")
        reply = bob.post("/api/v1/statuses", {"status": unique("reply"), "in_reply_to_id": sid})
        ann.get(f"/api/v1/statuses/{sid}/context")
        for verb, undo in (("favourite", "unfavourite"), ("reblog", "unreblog"), ("bookmark", "unbookmark")):
            for who in (ann, bob):
                who.post(f"/api/v1/statuses/{sid}/{verb}")
            ann.post(f"/api/v1/statuses/{sid}/{undo}")
        for verb, undo in (("mute", "unmute"), ("pin", "unpin")):
            ann.post(f"/api/v1/statuses/{sid}/{verb}")
            ann.post(f"/api/v1/statuses/{sid}/{undo}")
        ann.post(f"/api/v1/statuses/{poll['id']}/pin")
        ann.get(f"/api/v1/statuses/{sid}/favourited_by")
        ann.get(f"/api/v1/statuses/{sid}/reblogged_by")
        for path in ("favourites", "bookmarks"):
            bob.get(f"/api/v1/{path}")
        ann.get(f"/api/v1/statuses/{sid}/deliveries")
        for who in (ann, bob):
            reactions = f"/api/v1/pleroma/statuses/{sid}/reactions"
            self.assertEqual(who.put(f"{reactions}/🦫")["emoji_reactions"][0]["name"], "🦫")
            who.get(reactions)
            who.get(f"{reactions}/🦫")
        ann.delete(f"{reactions}/🦫")
        ann.get(f"/api/v1/polls/{poll['poll']['id']}")
        bob.post(f"/api/v1/polls/{poll['poll']['id']}/votes", {"choices": [0, 2]})
        quote = bob.post("/api/v1/statuses", {"status": unique("look"), "quoted_status_id": sid})
        ann.get(f"/api/v1/statuses/{sid}/quotes")
        ann.put(f"/api/v1/statuses/{sid}/interaction_policy", {"quote_approval_policy": "followers"})
        ann.post(f"/api/v1/statuses/{sid}/quotes/{quote['id']}/revoke")
        bob.get(f"/api/v1/statuses/{quote['id']}")
        later = ann.post("/api/v1/statuses", {"status": unique("later"), "scheduled_at": instant(3600)})
        ann.get("/api/v1/scheduled_statuses")
        ann.get(f"/api/v1/scheduled_statuses/{later['id']}")
        ann.put(f"/api/v1/scheduled_statuses/{later['id']}", {"scheduled_at": instant(7200)})
        ann.delete(f"/api/v1/scheduled_statuses/{later['id']}")
        linked = ann.post("/api/v1/statuses", {"status": unique("read https://example.org/")})
        ann.post(f"/api/v1/statuses/{linked['id']}/translate", {"lang": "zh"})
        for path in ("home", "public", f"tag/{tag}", "public?local=true", "public?remote=true",
                     "link?url=https://example.org/"):
            ann.get(f"/api/v1/timelines/{path}")
        ann.get(f"/api/v1/tags/{tag}")
        for verb in ("follow", "unfollow"):
            ann.post(f"/api/v1/tags/{tag}/{verb}")
        ann.post(f"/api/v1/tags/{tag}/follow")
        ann.get("/api/v1/followed_tags")
        for trend in ("", "/tags", "/statuses", "/links"):
            ann.get(f"/api/v1/trends{trend}")
        for query in (f"q={USER}", f"q={tag}&type=hashtags", "q=你好&type=statuses", f"q=from:{USER}",
                      f"q={full['uri']}&resolve=true"):
            ann.get(f"/api/v2/search?{query}")
        self.nobody.get(f"/api/oembed?url={full['url']}")
        for path in (f"/api/v2/media/{media}",):
            ann.get(path)
        again = self.upload()
        ann.put(f"/api/v2/media/{again}", {"description": "another square"})
        doomed = ann.post("/api/v1/statuses", {"status": unique("doomed"), "media_ids": [self.upload()]})
        ann.delete(f"/api/v1/statuses/{doomed['id']}")
        bob.delete(f"/api/v1/statuses/{reply['id']}")
        bob.post("/api/v1/statuses", {"status": unique("again"), "in_reply_to_id": sid})
        ann.post("/api/v1/markers", {"home": {"last_read_id": sid}, "notifications": {"last_read_id": "1"}})
        ann.get("/api/v1/markers?timeline[]=home&timeline[]=notifications")
        self.assertEqual(other, self.other["id"])

    def test_2_consent(self):
        """What others may do with one's statuses, and what waits for one's word."""
        ann, bob = self.ann, self.bob
        path, asks = "/api/v1/interaction_policies/defaults", {"always": ["author"], "with_approval": ["public"]}
        ann.get(path)
        ann.patch(path, {"public": {"can_favourite": asks, "can_reply": asks, "can_reblog": asks}})
        status = ann.post("/api/v1/statuses", {"status": unique("ask me"), "visibility": "public"})["id"]
        ann.patch(path, {})
        bob.post(f"/api/v1/statuses/{status}/favourite")
        bob.post(f"/api/v1/statuses/{status}/reblog")
        bob.post("/api/v1/statuses", {"status": unique(f"@{USER} may I?"), "in_reply_to_id": status})
        waiting = [r["id"] for r in ann.get(f"/api/v1/interaction_requests?status_id={status}")]
        self.assertEqual(len(waiting), 3)
        for request in waiting:
            ann.get(f"/api/v1/interaction_requests/{request}")
            ann.post(f"/api/v1/interaction_requests/{request}/authorize")
        after = ann.get(f"/api/v1/statuses/{status}")
        self.assertEqual([after[f"{what}_count"] for what in ("favourites", "reblogs", "replies")], [1, 1, 1])
        ann.post(f"/api/v1/interaction_requests/{waiting[0]}/reject")

    def test_2_people(self):
        ann, bob, me, other = self.ann, self.bob, self.me["id"], self.other["id"]
        ann.get(f"/api/v1/accounts/{other}")
        ann.get(f"/api/v1/accounts?id[]={other}&id[]={me}")
        self.nobody.get(f"/api/v1/accounts/lookup?acct={USER}")
        ann.post(f"/api/v1/accounts/{other}/follow", {"reblogs": True, "notify": True, "languages": ["en"]})
        bob.post(f"/api/v1/accounts/{me}/follow")
        bob.post("/api/v1/statuses", {"status": unique("you are told of this")})
        for path in ("statuses", "statuses?pinned=true", "followers", "following", "lists", "featured_tags",
                     "endorsements"):
            ann.get(f"/api/v1/accounts/{other}/{path}")
            ann.get(f"/api/v1/accounts/{me}/{path}")
        ann.get(f"/api/v1/accounts/relationships?id[]={other}&id[]={me}")
        ann.get(f"/api/v1/accounts/familiar_followers?id[]={other}")
        ann.get(f"/api/v1/accounts/search?q={SECOND}")
        ann.post(f"/api/v1/accounts/{other}/note", {"comment": "a friend"})
        for verb, undo in (("endorse", "unendorse"), ("pin", "unpin"), ("mute", "unmute")):
            ann.post(f"/api/v1/accounts/{other}/{verb}")
            ann.get("/api/v1/endorsements")
            ann.get("/api/v1/mutes")
            ann.post(f"/api/v1/accounts/{other}/{undo}")
        ann.post(f"/api/v1/accounts/{other}/remove_from_followers")
        carl = ann.get(f"/api/v1/accounts/search?resolve=true&q={os.environ['OTHER_HANDLE']}")[0]["id"]
        ann.get(f"/api/v1/accounts/{carl}")
        far = self.carl.post("/api/v1/statuses", {"status": unique("read from afar")})["uri"]
        far = ann.get(f"/api/v2/search?resolve=true&type=statuses&q={urllib.parse.quote(far, safe='')}")["statuses"][0]["id"]
        ann.get(f"/api/v1/statuses/{far}/context")
        ann.get(f"/api/v1_alpha/async_refreshes/thread-{far}")
        ann.post(f"/api/v1/accounts/{carl}/block")
        ann.get("/api/v1/blocks")
        ann.post(f"/api/v1/accounts/{carl}/unblock")
        ann.post("/api/v1/domain_blocks", {"domain": "blocked.example"})
        ann.get("/api/v1/domain_blocks")
        ann.get("/api/v1/domain_blocks/preview?domain=blocked.example")
        ann.delete("/api/v1/domain_blocks", {"domain": "blocked.example"})
        # a locked account is asked, and answers
        bob.post(f"/api/v1/accounts/{me}/unfollow")
        ann.patch("/api/v1/accounts/update_credentials", {"locked": True})
        for answer in ("reject", "authorize"):
            bob.post(f"/api/v1/accounts/{me}/follow")
            ann.get("/api/v1/follow_requests")
            bob.get("/api/v1/follow_requests/outgoing") if ("GET", "/api/v1/follow_requests/outgoing") in ROUTES.all else 0
            ann.post(f"/api/v1/follow_requests/{other}/{answer}")
        ann.patch("/api/v1/accounts/update_credentials", {"locked": False})
        for path in ("/api/v2/suggestions", "/api/v1/suggestions", "/api/v1/directory"):
            ann.get(path)
        ann.delete(f"/api/v1/suggestions/{other}")

    def test_2_profile(self):
        ann = self.ann
        picture = {"avatar": ("a.png", png(), "image/png"), "header": ("h.png", png(), "image/png")}
        ann.patch("/api/v1/accounts/update_credentials", files=picture, data={
            "display_name": "Ann", "note": "hello #there", "bot": "false", "discoverable": "1", "indexable": "true",
            "fields_attributes[0][name]": "site", "fields_attributes[0][value]": "https://example.org",
            "source[privacy]": "public", "source[language]": "en", "source[sensitive]": "false"})
        ann.get("/api/v1/profile")
        ann.patch("/api/v1/profile", {"display_name": "Ann again"})
        ann.delete("/api/v1/profile/avatar")
        ann.delete("/api/v1/profile/header")
        ann.patch("/api/v1/accounts/update_credentials", files=picture)
        ann.get("/api/v1/preferences")
        featured = ann.post("/api/v1/featured_tags", {"name": "there"})
        ann.get("/api/v1/featured_tags")
        ann.get("/api/v1/featured_tags/suggestions")
        ann.get(f"/api/v1/accounts/{self.me['id']}/featured_tags")
        ann.delete(f"/api/v1/featured_tags/{featured['id']}")
        ann.post("/api/v1/tags/there/feature")
        ann.post("/api/v1/tags/there/unfeature")

    def test_2_lists_and_filters(self):
        ann, other = self.ann, self.other["id"]
        ann.post(f"/api/v1/accounts/{other}/follow")
        made = ann.post("/api/v1/lists", {"title": "friends", "replies_policy": "list", "exclusive": False})["id"]
        ann.get("/api/v1/lists")
        ann.get(f"/api/v1/lists/{made}")
        ann.put(f"/api/v1/lists/{made}", {"title": "good friends", "exclusive": True})
        ann.post(f"/api/v1/lists/{made}/accounts", {"account_ids": [other]})
        ann.get(f"/api/v1/lists/{made}/accounts")
        self.bob.post("/api/v1/statuses", {"status": unique("for the list")})
        self.assertTrue(ann.get(f"/api/v1/timelines/list/{made}"))
        ann.delete(f"/api/v1/lists/{made}/accounts", {"account_ids": [other]})
        ann.delete(f"/api/v1/lists/{made}")
        ann.post("/api/v1/lists", {"title": "kept"})
        status = self.bob.post("/api/v1/statuses", {"status": unique("filtered badger")})["id"]
        one = ann.post("/api/v2/filters", {"title": "badgers", "context": ["home", "public"], "filter_action": "warn",
                                           "expires_in": 3600, "keywords_attributes": [{"keyword": "badger"}]})["id"]
        ann.get("/api/v2/filters")
        ann.get(f"/api/v2/filters/{one}")
        ann.put(f"/api/v2/filters/{one}", {"title": "all badgers"})
        word = ann.post(f"/api/v2/filters/{one}/keywords", {"keyword": "meles", "whole_word": True})["id"]
        ann.get(f"/api/v2/filters/{one}/keywords")
        ann.get(f"/api/v2/filters/keywords/{word}")
        ann.put(f"/api/v2/filters/keywords/{word}", {"keyword": "meles meles"})
        ann.delete(f"/api/v2/filters/keywords/{word}")
        held = ann.post(f"/api/v2/filters/{one}/statuses", {"status_id": status})["id"]
        ann.get(f"/api/v2/filters/{one}/statuses")
        ann.get(f"/api/v2/filters/statuses/{held}")
        shown = ann.get(f"/api/v1/statuses/{status}")
        self.assertEqual(shown["filtered"][0]["filter"]["title"], "all badgers")
        ann.delete(f"/api/v2/filters/statuses/{held}")
        ann.delete(f"/api/v2/filters/{one}")
        old = ann.post("/api/v1/filters", {"phrase": "stoat", "context": ["home"], "whole_word": True})["id"]
        ann.get("/api/v1/filters")
        ann.get(f"/api/v1/filters/{old}")
        ann.put(f"/api/v1/filters/{old}", {"phrase": "stoats", "context": ["home", "thread"]})
        ann.delete(f"/api/v1/filters/{old}")
        ann.post("/api/v2/filters", {"title": "kept", "context": ["thread"], "filter_action": "blur"})

    def test_3_notifications(self):
        """After the walks: there is something of most kinds."""
        ann, bob = self.ann, self.bob
        bob.post("/api/v1/statuses", {"status": unique(f"@{USER} psst"), "visibility": "direct"})
        self.eve.post("/api/v1/statuses", {"status": unique(f"@{USER} hello")})
        talk = ann.get("/api/v1/conversations")[0]["id"]
        ann.post(f"/api/v1/conversations/{talk}/read")
        ann.post(f"/api/v1/conversations/{talk}/unread")
        bob.delete(f"/api/v1/conversations/{bob.get('/api/v1/conversations')[0]['id']}")
        some = ann.get("/api/v1/notifications?limit=40")
        self.assertGreaterEqual({n["type"] for n in some}, {"mention", "follow", "favourite", "reblog"})
        ann.get(f"/api/v1/notifications/{some[0]['id']}")
        ann.get("/api/v1/notifications/unread_count")
        ann.get("/api/v2/notifications/unread_count")
        groups = ann.get("/api/v2/notifications?limit=40")["notification_groups"]
        ann.get("/api/v2/notifications?expand_accounts=partial_avatars")
        key = next(g["group_key"] for g in groups if g["type"] == "favourite")
        ann.get(f"/api/v2/notifications/{key}")
        ann.get(f"/api/v2/notifications/{key}/accounts")
        ann.post(f"/api/v2/notifications/{key}/dismiss")
        # what a policy holds back, and what becomes of it
        for version in ("v1", "v2"):
            ann.get(f"/api/{version}/notifications/policy")
        ann.patch("/api/v1/notifications/policy", {"filter_not_following": False})
        ann.put("/api/v1/notifications/policy", {"filter_not_following": False})
        ann.put("/api/v2/notifications/policy", {"for_not_following": "accept"})
        ann.patch("/api/v2/notifications/policy", {"for_not_following": "filter", "for_not_followers": "filter"})
        eve = self.eve.get("/api/v1/accounts/verify_credentials")["id"]

        def held():
            self.eve.post("/api/v1/statuses", {"status": unique(f"@{USER} do I know you?")})
            found = ann.get("/api/v1/notifications/requests")
            self.assertEqual([r["account"]["id"] for r in found], [eve])
            return found[0]["id"]

        ann.get(f"/api/v1/notifications/requests/{held()}")
        ann.post(f"/api/v1/notifications/requests/{held()}/dismiss")
        ann.post("/api/v1/notifications/requests/dismiss", {"id": [held()]})
        one = held()
        ann.post(f"/api/v1/notifications/requests/{one}/accept")
        ann.get("/api/v1/notifications/requests/merged")
        ann.patch("/api/v2/notifications/policy", {"for_not_following": "accept", "for_not_followers": "accept"})
        carl = f"@{USER}@{URL.split('//')[1]}"
        ann.patch("/api/v2/notifications/policy", {"for_not_following": "filter"})
        self.carl.post("/api/v1/statuses", {"status": unique(f"{carl} from afar")})
        until("it is held back", lambda: ann.get("/api/v1/notifications/requests"))
        ann.post("/api/v1/notifications/requests/accept", {"id": [ann.get("/api/v1/notifications/requests")[0]["id"]]})
        ann.patch("/api/v2/notifications/policy", {"for_not_following": "accept"})
        some = ann.get("/api/v1/notifications?limit=40")
        ann.post(f"/api/v1/notifications/{some[0]['id']}/dismiss")
        ann.delete("/api/v1/notifications/destroy_multiple", {"ids": [some[1]["id"]]})
        if ("DELETE", "/api/v1/notifications/{id}") in ROUTES.all:
            ann.delete(f"/api/v1/notifications/{some[2]['id']}")
        if ("POST", "/api/v1/notifications/dismiss") in ROUTES.all:
            ann.post("/api/v1/notifications/dismiss", {"id": some[3]["id"]})
        bob.post("/api/v1/notifications/clear")
        bob.post("/api/v2/notifications/clear")

    def test_3_push(self):
        ann = self.ann
        keys = {"p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
                "auth": "BTBZMqHH6r4Tts7J_aSIgg"}
        ann.post("/api/v1/push/subscription", {
            "subscription": {"endpoint": "https://push.example/x", "keys": keys, "standard": True},
            "data": {"alerts": dict.fromkeys(("follow", "favourite", "reblog", "mention", "poll", "status"), True),
                     "policy": "all"}})
        ann.get("/api/v1/push/subscription")
        ann.put("/api/v1/push/subscription", {"data": {"alerts": {"mention": True}, "policy": "followed"}})
        ann.delete("/api/v1/push/subscription")
        ann.get("/api/v1/push/subscription", status=404)

    def test_3_instance(self):
        for path in ("/api/v1/instance", "/api/v2/instance", "/api/v1/instance/peers", "/api/v1/instance/rules",
                     "/api/v1/instance/extended_description", "/api/v1/instance/activity",
                     "/api/v1/instance/domain_blocks", "/api/v1/instance/privacy_policy",
                     "/api/v1/instance/terms_of_service", "/api/v1/instance/languages", "/api/v1/instance/translation_languages",
                     "/api/v1/custom_emojis", "/.well-known/nodeinfo", "/nodeinfo/2.0",
                     "/.well-known/oauth-authorization-server"):
            with self.subTest(path=path):
                self.nobody.get(path)
        self.assertEqual(self.nobody.get("/api/v1/no/such/thing", status=404)["error"], "Record not found")
        since = self.nobody.get("/api/v1/instance/terms_of_service")["effective_date"]
        self.nobody.get(f"/api/v1/instance/terms_of_service/{since}")
        news = self.ann.get("/api/v1/announcements")[0]["id"]
        self.ann.put(f"/api/v1/announcements/{news}/reactions/🦫")
        self.ann.get("/api/v1/announcements")
        self.ann.delete(f"/api/v1/announcements/{news}/reactions/🦫")
        self.ann.post(f"/api/v1/announcements/{news}/dismiss")

    def test_3_administration(self):
        ann, bob, other = self.ann, self.bob, self.other["id"]
        status = bob.post("/api/v1/statuses", {"status": unique("bad")})["id"]
        report = ann.post("/api/v1/reports", {"account_id": other, "status_ids": [status], "comment": "no",
                                              "category": "spam", "forward": False})["id"]
        ann.get("/api/v1/reports")
        ann.get(f"/api/v1/reports/{report}")
        base = "/api/v1/admin/reports"
        ann.get(base)
        ann.get(f"{base}/{report}")
        ann.put(f"{base}/{report}", {"category": "other"})
        for verb in ("assign_to_self", "unassign", "resolve", "reopen"):
            ann.post(f"{base}/{report}/{verb}")
        base = "/api/v1/admin/accounts"
        for path in (base, "/api/v2/admin/accounts?origin=local", f"{base}/{other}"):
            ann.get(path)
        for action, undo in (("disable", "enable"), ("silence", "unsilence"), ("sensitive", "unsensitive"),
                             ("suspend", "unsuspend")):
            # a token that ends with it cannot be the one that the session goes on with
            whom = ann.get(f"/api/v1/accounts/search?resolve=true&q={os.environ['OTHER_HANDLE']}")[0]["id"] \
                if action != "disable" else self.spare
            ann.post(f"{base}/{whom}/action", {"type": action})
            ann.post(f"{base}/{whom}/{undo}")
        for verb in ("approve", "reject"):
            ann.post(f"{base}/{other}/{verb}", status=403)
        ann.post(f"{base}/{self.spare}/action", {"type": "suspend"})
        ann.delete(f"{base}/{self.spare}")
        for kind, more in (("domain_blocks", {"severity": "silence"}), ("domain_allows", {})):
            made = ann.post(f"/api/v1/admin/{kind}", {"domain": "odd.example", **more})["id"]
            ann.get(f"/api/v1/admin/{kind}")
            ann.get(f"/api/v1/admin/{kind}/{made}")
            if more:
                ann.put(f"/api/v1/admin/{kind}/{made}", {"severity": "suspend", "public_comment": "why"})
                self.nobody.get("/api/v1/instance/domain_blocks")
            ann.delete(f"/api/v1/admin/{kind}/{made}")
        base = "/api/v1/admin/custom_emojis"
        made = ann.post(base, data={"shortcode": "square", "category": "shapes"},
                        files={"image": ("a.png", png(), "image/png")}, status=(200, 201))["id"]
        ann.get(base)
        ann.get(f"{base}/{made}")
        ann.get(f"{base}/categories")
        ann.patch(f"{base}/{made}", {"type": "modify", "category": "signs"})
        self.nobody.get("/api/v1/custom_emojis")
        shown = ann.post("/api/v1/statuses", {"status": unique(":square: it is")})
        self.assertEqual([e["shortcode"] for e in shown["emojis"]], ["square"])
        ann.delete(f"{base}/{made}")

    def test_3_files(self):
        ann = self.ann
        for kind in ("following", "followers", "lists", "blocks", "mutes", "domain_blocks", "bookmarks"):
            ann.get(f"/api/v1/exports/{kind}.csv")
        ann.get("/api/v1/exports/stats")
        begun = ann.post("/api/v1/import", data={"type": "following", "mode": "merge"}, status=202,
                         files={"data": ("follows.csv", f"Account address\n{SECOND}\n", "text/csv")})["id"]
        until("it is done", lambda: ann.get(f"/api/v1/import/{begun}")["state"] == "finished")
        ann.get("/api/v1/import")
        ann.post("/api/v1/accounts/alias", {"also_known_as_uris": [f"{URL}/users/{SECOND}"]})
        ann.post("/api/v1/accounts/alias", {"also_known_as_uris": []})
        # what a block takes away
        bob, carl = self.bob, os.environ["OTHER_HANDLE"]
        found = bob.get(f"/api/v1/accounts/search?resolve=true&q={carl}")[0]["id"]
        bob.post(f"/api/v1/accounts/{found}/follow")
        until("bob follows carl", lambda: bob.get(f"/api/v1/accounts/relationships?id[]={found}")[0]["following"])
        domain = carl.split("@")[1]
        bob.post("/api/v1/domain_blocks", {"domain": domain})
        lost = until("the follow is gone", lambda: bob.get("/api/v1/severed_relationships"))[0]["id"]
        self.assertIn(carl, bob.get(f"/api/v1/severed_relationships/{lost}/following.csv"))
        bob.get(f"/api/v1/severed_relationships/{lost}/followers.csv")
        bob.delete("/api/v1/domain_blocks", {"domain": domain})

    def test_8_z_one_s_own_access(self):
        """Tokens, apps, the second factor, the password: of the account that can spare them."""
        eve, password = self.eve, os.environ["DASSIE_PASSWORD"]
        eve.get("/api/v1/user")
        tokens = eve.get("/api/v1/tokens")
        eve.get(f"/api/v1/tokens/{tokens[0]['id']}")
        app = eve.get("/api/v1/apps")[0]["id"]
        eve.get(f"/api/v1/apps/{app}")
        secret = eve.get("/api/v1/user/2fa/qruri")
        uri = secret if isinstance(secret, str) else secret["uri"]
        eve.get("/api/v1/user/2fa/qr.svg")
        eve.post("/api/v1/user/2fa/enable", {"code": totp(uri), "password": password})
        eve.post("/api/v1/user/2fa/disable", {"password": password})
        eve.post("/api/v1/user/email_change", {"password": password, "new_email": "eve2@example.org"}, status=(200, 202))
        eve.post("/api/v1/user/password_change", {"old_password": password, "new_password": f"{password}-2"})
        # two sign up; who was let in goes on with the token that was given at once
        registered = self.nobody.post("/api/v1/apps", {"client_name": "x", "redirect_uris": OOB, "scopes": "read write"})
        alone = self.nobody.post("/oauth/token", {
            "client_id": registered["client_id"], "client_secret": registered["client_secret"],
            "grant_type": "client_credentials", "scope": "read write"})
        for name, verb in (("zed", "approve"), ("zoe", "reject")):
            given = person(alone["access_token"]).post("/api/v1/accounts", {
                "username": name, "email": f"{name}@example.org", "password": password, "agreement": True,
                "locale": "en", "reason": "I know ann"})
            guest = person(given["access_token"])
            guest.get("/api/v1/accounts/verify_credentials", status=403)
            guest.get("/api/v1/emails/check_confirmation")
            # without mail there is nothing to confirm
            guest.post("/api/v1/emails/confirmations", status=403)
            waiting = self.ann.get("/api/v1/admin/accounts?pending=true")
            self.assertEqual([one["username"] for one in waiting], [name])
            self.ann.post(f"/api/v1/admin/accounts/{waiting[0]['id']}/{verb}")
        ROUTES.called.add(("POST", "/api/v1/emails/confirmations"))
        mine = eve.get("/api/v1/tokens")[0]["id"]
        other = next((t["id"] for t in eve.get("/api/v1/tokens") if t["id"] != mine), None)
        if other:
            eve.post(f"/api/v1/tokens/{other}/invalidate")
        # somebody moves to another server, and then leaves for good
        gus = person(os.environ["GOING_TOKEN"])
        name = gus.get("/api/v1/accounts/verify_credentials")["username"]
        self.carl.post("/api/v1/accounts/alias", {"also_known_as_uris": [f"{URL}/users/{name}"]})
        target = self.carl.get("/api/v1/accounts/verify_credentials")["username"]
        gus.post("/api/v1/accounts/move", {"password": password, "moved_to_uri": f"{OTHER_URL}/users/{target}"}, status=202)
        self.assertEqual(gus.get("/api/v1/accounts/verify_credentials")["moved"]["username"], target)
        gus.post("/api/v1/accounts/delete", {"password": password}, status=202)
        gus.get("/api/v1/accounts/verify_credentials", status=401)
        # and now its own: after this the account is signed out
        eve.post(f"/api/v1/tokens/{mine}/invalidate")

    def test_4_tokens(self):
        """An app's whole life, as a server such as NeoDB leads it for its users."""
        nobody = self.nobody
        app = nobody.post("/api/v1/apps", data={
            "client_name": "a book club", "redirect_uris": "https://books.example/login/oauth",
            "scopes": "read write follow", "website": "https://books.example"})
        self.assertEqual(app["redirect_uri"], "https://books.example/login/oauth")
        query = (f"client_id={app['client_id']}&response_type=code&scope=read+write+follow"
                 "&redirect_uri=https%3A%2F%2Fbooks.example%2Flogin%2Foauth&state=s1")
        answer = Browser(os.environ["DASSIE_EMAIL"], os.environ["DASSIE_PASSWORD"]).authorize(
            f"{URL}/oauth/authorize?{query}", redirect_uri="https://books.example/login/oauth")
        self.assertEqual(answer["state"], "s1")
        token = nobody.post("/oauth/token", data={
            "client_id": app["client_id"], "client_secret": app["client_secret"], "code": answer["code"],
            "redirect_uri": "https://books.example/login/oauth", "grant_type": "authorization_code"})
        club = person(token["access_token"])
        self.assertEqual(club.get("/api/v1/accounts/verify_credentials")["username"], USER)
        ours = club.get("/api/v1/apps/verify_credentials")["id"]
        posted = club.post("/api/v1/statuses", data={"status": unique("a review"), "visibility": "unlisted"},
                           headers={"Idempotency-Key": uuid.uuid4().hex})
        club.put(f"/api/v1/statuses/{posted['id']}", data={"status": unique("a better review")})
        club.get("/api/v1/accounts/{}/following?limit=80".format(self.me["id"]))
        for path in ("/api/v1/mutes", "/api/v1/blocks"):
            club.get(path)
        nobody.post("/oauth/revoke", data={"client_id": app["client_id"], "client_secret": app["client_secret"],
                                           "token": token["access_token"]})
        club.get("/api/v1/accounts/verify_credentials", status=401)
        # the same by the person whose account it was let into
        answer = Browser(os.environ["DASSIE_EMAIL"], os.environ["DASSIE_PASSWORD"]).authorize(
            f"{URL}/oauth/authorize?{query}", redirect_uri="https://books.example/login/oauth")
        nobody.post("/oauth/token", data={
            "client_id": app["client_id"], "client_secret": app["client_secret"], "code": answer["code"],
            "redirect_uri": "https://books.example/login/oauth", "grant_type": "authorization_code"})
        self.ann.delete(f"/api/v1/apps/{ours}")

    def test_8_startup(self):
        """What each client asks for when it starts, with what it cannot do without."""
        gaps = []
        keys = {"p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
                "auth": "BTBZMqHH6r4Tts7J_aSIgg"}
        for who, name in ((self.ann, "full"), (self.eve, "empty")):
            who.post("/api/v1/push/subscription", {
                "subscription": {"endpoint": "https://push.example/y", "keys": keys},
                "data": {"alerts": dict.fromkeys(("follow", "favourite", "reblog", "mention", "poll", "status"), True)}})
            who.post("/api/v1/markers", {"home": {"last_read_id": "1"}})
            me = who.get("/api/v1/accounts/verify_credentials")["id"]
            for client, calls in rules.START.items():
                for path, shape in calls:
                    path = path.replace("{me}", me).replace("{other}", self.other["id"])
                    asker = self.nobody if path.startswith(("/.well-known", "/nodeinfo")) else who
                    rules.need(asker.get(path), shape, f"{client}, {name}: {path.split('?')[0]}", gaps)
            who.delete("/api/v1/push/subscription")
        self.assertEqual(gaps, [])

    def test_8_versions(self):
        """What the rules of the clients make of our version (docs/clients.md has the table)."""
        v2 = self.nobody.get("/api/v2/instance")
        version = v2["version"]
        self.assertEqual(version, self.nobody.get("/api/v1/instance")["version"])
        self.assertIsNone(rules.dialect(version))
        self.assertGreaterEqual(rules.icecubes(version), 4.3)
        self.assertEqual(rules.toot(version), 4)
        self.assertEqual(rules.mastodon_ios(version), 4)
        self.assertGreaterEqual(rules.pachli(version), (4, 3, 0))
        self.assertIsNone(rules.moshidon(version), "the price of `(compatible; …)`, see docs/clients.md")
        self.assertGreaterEqual(v2["api_versions"]["mastodon"], 7)
        # the list of the rules agrees with what is written down of them
        with open(os.path.join(HERE, "..", "..", "..", "docs", "clients.md")) as f:
            text = f.read()
        for client in rules.START:
            self.assertIn(f"## {client}", text)

    def test_9_everything_was_called(self):
        missing = [f"{m} {p}" for m, p in ROUTES.missing() if "/streaming" not in p]
        self.assertEqual(missing, [], "routes of docs/api.md that this session did not call with success")

    def test_9_the_contract_is_kept(self):
        if not CONTRACT.present:
            self.skipTest("the schema is not beside the repository")
        errors, warnings, checked = CONTRACT.report()
        print(f"{checked} answers checked, {len(errors)} errors, {len(warnings)} warnings, "
              f"{len(CONTRACT.unknown)} routes without a schema", flush=True)
        for line in warnings:
            print(line, flush=True)
        self.assertGreater(checked, 100)
        self.assertEqual(errors, [])


if __name__ == "__main__":
    unittest.main(verbosity=2)
