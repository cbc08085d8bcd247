"""Mastodon.py, the library of most bots and scripts, against a running Dassie.

Environment: DASSIE_URL, DASSIE_USER, DASSIE_EMAIL, DASSIE_PASSWORD (the account that logs in),
SECOND_USER, SECOND_TOKEN (another one there), OTHER_URL, OTHER_TOKEN, OTHER_HANDLE (one on another
server). run.py sets them.
"""

import base64
import hashlib
import http.server
import os
import sys
import threading
import time
import unittest
import urllib.parse
import uuid

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

import requests
from mastodon import (CallbackStreamListener, Mastodon, MastodonAPIError, MastodonNotFoundError,
                      MastodonUnauthorizedError)

from contract import Contract
from pages import Browser
from wait import until

URL = os.environ["DASSIE_URL"]
USER, EMAIL = os.environ["DASSIE_USER"], os.environ["DASSIE_EMAIL"]
PASSWORD = os.environ["DASSIE_PASSWORD"]
HOST = urllib.parse.urlsplit(URL).netloc
OOB = "urn:ietf:wg:oauth:2.0:oob"
SCOPES = ["read", "write", "follow", "push"]
VISIBILITIES = ("public", "unlisted", "private", "direct")
CONTRACT = Contract()


def unique(text):
    return f"{text} {uuid.uuid4()}"


def watched():
    session = CONTRACT.watch(requests.Session())
    session.trust_env = False
    return session


def log_in():
    """A client that went through the real pages."""
    client_id, secret = Mastodon.create_app("Mastodon.py test", scopes=SCOPES, redirect_uris=OOB,
                                            website="https://example.org", api_base_url=URL,
                                            session=watched())
    client = Mastodon(client_id, secret, api_base_url=URL, session=watched(), request_timeout=30,
                      ratelimit_method="throw")
    address = client.auth_request_url(redirect_uris=OOB, scopes=SCOPES, allow_http=True)
    code = Browser(EMAIL, PASSWORD).authorize(address)["code"]
    client.log_in(code=code, redirect_uri=OOB, scopes=SCOPES, allow_http=True)
    return client


def with_token(url, token):
    return Mastodon(access_token=token, api_base_url=url, session=watched(), request_timeout=30,
                    ratelimit_method="throw")


