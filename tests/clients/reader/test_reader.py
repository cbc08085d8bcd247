"""An anonymous reader, as embeds of timelines and comments below blog posts are: from a handle to the
actor, its outbox, the pages, the posts, their replies. No key, no account, no library.

Environment: DASSIE_URL, DASSIE_USER with DASSIE_TOKEN, SECOND_TOKEN of somebody on the same server.
"""

import json
import os
import unittest
import urllib.error
import urllib.parse
import urllib.request
import uuid

URL = os.environ["DASSIE_URL"]
HOST = urllib.parse.urlsplit(URL).netloc
USER, TOKEN, SECOND = os.environ["DASSIE_USER"], os.environ["DASSIE_TOKEN"], os.environ["SECOND_TOKEN"]
ACTIVITY = "application/activity+json"
# what is found in scripts of that kind
ACCEPTS = [ACTIVITY, 'application/ld+json; profile="https://www.w3.org/ns/activitystreams"',
           "application/json", f"{ACTIVITY}, application/json;q=0.5"]


def request(url, method="GET", accept=ACTIVITY, body=None, token=None):
    headers = {"Accept": accept, "User-Agent": "embed/1.0"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if body is not None:
        headers["Content-Type"] = "application/json"
        body = json.dumps(body).encode()
    return urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=20)


def get(url, accept=ACTIVITY):
    with request(url, accept=accept) as answer:
        return json.load(answer)


def write(text, token=TOKEN, **more):
    with request(f"{URL}/api/v1/statuses", "POST", "application/json", {"status": text, **more}, token) as answer:
        return json.load(answer)


def walk(collection, most=50):
    """All items of a collection, page by page."""
    page = collection.get("first", collection)
    while page and most:
        page = get(page) if isinstance(page, str) else page
        yield from page.get("orderedItems") or page.get("items") or []
        page, most = page.get("next"), most - 1


class Reader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.word = uuid.uuid4().hex
        cls.first = write(f"first {cls.word}")
        cls.own = write(f"and more {cls.word}", in_reply_to_id=cls.first["id"])
        cls.reply = write(f"an answer {cls.word}", token=SECOND, in_reply_to_id=cls.first["id"])
        cls.quiet = write(f"quiet {cls.word}", visibility="private")
        resource = urllib.parse.quote(f"acct:{USER}@{HOST}")
        finger = get(f"{URL}/.well-known/webfinger?resource={resource}", accept="application/json")
        links = [link["href"] for link in finger["links"] if link["rel"] == "self"]
        assert len(links) == 1, links
        cls.actor = get(links[0])

    def test_actor_has_what_a_header_shows(self):
        for key in ("id", "preferredUsername", "name", "summary", "url", "outbox", "published"):
            self.assertIn(key, self.actor)
        for accept in ACCEPTS:
            self.assertEqual(get(self.actor["id"], accept)["id"], self.actor["id"], accept)
        with request(self.actor["url"], accept="text/html") as page:
            self.assertIn("text/html", page.headers["content-type"])

    def test_outbox_to_posts_to_replies(self):
        outbox = get(self.actor["outbox"])
        self.assertGreaterEqual(outbox["totalItems"], 2)
        found = {}
        for item in walk(outbox):
            self.assertIn(item["type"], ("Create", "Announce"))
            if item["type"] == "Create":
                found[item["object"]["id"]] = item["object"]
        self.assertIn(self.first["uri"], found)
        self.assertIn(self.own["uri"], found)
        self.assertNotIn(self.quiet["uri"], found)
        self.assertFalse(any("quiet" in post["content"] and self.word in post["content"] for post in found.values()))
        post = get(self.first["uri"])
        self.assertEqual(post["content"], found[self.first["uri"]]["content"])
        replies = list(walk(get(post["replies"]["id"])))
        self.assertEqual(replies, [self.own["uri"], self.reply["uri"]], "one's own first")
        self.assertIn(self.word, get(replies[1])["content"])
        self.assertEqual(list(walk(post["replies"]))[:1], [self.own["uri"]], "also from the post itself")
        thread = list(walk(get(post["context"])))
        self.assertEqual(thread, [self.first["uri"], self.own["uri"], self.reply["uri"]])
        for what in ("likes", "shares"):
            self.assertEqual(get(post[what]["id"])["totalItems"], 0)

    def test_head_and_wrong_cursors(self):
        for url in (self.actor["outbox"], self.actor["followers"], self.actor["featured"], self.first["uri"]):
            with request(url, "HEAD") as answer:
                self.assertEqual((answer.status, answer.read()), (200, b""))
        with self.assertRaises(urllib.error.HTTPError) as refused:
            get(self.actor["outbox"] + "?page=true&max_id=nonsense")
        self.assertEqual(refused.exception.code, 400)
        with self.assertRaises(urllib.error.HTTPError) as hidden:
            get(self.quiet["uri"])
        self.assertEqual(hidden.exception.code, 404)

    def test_comments_below_a_blog_post(self):
        """The client API without a token, as scripts for comments use it."""
        thread = get(f"{URL}/api/v1/statuses/{self.first['id']}/context", accept="application/json")
        self.assertEqual([s["uri"] for s in thread["descendants"]], [self.own["uri"], self.reply["uri"]])


if __name__ == "__main__":
    unittest.main()
