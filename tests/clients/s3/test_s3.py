"""Uploads in a bucket of a real S3-compatible server, s3s-fs, which checks every signature: taken in,
read, signed for clients, moved there and back, deleted, and a server killed in the middle of it.

Environment: DASSIE (the program), S3_SERVER (the other one). Both are started here.
"""

import json
import os
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
import uuid
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..")]

from run import Server, free_ports
from wait import until

# what the runner tells clients of its own servers is no setting of this one
for variable in [name for name in os.environ if name.startswith("DASSIE_")]:
    del os.environ[variable]

BUCKET, PREFIX = "dassie-files", "my files/ü"
KEY, SECRET = "dassie-test", "a secret/of+test"


def picture(side, seed):
    """A PNG of pixels that do not pack well."""
    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    state, rows = seed * 2654435761 % 2**32 or 1, bytearray()
    for _ in range(side):
        rows.append(0)
        for _ in range(side * 3):
            state = (state * 1664525 + 1013904223) % 2**32
            rows.append(state >> 24)
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(rows), 1))
            + chunk(b"IEND", b""))


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(NoRedirect)


def ask(method, url, headers=None, data=None):
    """Status, headers and body; redirects are answers."""
    request = urllib.request.Request(url, data, headers or {}, method=method)
    try:
        with OPENER.open(request, timeout=60) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers, refused.read()