class MastodonPy(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.ann = log_in()
        cls.bob = with_token(URL, os.environ["SECOND_TOKEN"])
        cls.carl = with_token(os.environ["OTHER_URL"], os.environ["OTHER_TOKEN"])

    def in_home(self, text):
        return until(f"{text!r} at home", lambda: next(
            (s for s in self.ann.timeline_home(limit=40) if text in s.content), None))

    def find_carl(self):
        handle = os.environ["OTHER_HANDLE"]
        found = self.ann.search_v2(handle, resolve=True, result_type="accounts").accounts
        self.assertEqual([a.acct for a in found], [handle])
        return found[0]

    def follow_carl(self):
        carl = self.find_carl()
        self.ann.account_follow(carl.id)
        until("the follow is accepted",
              lambda: self.ann.account_relationships(carl.id)[0].following)
        return carl

    # -- who and where

    def test_credentials(self):
        me = self.ann.account_verify_credentials()
        self.assertEqual((me.username, me.acct), (USER, USER))
        self.assertIn("privacy", me.source)
        self.assertTrue(me.url.startswith(URL))
        self.assertEqual(self.ann.account(me.id).id, me.id)
        self.assertEqual(self.ann.account_lookup(USER).id, me.id)
        self.assertEqual(self.ann.account_lookup(f"{USER}@{HOST}").id, me.id)
        self.assertEqual(self.ann.app_verify_credentials().name, "Mastodon.py test")

    def test_instance(self):
        v1, v2 = self.ann.instance_v1(), self.ann.instance_v2()
        self.assertEqual(v1.uri, HOST)
        self.assertEqual(v2.domain, HOST)
        self.assertRegex(v2.version, r"^\d+\.\d+\.\d+ \(compatible; Dassie ")
        self.assertGreaterEqual(v2.configuration.statuses.max_characters, 500)
        self.assertRegex(self.ann.retrieve_mastodon_version(), r"^\d+\.\d+\.\d+")
        nodeinfo = self.ann.instance_nodeinfo()
        self.assertEqual(nodeinfo.software.name, "dassie")

    # -- posting

    def test_every_visibility(self):
        for visibility in VISIBILITIES:
            text = unique(visibility)
            status = self.ann.status_post(text, visibility=visibility, language="de",
                                          spoiler_text="careful")
            self.assertEqual(status.visibility, visibility)
            self.assertEqual(status.language, "de")
            self.assertEqual(status.spoiler_text, "careful")
            self.assertTrue(status.sensitive)
            self.assertIn(text, status.content)
            self.assertEqual(self.ann.status(status.id).uri, status.uri)
            anonymous = requests.get(f"{URL}/api/v1/statuses/{status.id}", timeout=20)
            open_to_all = visibility in ("public", "unlisted")
            self.assertEqual(anonymous.status_code, 200 if open_to_all else 404)
            if visibility == "direct":
                with self.assertRaises(MastodonNotFoundError):
                    self.bob.status(status.id)

    def test_text_is_rendered(self):
        second = os.environ["SECOND_USER"]
        status = self.ann.status_post(f"hello @{second} #Dassie https://example.org/a?b=c&d <b>not bold</b>\n\nnew")
        self.assertEqual([m.acct for m in status.mentions], [second])
        self.assertEqual([t.name.lower() for t in status.tags], ["dassie"])
        self.assertIn('class="u-url mention"', status.content)
        self.assertIn('href="https://example.org/a?b=c&amp;d"', status.content)
        self.assertIn("&lt;b&gt;", status.content)
        self.assertEqual(status.content.count("<p>"), 2)
        heard = until("bob's notification", lambda: next(
            (n for n in self.bob.notifications() if n.type == "mention" and n.status.id == status.id), None))
        self.assertEqual(heard.account.acct, USER)

    def test_replies_and_context(self):
        root = self.ann.status_post(unique("root"))
        middle = self.ann.status_reply(root, unique("middle"))
        leaf = self.bob.status_reply(self.bob.status(middle.id), unique("leaf"))
        self.assertEqual(middle.in_reply_to_id, root.id)
        self.assertEqual(middle.in_reply_to_account_id, root.account.id)
        self.assertEqual([m.acct for m in leaf.mentions], [USER])
        context = self.ann.status_context(middle.id)
        self.assertEqual([s.id for s in context.ancestors], [root.id])
        self.assertEqual([s.id for s in context.descendants], [leaf.id])

    def test_idempotency_key(self):
        key = str(uuid.uuid4())
        text = unique("once")
        first = self.ann.status_post(text, idempotency_key=key)
        again = self.ann.status_post(text, idempotency_key=key)
        self.assertEqual(first.id, again.id)
        mine = self.ann.account_statuses(first.account.id)
        self.assertEqual(sum(text in s.content for s in mine), 1)

    def test_delete(self):
        text = unique("short-lived")
        status = self.ann.status_post(text)
        with self.assertRaises(MastodonAPIError):
            self.bob.status_delete(status.id)
        self.assertEqual(self.ann.status_delete(status.id).text, text)
        with self.assertRaises(MastodonNotFoundError):
            self.ann.status(status.id)
        self.assertNotIn(status.id, [s.id for s in self.ann.timeline_home(limit=40)])

    # -- timelines

    def test_home_pages(self):
        posted = [self.ann.status_post(unique(f"page {i}")).id for i in range(7)][::-1]
        first = self.ann.timeline_home(limit=3)
        second = self.ann.fetch_next(first)
        self.assertEqual([s.id for s in first], posted[:3])
        self.assertEqual([s.id for s in second], posted[3:6])
        self.assertEqual([s.id for s in self.ann.fetch_previous(second)], posted[:3])
        self.assertFalse(self.ann.fetch_previous(first))
        newer = self.ann.timeline_home(min_id=posted[5], limit=2)
        self.assertEqual([s.id for s in newer], posted[3:5])
        since = self.ann.timeline_home(since_id=posted[5], limit=2)
        self.assertEqual([s.id for s in since], posted[:2])

    def test_public_timelines(self):
        text = unique("in public")
        quiet = unique("unlisted")
        self.ann.status_post(text)
        self.ann.status_post(quiet, visibility="unlisted")
        for token in (self.ann, Mastodon(api_base_url=URL, session=watched())):
            local = token.timeline_local(limit=40)
            self.assertTrue(any(text in s.content for s in local))
            self.assertFalse(any(quiet in s.content for s in local))

    # -- people and interactions on the same server

    def test_follow_and_interact_here(self):
        me = self.ann.me()
        followed = self.bob.account_follow(me.id)
        self.assertTrue(followed.following)
        until("the follow is notified", lambda: any(
            n.type == "follow" and n.account.acct == os.environ["SECOND_USER"] for n in self.ann.notifications()))
        text = unique("for followers")
        status = self.ann.status_post(text, visibility="private")
        until("it is in bob's home", lambda: any(text in s.content for s in self.bob.timeline_home()))
        with self.assertRaises(MastodonAPIError):
            self.bob.status_reblog(status.id)

        status = self.ann.status_post(unique("nice"))
        self.assertTrue(self.bob.status_favourite(status.id).favourited)
        boost = self.bob.status_reblog(status.id)
        self.assertEqual(boost.reblog.id, status.id)
        self.assertTrue(boost.reblog.reblogged)
        seen = self.ann.status(status.id)
        self.assertEqual((seen.favourites_count, seen.reblogs_count), (1, 1))
        until("both are notified", lambda: {"favourite", "reblog"} <= {
            n.type for n in self.ann.notifications() if n.get("status") and n.status.id == status.id})
        self.assertFalse(self.bob.status_unfavourite(status.id).favourited)
        self.assertFalse(self.bob.status_unreblog(status.id).reblogged)
        seen = self.ann.status(status.id)
        self.assertEqual((seen.favourites_count, seen.reblogs_count), (0, 0))
        self.assertFalse(self.bob.account_unfollow(me.id).following)

    # -- people on another server

    def test_search_resolves_and_ends(self):
        carl = self.find_carl()
        self.assertEqual(self.ann.account(carl.id).acct, carl.acct)
        text = unique("far away")
        there = self.carl.status_post(text)
        for address in (there.url, there.uri):
            found = self.ann.search_v2(address, resolve=True).statuses
            self.assertEqual([s.uri for s in found], [there.uri])
        before = time.monotonic()
        nobody = self.ann.search_v2("nobody@localhost:1", resolve=True)
        self.assertEqual(list(nobody.accounts), [])
        self.assertLess(time.monotonic() - before, 12)

    def test_conversation_with_another_server(self):
        carl = self.follow_carl()
        self.assertFalse(self.ann.account_relationships(carl.id)[0].requested)
        text = unique("hello from there")
        there = self.carl.status_post(text)
        here = self.in_home(text)
        self.assertEqual((here.uri, here.account.acct), (there.uri, carl.acct))
        # the wire has whole seconds
        self.assertEqual(here.created_at, there.created_at.replace(microsecond=0))

        self.ann.status_favourite(here.id)
        self.ann.status_reblog(here.id)
        count = lambda: (lambda s: (s.favourites_count, s.reblogs_count))(self.carl.status(there.id))
        until("favourite and boost there", lambda: count() == (1, 1))
        until("carl is told", lambda: {"favourite", "reblog"} <= {
            n.type for n in self.carl.notifications() if n.get("status") and n.status.id == there.id})
        self.ann.status_unfavourite(here.id)
        self.ann.status_unreblog(here.id)
        until("both undone there", lambda: count() == (0, 0))

        answer = unique("and back")
        reply = self.ann.status_reply(here, answer)
        heard = until("carl has the reply", lambda: next((
            n for n in self.carl.notifications() if n.type == "mention" and answer in n.status.content), None))
        self.assertEqual(heard.status.in_reply_to_id, there.id)
        self.assertEqual(heard.status.account.acct, f"{USER}@{HOST}")
        self.assertEqual([s.id for s in self.carl.status_context(there.id).descendants], [heard.status.id])
        self.ann.status_delete(reply.id)

        def gone():
            try:
                return not self.carl.status(heard.status.id)
            except MastodonNotFoundError:
                return True

        until("the deleted reply is gone there", gone)
        self.assertFalse(self.ann.account_unfollow(carl.id).following)

    def test_notifications_page(self):
        for i in range(3):
            self.bob.status_post(unique(f"@{USER} {i}"))
        first = until("three mentions", lambda: (lambda p: p if len(p) == 2 else None)(
            self.ann.notifications(limit=2, types=["mention"])))
        second = self.ann.fetch_next(first)
        self.assertTrue(all(int(b.id) < int(a.id) for a in first for b in second))
        self.assertTrue(all(n.type == "mention" for n in first))
        self.assertFalse([n for n in self.ann.notifications(exclude_types=["mention"]) if n.type == "mention"])

    # -- OAuth beyond what Mastodon.py does

    def app(self, redirect="http://127.0.0.1:9/callback"):
        answer = requests.post(f"{URL}/api/v1/apps", timeout=20, json={
            "client_name": "raw", "redirect_uris": redirect, "scopes": "read write:statuses"})
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json() | {"redirect": redirect}

    def code(self, app, **more):
        query = urllib.parse.urlencode({"client_id": app["client_id"], "redirect_uri": app["redirect"],
                                        "response_type": "code", "scope": "read", **more})
        return Browser(EMAIL, PASSWORD).authorize(f"{URL}/oauth/authorize?{query}", app["redirect"])

    def token(self, app, **more):
        return requests.post(f"{URL}/oauth/token", timeout=20, data={
            "client_id": app["client_id"], "client_secret": app["client_secret"],
            "redirect_uri": app["redirect"], **more})

    def test_pkce_scopes_and_revocation(self):
        app = self.app()
        verifier = base64.urlsafe_b64encode(os.urandom(48)).decode().rstrip("=")
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
        pkce = {"code_challenge": challenge, "code_challenge_method": "S256"}
        answer = self.code(app, state="x y", **pkce)
        self.assertEqual(answer["state"], "x y")
        refused = self.token(app, grant_type="authorization_code", code=answer["code"], code_verifier="w" * 43)
        self.assertEqual((refused.status_code, refused.json()["error"]), (400, "invalid_grant"))
        code = self.code(app, **pkce)["code"]
        granted = self.token(app, grant_type="authorization_code", code=code, code_verifier=verifier)
        self.assertEqual(granted.status_code, 200, granted.text)
        body = granted.json()
        self.assertEqual((body["token_type"], body["scope"]), ("Bearer", "read"))
        again = self.token(app, grant_type="authorization_code", code=code, code_verifier=verifier)
        self.assertEqual(again.status_code, 400)

        code = self.code(app, **pkce)["code"]
        body = self.token(app, grant_type="authorization_code", code=code, code_verifier=verifier).json()
        bearer = {"Authorization": "Bearer " + body["access_token"]}
        me = f"{URL}/api/v1/accounts/verify_credentials"
        self.assertEqual(requests.get(me, headers=bearer, timeout=20).status_code, 200)
        narrow = requests.post(f"{URL}/api/v1/statuses", headers=bearer, data={"status": "no"}, timeout=20)
        self.assertEqual(narrow.status_code, 403)
        revoked = requests.post(f"{URL}/oauth/revoke", timeout=20, data={
            "client_id": app["client_id"], "client_secret": app["client_secret"], "token": body["access_token"]})
        self.assertEqual(revoked.status_code, 200)
        self.assertEqual(requests.get(me, headers=bearer, timeout=20).status_code, 401)

    def test_client_credentials_and_metadata(self):
        app = self.app()
        granted = self.token(app, grant_type="client_credentials", scope="read")
        self.assertEqual(granted.status_code, 200, granted.text)
        bearer = {"Authorization": "Bearer " + granted.json()["access_token"]}
        checked = requests.get(f"{URL}/api/v1/apps/verify_credentials", headers=bearer, timeout=20)
        self.assertEqual((checked.status_code, checked.json()["name"]), (200, "raw"))
        metadata = requests.get(f"{URL}/.well-known/oauth-authorization-server", timeout=20).json()
        self.assertEqual(metadata["issuer"].rstrip("/"), URL)
        self.assertIn("S256", metadata["code_challenge_methods_supported"])

    def test_an_unregistered_redirect_is_never_followed(self):
        app = self.app()
        answer = requests.get(f"{URL}/oauth/authorize", timeout=20, allow_redirects=False, params={
            "client_id": app["client_id"], "redirect_uri": "https://evil.example/", "response_type": "code"})
        self.assertNotIn("evil.example", answer.headers.get("Location", ""))
        self.assertGreaterEqual(answer.status_code, 400)

    def test_wrong_password(self):
        app = self.app()
        query = urllib.parse.urlencode({"client_id": app["client_id"], "redirect_uri": app["redirect"],
                                        "response_type": "code", "scope": "read"})
        with self.assertRaisesRegex(AssertionError, "sign-in was refused|answered 4"):
            Browser("nobody@example.org", "wrong").authorize(f"{URL}/oauth/authorize?{query}", app["redirect"])

    # -- errors

    def json_error(self, response, status):
        self.assertEqual(response.status_code, status, response.text)
        self.assertTrue(response.headers["Content-Type"].startswith("application/json"))
        self.assertTrue(response.json()["error"])
        self.assertEqual(response.headers.get("Access-Control-Allow-Origin"), "*")

    def test_errors(self):
        with self.assertRaises(MastodonUnauthorizedError):
            with_token(URL, "no such token").account_verify_credentials()
        with self.assertRaises(MastodonNotFoundError):
            self.ann.status(1)
        with self.assertRaises(MastodonAPIError) as caught:
            self.ann.status_post("")
        self.assertEqual(caught.exception.args[1], 422)
        bearer = {"Authorization": f"Bearer {self.ann.access_token}"}
        get = lambda path, **more: requests.get(URL + path, timeout=20, **more)
        self.json_error(get("/api/v1/accounts/verify_credentials"), 401)
        self.json_error(get("/api/v1/statuses/1", headers=bearer), 404)
        self.json_error(get("/api/v1/statuses/not-an-id", headers=bearer), 404)
        self.json_error(get("/api/v1/no/such/endpoint", headers=bearer), 404)
        self.json_error(requests.post(f"{URL}/api/v1/statuses", headers=bearer, json={"status": " "}, timeout=20), 422)
        self.json_error(requests.post(f"{URL}/api/v1/statuses", headers=bearer, timeout=20,
                                      json={"status": "x", "visibility": "secret"}), 422)

    def test_streaming(self):
        came = []
        listener = CallbackStreamListener(
            update_handler=lambda s: came.append(("update", str(s.id))),
            notification_handler=lambda n: came.append((n.type, str(n.status.id))),
            delete_handler=lambda id: came.append(("delete", str(id))))
        # a session of its own: an answer that does not end cannot be held against a schema
        client = Mastodon(access_token=self.ann.access_token, api_base_url=URL)
        self.assertTrue(client.stream_healthy())
        handle = client.stream_user(listener, run_async=True, timeout=30)
        until("the stream is open", handle.is_receiving)
        own = self.ann.status_post(unique("streamed"))
        until("one's own", lambda: ("update", str(own.id)) in came)
        named = self.bob.status_post(unique(f"@{USER} streamed"), visibility="unlisted")
        until("the mention", lambda: ("mention", str(named.id)) in came)
        self.ann.status_delete(own.id)
        until("the deletion", lambda: ("delete", str(own.id)) in came)
        handle.close()

    def test_cors(self):
        answer = requests.options(f"{URL}/api/v1/statuses", timeout=20, headers={
            "Origin": "https://elk.example", "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,idempotency-key"})
        self.assertIn(answer.status_code, (200, 204))
        self.assertEqual(answer.headers["Access-Control-Allow-Origin"], "*")
        self.assertIn("POST", answer.headers["Access-Control-Allow-Methods"])
        allowed = answer.headers["Access-Control-Allow-Headers"].lower()
        for header in ("authorization", "content-type", "idempotency-key"):
            self.assertTrue(allowed.strip() == "*" and header != "authorization" or header in allowed, allowed)
        plain = requests.get(f"{URL}/api/v1/instance", headers={"Origin": "https://elk.example"}, timeout=20)
        self.assertEqual(plain.headers["Access-Control-Allow-Origin"], "*")
        self.assertIn("link", plain.headers["Access-Control-Expose-Headers"].lower())

    def test_web_push(self):
        pushed = []

        class Service(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                pushed.append((dict(self.headers.items()), body))
                self.send_response(201)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        service = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Service)
        threading.Thread(target=service.serve_forever, daemon=True).start()
        self.addCleanup(service.server_close)
        self.addCleanup(service.shutdown)
        private, public = self.ann.push_subscription_generate_keys()
        made = self.ann.push_subscription_set(f"http://127.0.0.1:{service.server_port}/push", public,
                                              mention_events=True, policy="all")
        self.addCleanup(self.ann.push_subscription_delete)
        self.assertEqual(self.ann.push_subscription().id, made.id)
        text = unique("psst")
        self.bob.status_post(f"@{USER} {text}")

        def find():
            for headers, body in list(pushed):
                headers = {name.lower(): value for name, value in headers.items()}
                found = self.ann.push_subscription_decrypt_push(
                    body, private, headers["encryption"], headers["crypto-key"])
                if text in found.body:
                    return found
            return None

        message = until("the push", find)
        self.assertEqual(message.notification_type, "mention")
        self.assertIn(message.notification_id, [n.id for n in self.ann.notifications()])
        changed = self.ann.push_subscription_update(poll_events=True)
        self.assertTrue(changed.alerts.poll)
        self.assertFalse(changed.alerts.mention)

    def test_import_export(self):
        file = requests.get(f"{URL}/api/v1/exports/following.csv", timeout=20,
                            headers={"Authorization": f"Bearer {self.ann.access_token}"})
        self.assertEqual(file.status_code, 200)
        self.assertTrue(file.text.startswith("Account address,Show boosts"))
        answer = requests.post(f"{URL}/api/v1/import", timeout=20,
                               headers={"Authorization": f"Bearer {self.ann.access_token}"},
                               data={"type": "mutes", "mode": "merge"},
                               files={"data": ("mutes.csv", "muted@nowhere.example,true\n", "text/csv")})
        self.assertEqual(answer.status_code, 202, answer.text)

    def test_domain_blocks_and_suggestions(self):
        self.ann.domain_block("blocked.example")
        self.assertIn("blocked.example", self.ann.domain_blocks())
        self.ann.domain_unblock("blocked.example")
        self.assertNotIn("blocked.example", self.ann.domain_blocks())
        for suggestion in self.ann.suggestions():
            self.assertTrue(suggestion.sources)
        self.ann.directory()

    # -- after all others, by name: tests run in alphabetical order

    def test_zz_every_answer_kept_the_contract(self):
        if not CONTRACT.present:
            self.skipTest("no ../shared/mastodon-api: the answers were not held against the schema")
        errors, warnings, checked = CONTRACT.report()
        print(f"\ncontract: {checked} answers checked, {len(errors)} errors, {len(warnings)} warnings")
        for line in warnings:
            print("  " + line)
        if CONTRACT.unknown:
            print("  no schema for: " + ", ".join(sorted(CONTRACT.unknown)))
        self.assertEqual(errors, [], "\n".join(errors))
        self.assertGreater(checked, 0)


if __name__ == "__main__":
    unittest.main(verbosity=2)
