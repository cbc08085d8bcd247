"""Replication as docs/operations.md has it: Litestream beside a server that is written to and restarted,
both killed, and its copy served in another folder.

Environment: DASSIE (the program). Litestream comes with the Python packages; all is started here.
"""

import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import unittest
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.join(HERE, "..", "lib"), os.path.join(HERE, "..")]

from run import Server, free_ports
from wait import until

# what the runner tells clients of its own servers is no setting of this one
for variable in [name for name in os.environ if name.startswith("DASSIE_")]:
    del os.environ[variable]

LITESTREAM = os.path.join(os.path.dirname(sys.executable), "litestream")


class Litestream(unittest.TestCase):
    def post(self, server, text):
        request = urllib.request.Request(f"{server.url}/api/v1/statuses", json.dumps({"status": text}).encode(),
                                         {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=20) as answer:
            return int(json.load(answer)["id"])

    def restored(self, config, database):
        """What Litestream would give back now, in a folder of its own, and the statuses in it."""
        to = os.path.join(tempfile.mkdtemp(dir=self.folder), "dassie.db")
        done = subprocess.run([LITESTREAM, "restore", "-config", config, "-o", to, database],
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            return to, set()
        sql = sqlite3.connect(to)
        try:
            return to, {row[0] for row in sql.execute("SELECT id FROM status")}
        finally:
            sql.close()

    def test_what_was_replicated_goes_on_elsewhere(self):
        with tempfile.TemporaryDirectory(prefix="dassie-litestream-") as self.folder:
            (port,) = free_ports(1)
            first = Server(self.folder, "first", port)
            first.start()
            self.token = first.account("ann")
            database = os.path.join(first.folder, "data", "dassie.db")
            config = os.path.join(self.folder, "litestream.yml")
            with open(config, "w") as f:
                json.dump({"dbs": [{"path": database, "replica": {"path": os.path.join(self.folder, "replica")}}]}, f)
            with open(os.path.join(self.folder, "litestream.log"), "wb") as log:
                replicating = subprocess.Popen([LITESTREAM, "replicate", "-config", config], stdout=log, stderr=log)
            try:
                posted = {self.post(first, f"before {n}") for n in range(150)}
                self.assertTrue(first.stop())
                first.start()
                posted |= {self.post(first, f"after {n}") for n in range(50)}
                first.process.kill()
                first.process.wait()
                copy, _ = until("all of it is replicated",
                                lambda: (lambda found: found[1] >= posted and found)(self.restored(config, database)))
            finally:
                replicating.kill()
                replicating.wait()
                first.stop()

            second = Server(self.folder, "second", port)
            data = os.path.join(second.folder, "data")
            os.mkdir(data, 0o700)
            os.rename(copy, os.path.join(data, "dassie.db"))
            os.chmod(os.path.join(data, "dassie.db"), 0o600)
            archive = os.path.join(second.folder, "replica.tar.gz")
            second.command("backup", "--to", archive)
            self.assertIn("Restored", second.command("restore", "--force", archive))
            second.start()
            try:
                for one in posted:
                    with urllib.request.urlopen(f"{second.url}/api/v1/statuses/{one}", timeout=20) as answer:
                        self.assertEqual(answer.status, 200)
                self.assertGreater(self.post(second, "goes on"), max(posted))
            finally:
                self.assertTrue(second.stop())
            self.assertNotIn("panicked", first.tail() + second.tail())


if __name__ == "__main__":
    unittest.main(verbosity=2)
