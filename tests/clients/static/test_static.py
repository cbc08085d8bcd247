"""A person whose account is a handful of files, served by Python's own web server as any host of
static pages would: found, shown, not followed.

Environment: DASSIE_URL, DASSIE_TOKEN.
"""

import functools
import http.server
import json
import os
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "lib"))

from wait import until

URL, TOKEN = os.environ["DASSIE_URL"], os.environ["DASSIE_TOKEN"]
CONTEXT = "https://www.w3.org/ns/activitystreams"
PUBLIC = f"{CONTEXT}#Public"


class Files(http.server.SimpleHTTPRequestHandler):
    extensions_map = {"": "application/octet-stream", ".activity": "application/activity+json",
                      ".json": "application/json"}

    def log_message(self, *_):
        pass


def api(method, path, body=None):
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(URL + path, data, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as refused:
        return refused.code, json.load(refused)


class Static(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="dassie-static-")
        handler = functools.partial(Files, directory=cls.folder.name)
        cls.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()
        cls.host = f"localhost:{cls.server.server_port}"
        cls.write_files()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()
        cls.folder.cleanup()

    @classmethod
    def at(cls, path):
        return f"http://{cls.host}/{path}"

    @classmethod
    def write_files(cls):
        actor = cls.at("blog.activity")
        # the file cares for no resource: it has one answer
        files = {
            ".well-known/webfinger": {
                "subject": f"acct:blog@{cls.host}",
                "links": [{"rel": "self", "type": "application/activity+json", "href": actor}]},
            "blog.activity": {
                "@context": CONTEXT, "id": actor, "type": "Person", "preferredUsername": "blog",
                "name": "A blog of files", "summary": "<p>Nothing runs here.</p>", "url": cls.at(""),
                "outbox": cls.at("outbox.activity"), "followers": cls.at("followers.activity"),
                "icon": {"type": "Image", "mediaType": "image/png", "url": cls.at("icon.png")}},
            "outbox.activity": {
                "@context": CONTEXT, "id": cls.at("outbox.activity"), "type": "OrderedCollection",
                "totalItems": 123456789012, "first": cls.at("page.activity")},
            # as such files are: no context, and notes beside their Creates
            "page.activity": {
                "type": "OrderedCollectionPage", "partOf": cls.at("outbox.activity"), "orderedItems": [
                    {"type": "Create", "actor": actor, "to": PUBLIC, "object": cls.note(2)},
                    cls.note(1)]},
            "followers.activity": {"type": "OrderedCollection", "totalItems": "none"},
            "plain.json": {"@context": CONTEXT, "id": cls.at("plain.json"), "type": "Person",
                           "preferredUsername": "plain"},
        }
        for path, document in files.items():
            path = os.path.join(cls.folder.name, path)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w") as f:
                json.dump(document, f)

    @classmethod
    def note(cls, number):
        return {"id": cls.at(f"{number}.activity"), "type": "Note", "to": [PUBLIC],
                "attributedTo": cls.at("blog.activity"), "content": f"<p>post {number}</p>",
                "published": f"2022-01-0{number}T12:00:00Z"}

    def search(self, query):
        query = urllib.parse.quote(query)
        status, found = api("GET", f"/api/v2/search?resolve=true&type=accounts&q={query}")
        self.assertEqual(status, 200)
        return found["accounts"]

    def test_found_shown_and_not_followed(self):
        found = self.search(f"@blog@{self.host}")
        self.assertEqual([a["display_name"] for a in found], ["A blog of files"])
        account = found[0]["id"]
        self.assertEqual(self.search(self.at("blog.activity"))[0]["id"], account)
        status, shown = api("GET", f"/api/v1/accounts/{account}")
        self.assertEqual((status, shown["acct"]), (200, f"blog@{self.host}"))

        def posts():
            return api("GET", f"/api/v1/accounts/{account}/statuses")[1]

        until("the posts are shown", posts)
        until("all of them", lambda: len(posts()) == 2)
        self.assertEqual([p["content"] for p in posts()], ["<p>post 2</p>", "<p>post 1</p>"])
        status, answer = api("POST", f"/api/v1/accounts/{account}/follow", {})
        self.assertEqual(status, 422)
        self.assertIn("cannot be followed", answer["error"])
        relation = api("GET", f"/api/v1/accounts/relationships?id[]={account}")[1][0]
        self.assertFalse(relation["following"] or relation["requested"])

    def test_whoever_is_asked_for_it_is_one(self):
        self.assertEqual(self.search(f"@somebody@{self.host}"), [])

    def test_a_wrong_content_type_is_no_actor(self):
        self.assertEqual(self.search(self.at("plain.json")), [])


if __name__ == "__main__":
    unittest.main()