class S3(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="dassie-s3-")
        cls.root = os.path.join(cls.folder.name, "objects")
        os.makedirs(os.path.join(cls.root, BUCKET))
        port, cls.port = free_ports(2)
        cls.endpoint = f"http://localhost:{port}"
        cls.store_log = open(os.path.join(cls.folder.name, "store.log"), "wb")
        cls.store = subprocess.Popen(
            [os.environ["S3_SERVER"], "--host", "localhost", "--port", str(port), "--access-key", KEY,
             "--secret-key", SECRET, cls.root], stdout=cls.store_log, stderr=cls.store_log)
        until("the store listens", lambda: cls.listens(port))
        settings = (f'[s3]\nendpoint = "{cls.endpoint}"\nbucket = "{BUCKET}"\naccess_key = "{KEY}"\n'
                    f'prefix = "{PREFIX}"\n')
        cls.dassie = Server(cls.folder.name, "dassie", cls.port, settings)
        os.environ["DASSIE_S3_SECRET_KEY"] = SECRET
        cls.start(uploads="local")
        cls.token = cls.dassie.account("ann")

    @classmethod
    def tearDownClass(cls):
        stopped = cls.dassie.stop()
        cls.store.kill()
        cls.store.wait()
        cls.store_log.close()
        log = cls.dassie.tail()
        cls.folder.cleanup()
        if not stopped or "panicked" in log:
            raise AssertionError(f"the server did not end well:\n{log}")

    @staticmethod
    def listens(port):
        try:
            with socket.create_connection(("localhost", port), timeout=1):
                return True
        except OSError:
            return False

    @classmethod
    def start(cls, **settings):
        """With these settings; secrets and where uploads go are environment."""
        cls.dassie.stop()
        for name in ("STORAGE_UPLOADS", "S3_READS"):
            os.environ.pop(f"DASSIE_{name}", None)
        os.environ["DASSIE_STORAGE_UPLOADS"] = settings.get("uploads", "s3")
        os.environ["DASSIE_S3_READS"] = settings.get("reads", "proxied")
        os.environ["DASSIE_S3_SECRET_KEY"] = settings.get("secret", SECRET)
        open(cls.dassie.log, "w").close()
        cls.dassie.start()

    def api(self, method, path, data=None, kind="application/json"):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        status, _, body = ask(method, self.dassie.url + path, headers, data)
        return status, json.loads(body or b"null")

    def send(self, side, seed, version="v1"):
        mark = uuid.uuid4().hex
        body = (f'--{mark}\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\n'
                "content-type: image/png\r\n\r\n").encode() + picture(side, seed) + f"\r\n--{mark}--\r\n".encode()
        return self.api("POST", f"/api/{version}/media", body, f"multipart/form-data; boundary={mark}")

    def upload(self, side, seed):
        status, media = self.send(side, seed)
        self.assertEqual(status, 200, media)
        return media

    def objects(self):
        """The paths of all objects below the prefix."""
        begin = os.path.join(self.root, BUCKET, PREFIX)
        return {os.path.relpath(os.path.join(folder, name), begin)
                for folder, _, names in os.walk(begin) for name in names}

    @staticmethod
    def name(url):
        return url.split("/media/")[1]

    def body(self, url):
        status, _, body = ask("GET", url)
        self.assertEqual(status, 200, url)
        return body

    def logged(self, text):
        until(text, lambda: text in self.dassie.tail())

    def test_uploads_go_there_and_are_read_through_us(self):
        self.start()
        self.logged("the store of uploads answers")
        media = self.upload(200, 1)
        name = self.name(media["url"])
        self.assertIn(name, self.objects())
        with open(os.path.join(self.root, BUCKET, PREFIX, name), "rb") as f:
            stored = f.read()
        status, headers, body = ask("GET", media["url"])
        self.assertEqual((status, body), (200, stored))
        self.assertEqual(headers["Content-Type"], "image/png")
        self.assertIn("sandbox", headers["Content-Security-Policy"])
        status, headers, body = ask("GET", media["url"], {"Range": "bytes=1000-2999"})
        self.assertEqual((status, body), (206, stored[1000:3000]))
        self.assertEqual(headers["Content-Range"], f"bytes 1000-2999/{len(stored)}")
        self.assertEqual(ask("GET", media["url"], {"Range": "bytes=-5"})[2], stored[-5:])
        status, headers, _ = ask("GET", media["url"], {"Range": "bytes=99999999-"})
        self.assertEqual((status, headers["Content-Range"]), (416, f"bytes */{len(stored)}"))
        status, headers, body = ask("HEAD", media["url"])
        self.assertEqual((status, headers["Content-Length"], body), (200, str(len(stored)), b""))
        self.assertEqual(self.api("DELETE", f"/api/v1/media/{media['id']}")[0], 200)
        until("the object is gone", lambda: name not in self.objects())
        self.assertEqual(ask("GET", media["url"])[0], 404)

    def test_clients_get_addresses_that_are_good_for_a_while(self):
        self.start()
        media = self.upload(100, 2)
        whole = self.body(media["url"])
        self.start(reads="presigned")
        status, headers, _ = ask("GET", media["url"])
        self.assertEqual(status, 302)
        self.assertIn("private", headers["Cache-Control"])
        place = headers["Location"]
        self.assertTrue(place.startswith(f"{self.endpoint}/{BUCKET}/my%20files/%C3%BC/"), place)
        self.assertEqual(ask("GET", place)[0::2], (200, whole))
        self.assertEqual(ask("GET", place, {"Range": "bytes=5-9"})[0::2], (206, whole[5:10]))
        head = ask("HEAD", media["url"])[1]["Location"]
        self.assertEqual(ask("HEAD", head)[0], 200)
        # for this object, this method and this time alone
        end = place[-1]
        self.assertEqual(ask("GET", place[:-1] + ("0" if end != "0" else "1"))[0], 403)
        self.assertEqual(ask("GET", place.replace("X-Amz-Expires=3600", "X-Amz-Expires=36000"))[0], 403)
        self.assertEqual(ask("GET", place.split("?")[0])[0], 403)
        # through us for our own pages
        self.assertEqual(ask("GET", media["url"], {"Sec-Fetch-Site": "same-origin"})[2], whole)

    def test_a_wrong_secret_is_told_and_uploads_wait(self):
        self.start(secret="another")
        self.logged("s3.secret_key is not the secret")
        status, media = self.send(60, 3, "v2")
        self.assertEqual(status, 202, media)
        path = f"/api/v1/media/{media['id']}"
        self.assertEqual(self.api("GET", path)[0], 206)
        self.start()
        # its next try is at most some pauses away
        media = until("it is there", lambda: (lambda s, m: s == 200 and m)(*self.api("GET", path)), 60)
        self.assertIn(self.name(media["url"]), self.objects())

    def test_a_kill_in_the_middle_of_a_move_loses_nothing(self):
        self.start(uploads="local")
        files = [self.upload(64, 100 + n)["url"] for n in range(30)]
        before = {url: self.body(url) for url in files}
        names = {self.name(url) for url in files}
        mine = lambda: self.objects() & names
        self.assertFalse(mine())
        self.assertIn("Would move 30 uploads, ", self.dassie.command("media", "move", "--to", "s3", "--dry-run"))
        moving = subprocess.Popen([os.environ["DASSIE"], "media", "move", "--to", "s3", "--config", self.dassie.config],
                                  cwd=self.dassie.folder, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        until("some are there", lambda: len(mine()) >= 5, every=0.002)
        # a store that hangs: the kill comes in the middle of a file
        self.store.send_signal(signal.SIGSTOP)
        self.dassie.process.kill()
        self.dassie.process.wait()
        self.store.send_signal(signal.SIGCONT)
        said = moving.communicate(timeout=60)[0].decode()
        self.assertNotEqual(moving.returncode, 0, said)
        self.assertIn("dassie: ", said)
        self.assertTrue(5 <= len(mine()) < 30, len(mine()))
        self.start(uploads="local")
        for url in files:
            self.assertEqual(self.body(url), before[url])
        self.assertIn("moved", self.dassie.command("media", "move", "--to", "s3").lower())
        self.assertEqual(mine(), names)
        for url in files:
            self.assertEqual(self.body(url), before[url])
        # and back, without a server, stopped by Ctrl-C and called again
        self.dassie.stop()
        moving = subprocess.Popen([os.environ["DASSIE"], "media", "move", "--to", "local", "--config", self.dassie.config],
                                  cwd=self.dassie.folder, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        time.sleep(0.05)
        moving.send_signal(signal.SIGINT)
        moving.communicate(timeout=60)
        self.dassie.command("media", "move", "--to", "local")
        self.store.send_signal(signal.SIGSTOP)
        try:
            self.dassie.start()
            for url in files:
                self.assertEqual(self.body(url), before[url])
        finally:
            self.store.send_signal(signal.SIGCONT)


if __name__ == "__main__":
    unittest.main(verbosity=2)
