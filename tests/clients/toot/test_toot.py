"""toot, the command-line client, against a running Dassie: `toot login` in a terminal of its own,
the code fetched through the real pages, then the commands that people use.

Environment: as for mastodon_py.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
import uuid

HERE = os.path.dirname(os.path.abspath(__file__))
# this folder is called toot as well: keep it out of the way of the package
sys.path[:] = [p for p in sys.path if os.path.abspath(p or ".") != HERE]
sys.path.insert(0, os.path.join(HERE, "..", "lib"))

import pexpect
import requests

from pages import Browser
from wait import until

URL = os.environ["DASSIE_URL"]
HOST = urllib.parse.urlsplit(URL).netloc
USER, EMAIL = os.environ["DASSIE_USER"], os.environ["DASSIE_EMAIL"]
TOOT = os.path.join(os.path.dirname(sys.executable), "toot")


def unique(text):
    return f"{text} {uuid.uuid4().hex}"


class Toot(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        # wide, so that toot does not break the words that are looked for
        cls.env = {**os.environ, "XDG_CONFIG_HOME": cls.folder.name, "TERM": "xterm",
                   "TOOT_MAX_WIDTH": "1000", "COLUMNS": "1000", "PYTHONIOENCODING": "utf-8"}
        cls.log_in()

    @classmethod
    def log_in(cls):
        terminal = pexpect.spawn(TOOT, ["login", "--instance", URL], env=cls.env, encoding="utf-8",
                                 timeout=30, dimensions=(50, 1000))
        try:
            terminal.expect(r"(https?://\S+/oauth/authorize\S+)")
            address = terminal.match.group(1)
            terminal.expect("Open link in default browser")
            terminal.sendline("n")
            terminal.expect("Authorization code")
            terminal.sendline(Browser(EMAIL, os.environ["DASSIE_PASSWORD"]).authorize(address)["code"])
            terminal.expect("Successfully logged in")
            terminal.expect(pexpect.EOF)
        except pexpect.ExceptionPexpect as failure:
            raise AssertionError(f"toot login: {terminal.before!r}") from failure
        finally:
            terminal.close(force=True)

    def toot(self, *arguments, fails=False):
        done = subprocess.run([TOOT, *arguments], env=self.env, text=True, timeout=60,
                              stdin=subprocess.DEVNULL, capture_output=True)
        told = f"toot {' '.join(arguments)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        self.assertEqual(done.returncode != 0, fails, told)
        return done.stderr if fails else done.stdout

    def json(self, *arguments):
        return json.loads(self.toot(*arguments, "--json"))

    def home(self):
        return self.toot("timelines", "home", "--no-pager", "--no-clear", "--limit", "40")

    def other(self, method, path, **more):
        answer = requests.request(method, os.environ["OTHER_URL"] + path, timeout=20, headers={
            "Authorization": "Bearer " + os.environ["OTHER_TOKEN"]}, **more)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def test_whoami_and_instance(self):
        self.assertIn(f"@{USER}", self.toot("whoami"))
        self.assertEqual(self.json("whoami")["username"], USER)
        self.assertIn(f"{USER}@{HOST}", self.toot("auth"))
        self.assertIn("Dassie", self.toot("instance"))
        self.assertEqual(self.json("instance")["uri"], HOST)

    def test_post_reply_thread_delete(self):
        for visibility in ("public", "unlisted", "private", "direct"):
            text = unique(visibility)
            status = self.json("post", text, "--visibility", visibility, "--spoiler-text", "careful",
                               "--language", "de")
            self.assertEqual((status["visibility"], status["language"], status["spoiler_text"]),
                             (visibility, "de", "careful"))
            self.assertIn(text, self.toot("status", status["id"]))
        text, answer = unique("root"), unique("reply")
        root = self.json("post", text)
        self.assertIn("posted", self.toot("post", answer, "--reply-to", root["id"]).lower())
        thread = self.toot("thread", root["id"])
        self.assertIn(text, thread)
        self.assertIn(answer, thread)
        self.assertIn(text, self.home())
        self.assertIn(answer, self.home())
        self.assertIn("deleted", self.toot("delete", root["id"]).lower())
        self.assertIn("Error", self.toot("status", root["id"], fails=True))

    def test_favourite_and_reblog(self):
        status = self.json("post", unique("nice"))["id"]
        for verb, undo, field in (("favourite", "unfavourite", "favourited"), ("reblog", "unreblog", "reblogged")):
            self.toot(verb, status)
            self.assertTrue(self.json("status", status)[field])
            self.toot(undo, status)
            self.assertFalse(self.json("status", status)[field])

    def test_timelines(self):
        text = unique("in public")
        self.toot("post", text)
        self.assertIn(text, self.toot("timelines", "public", "--local", "--no-pager", "--no-clear"))
        self.assertIn(text, self.toot("timelines", "account", USER, "--no-pager", "--no-clear"))

    def test_another_server(self):
        handle = os.environ["OTHER_HANDLE"]
        found = self.json("search", handle, "--resolve", "--type", "accounts")
        self.assertEqual([a["acct"] for a in found["accounts"]], [handle])
        self.assertIn(handle, self.toot("search", handle, "--resolve"))
        self.toot("follow", handle)
        until("following", lambda: handle in self.toot("following"))
        text = unique("from there")
        there = self.other("POST", "/api/v1/statuses", json={"status": text})
        until("it is at home", lambda: text in self.home())
        self.toot("reblog", there["url"])
        until("boosted there",
              lambda: self.other("GET", f"/api/v1/statuses/{there['id']}")["reblogs_count"] == 1)
        self.toot("unreblog", there["url"])

        mention = unique("hey")
        self.other("POST", "/api/v1/statuses", json={"status": f"@{USER}@{HOST} {mention}"})
        until("the mention", lambda: mention in self.toot("notifications", "--type", "mention"))
        self.assertEqual(self.json("notifications", "--type", "mention")[0]["account"]["acct"], handle)
        self.toot("unfollow", handle)

    @unittest.skipUnless(shutil.which("tmux"), "there is no tmux")
    def test_the_terminal_interface(self):
        """`toot tui` in a terminal of tmux: it shows home, posts, favourites and boosts."""
        first = self.json("post", unique("seen in the tui"))
        tmux = ("tmux", "-L", f"dassie-{os.getpid()}")

        def call(*arguments):
            return subprocess.run([*tmux, *arguments], env=self.env, check=True, text=True, timeout=20,
                                  capture_output=True).stdout

        def keys(*names):
            call("send-keys", "-t", "toot", *names)

        def screen():
            return call("capture-pane", "-p", "-t", "toot")

        def shows(words):
            until(f"{words!r} on the screen", lambda: words in screen())

        call("-f", "/dev/null", "new-session", "-d", "-s", "toot", "-x", "160", "-y", "48", f"{TOOT} tui")
        self.addCleanup(subprocess.run, [*tmux, "kill-server"], capture_output=True)
        until("it is up", lambda: "dismiss" in screen() or "seen in the tui" in screen())
        if "dismiss" in screen():
            keys("dismiss", "Enter")
        shows("seen in the tui")
        keys("f")
        keys("b")
        until("its marks", lambda: (lambda s: s["favourited"] and s["reblogged"])(self.json("status", first["id"])))
        self.toot("unreblog", first["id"])
        keys("c")
        shows("Compose status")
        text = unique("from the tui")
        keys("-l", text)
        shows("/5000")
        keys("Down", "Down", "Down", "Enter")
        until("it is posted", lambda: text in self.home())
        keys("q")
        until("it has ended", lambda: subprocess.run([*tmux, "has-session"], capture_output=True).returncode)

    def test_errors_are_told(self):
        self.assertIn("Error", self.toot("follow", "nobody_here", fails=True))


if __name__ == "__main__":
    unittest.main(verbosity=2)
