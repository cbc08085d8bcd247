#!/usr/bin/env python3
"""Real clients and real peers against two running Dassies.

    tests/clients/run.py [NAME]…    (mastodon_py, mastodon_py_methods, toot, session, reader, static, s3, litestream, masto, megalodon, browser, pages, fedify)

Builds nothing: DASSIE names the program (default target/debug/dassie). Starts A (accounts ann and
bob) and B (carl) with --dev on free ports of the loopback interface and with empty data folders,
installs what the clients need into target/clients and their node_modules, runs each client's
script, and ends with a line `N passed, N failed`. The servers' logs are shown if anything failed.
`--env` only starts the servers, prints the environment to source and waits for Ctrl-C, so that one
script can be run by hand.
"""

import contextlib
import hashlib
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
PROGRAM = os.path.abspath(os.environ.get("DASSIE") or os.path.join(ROOT, "target/debug/dassie"))
PASSWORD = "secret-secret"
SCOPES = "read write follow push"
EVERY_SCOPE = f"{SCOPES} profile admin:read admin:write"
PYTHON_CLIENTS = {"mastodon_py": "mastodon_py/test_mastodon_py.py",
                  "mastodon_py_methods": "mastodon_py/test_every_method.py", "toot": "toot/test_toot.py",
                  "session": "session/test_session.py",
                  "reader": "reader/test_reader.py",
                  "static": "static/test_static.py",
                  "s3": "s3/test_s3.py",
                  "litestream": "litestream/test_litestream.py"}
NODE_CLIENTS = {"masto": "masto/masto.test.mjs", "megalodon": "megalodon/megalodon.test.mjs",
                "browser": "browser/browser.test.mjs", "pages": "pages/pages.test.mjs", "fedify": "fedify/fedify.test.mjs"}
S3_SERVER = "0.14.1"
TIME_LIMIT = 420  # seconds for one client


def say(text):
    print(f"\n=== {text}", flush=True)


def free_ports(count):
    """Free just now; all taken at once so that they differ."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for s in sockets:
            s.bind(("127.0.0.1", 0))
        return [s.getsockname()[1] for s in sockets]


class Server:
    def __init__(self, folder, name, port, more=""):
        self.name, self.port = name, port
        self.host = f"localhost:{port}"
        self.url = f"http://{self.host}"
        self.folder = os.path.join(folder, name)
        os.makedirs(self.folder)
        self.config = os.path.join(self.folder, "dassie.toml")
        self.log = os.path.join(self.folder, "log")
        open(self.log, "w").close()
        with open(self.config, "w") as f:
            f.write(f'[server]\nhost = "{self.host}"\nlisten = "127.0.0.1:{port}"\n'
                    f'[storage]\ndata_dir = {json.dumps(os.path.join(self.folder, "data"))}\n'
                    '[network]\nallowed_private_ranges = ["127.0.0.0/8", "::1/128"]\n'
                    f'[log]\nlevel = "debug"\n{more}')
        self.process = None

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([PROGRAM, "serve", "--dev", "--config", self.config],
                                            cwd=self.folder, stdin=subprocess.DEVNULL,
                                            stdout=log, stderr=log)
        end = time.monotonic() + 20
        while True:
            with contextlib.suppress(OSError):
                with urllib.request.urlopen(f"{self.url}/api/v1/instance", timeout=2) as answer:
                    if answer.status == 200:
                        return
            if self.process.poll() is not None:
                raise SystemExit(f"{self.name} ended with {self.process.returncode}:\n{self.tail()}")
            if time.monotonic() > end:
                raise SystemExit(f"{self.name} is not ready after 20 s:\n{self.tail()}")
            time.sleep(0.05)

    def command(self, *arguments):
        done = subprocess.run([PROGRAM, *arguments, "--config", self.config], cwd=self.folder,
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise SystemExit(f"dassie {shlex.join(arguments)}: {done.returncode}\n{done.stdout}{done.stderr}\n{self.tail()}")
        return done.stdout.strip()

    def account(self, name, *more):
        self.command("account", "create", "--username", name, "--email", f"{name}@example.org",
                     "--password", PASSWORD, *more)
        return self.token(name, SCOPES)

    def token(self, name, scopes):
        return self.command("token", "create", "--account", name, "--scopes", scopes)

    def stop(self):
        """True if it ended cleanly and in time."""
        if self.process is None or self.process.poll() is not None:
            return self.process is None
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(10) == 0
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return False

    def tail(self, lines=300):
        with open(self.log, errors="replace") as f:
            return "".join(f.readlines()[-lines:])


def python_with_clients():
    """The interpreter of a virtual environment that holds requirements.txt, made if need be."""
    wanted = os.path.join(HERE, "requirements.txt")
    with open(wanted, "rb") as f:
        stamp = hashlib.sha256(f.read()).hexdigest()
    folder = os.path.join(ROOT, "target/clients/venv")
    python, mark = os.path.join(folder, "bin/python"), os.path.join(folder, "installed")
    with contextlib.suppress(OSError), open(mark) as f:
        if f.read() == stamp:
            return python
    shutil.rmtree(folder, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([python, "-m", "pip", "install", "-q", "--disable-pip-version-check", "-r", wanted], check=True)
    with open(mark, "w") as f:
        f.write(stamp)
    return python


def s3_server():
    """A server of object storage that checks signatures: s3s-fs, built from its package."""
    folder = os.path.join(ROOT, "target/clients/s3s")
    program = os.path.join(folder, "bin/s3s-fs")
    if not os.access(program, os.X_OK):
        # with the versions that its authors locked; it need not be quick
        subprocess.run(["cargo", "install", "-q", "s3s-fs", "--version", S3_SERVER, "--locked", "--debug",
                        "--features", "binary", "--root", folder], check=True,
                       env=os.environ | {"CARGO_TARGET_DIR": os.path.join(folder, "build"),
                                         "CARGO_PROFILE_DEV_DEBUG": "0"})
        shutil.rmtree(os.path.join(folder, "build"), ignore_errors=True)
    return program


def node_modules(client):
    folder = os.path.join(HERE, client)
    with open(os.path.join(folder, "package-lock.json"), "rb") as f:
        stamp = hashlib.sha256(f.read()).hexdigest()
    mark = os.path.join(folder, "node_modules/.installed")
    with contextlib.suppress(OSError), open(mark) as f:
        if f.read() == stamp:
            return
    subprocess.run(["npm", "ci", "--omit=dev", "--loglevel=error"], cwd=folder, check=True)
    with open(mark, "w") as f:
        f.write(stamp)


def counted(client, output, code):
    """Passed and failed tests by the runner's own closing lines; a crash is a failure."""
    if client in PYTHON_CLIENTS:
        ran = re.findall(r"^Ran (\d+) tests?", output, re.M)
        closing = re.findall(r"^(?:OK|FAILED).*$", output, re.M)
        tally = dict(re.findall(r"(failures|errors|skipped)=(\d+)", closing[-1])) if closing else {}
        bad = int(tally.get("failures", 0)) + int(tally.get("errors", 0))
        good = max(int(ran[-1]) - bad - int(tally.get("skipped", 0)), 0) if ran else 0
    else:
        numbers = {k: int(v) for k, v in re.findall(r"^# (pass|fail|cancelled) (\d+)$", output, re.M)}
        good, bad = numbers.get("pass", 0), numbers.get("fail", 0) + numbers.get("cancelled", 0)
    if code != 0 or good == 0:
        bad = max(bad, 1)
    return good, bad


def run(client, command, environment):
    say(client)
    begun = time.monotonic()
    process = subprocess.Popen(command, cwd=HERE, env=environment, stdin=subprocess.DEVNULL, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
                               start_new_session=True)
    try:
        output, _ = process.communicate(timeout=TIME_LIMIT)
        code = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        output, code = f"{output}\n{client} took longer than {TIME_LIMIT} s", 1
    print(output, flush=True)
    good, bad = counted(client, output, code)
    print(f"--- {client}: {good} good, {bad} bad, {time.monotonic() - begun:.0f} s", flush=True)
    return good, bad


def main(arguments):
    only_environment = "--env" in arguments
    known = [*PYTHON_CLIENTS, *NODE_CLIENTS]
    chosen = [a for a in arguments if a != "--env"] or known
    if set(chosen) - set(known):
        raise SystemExit(f"unknown: {', '.join(set(chosen) - set(known))}; there are {', '.join(known)}")
    if not os.access(PROGRAM, os.X_OK):
        raise SystemExit(f"no program at {PROGRAM}: run cargo build, or set DASSIE")

    python = sys.executable
    if not only_environment:
        say("installing the clients")
        if set(chosen) & set(PYTHON_CLIENTS):
            python = python_with_clients()
        for client in set(chosen) & set(NODE_CLIENTS):
            node_modules(client)
        if "s3" in chosen:
            os.environ["S3_SERVER"] = s3_server()

    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped by SIGTERM"))
    good = bad = 0
    with tempfile.TemporaryDirectory(prefix="dassie-clients-") as folder:
        ports = free_ports(4)
        # the first one has all that a server may have; its translator is a part of the session
        whole = ('[instance]\nrules = ["Be kind"]\nprivacy_policy = "We keep *nothing*."\n'
                 'terms_of_service = "None."\nshow_domain_blocks = "all"\n'
                 'contact_account = "ann"\ncontact_email = "ann@example.org"\n[pages]\nshow_figures = true\n'
                 '[registrations]\nmode = "approval"\n'
                 f'[translation]\nkind = "libretranslate"\nurl = "http://127.0.0.1:{ports[2]}"\n')
        # the second one has mail; who takes the letters is a part of the pages
        mails = ('[registrations]\nmode = "approval"\n[smtp]\nhost = "127.0.0.1"\n'
                 f'port = {ports[3]}\nsecurity = "none"\nfrom = "dassie@example.org"\n')
        a, b = Server(folder, "a", ports[0], whole), Server(folder, "b", ports[1], mails)
        try:
            say("starting two servers")
            a.start()
            b.start()
            a.account("spare")
            a.command("announce", "Hello :) https://example.org")
            ann, bob, carl = a.account("ann", "--admin"), a.account("bob"), b.account("carl")
            wanted = {
                "DASSIE": PROGRAM,
                "DASSIE_URL": a.url, "DASSIE_USER": "ann", "DASSIE_EMAIL": "ann@example.org",
                "DASSIE_PASSWORD": PASSWORD, "DASSIE_TOKEN": ann,
                "SECOND_USER": "bob", "SECOND_TOKEN": bob,
                "OTHER_URL": b.url, "OTHER_USER": "carl", "OTHER_TOKEN": carl,
                "OTHER_HANDLE": f"carl@{b.host}",
                "TRANSLATOR_PORT": str(ports[2]), "MAIL_PORT": str(ports[3]),
                "ADMIN_TOKEN": a.token("ann", EVERY_SCOPE), "EMPTY_TOKEN": a.account("eve"),
                "FRESH_TOKEN": a.account("fay"), "GOING_TOKEN": a.account("gus"),
            }
            if only_environment:
                for name, value in wanted.items():
                    print(f"export {name}={shlex.quote(value)}")
                print(f"# logs: {a.log} {b.log}", flush=True)
                with contextlib.suppress(KeyboardInterrupt):
                    signal.pause()
                return 0
            # no proxy and nobody's own settings between a client and a server on this machine
            plain = {k: v for k, v in os.environ.items()
                     if not k.lower().endswith("_proxy") and not k.startswith("TOOT_")}
            environment = plain | wanted | {"NO_PROXY": "*", "PYTHONDONTWRITEBYTECODE": "1"}
            for client in chosen:
                if client in PYTHON_CLIENTS:
                    command = [python, os.path.join(HERE, PYTHON_CLIENTS[client])]
                else:
                    command = ["node", "--test", "--test-reporter=tap", os.path.join(HERE, NODE_CLIENTS[client])]
                passed, failed = run(client, command, environment)
                good, bad = good + passed, bad + failed
        except SystemExit as failure:
            print(failure, flush=True)
            bad += 1
        finally:
            for server in (a, b):
                if not server.stop():
                    print(f"server {server.name} was not running or did not stop cleanly", flush=True)
                    bad += 1
                with open(server.log, errors="replace") as f:
                    panics = [line for line in f if "panicked at" in line]
                if panics:
                    print(f"server {server.name} panicked: {panics[0]}", flush=True)
                    bad += 1
            if bad and not only_environment:
                for server in (a, b):
                    say(f"the end of server {server.name}'s log")
                    print(server.tail(), flush=True)
    say("clients")
    print(f"{good} passed, {bad} failed", flush=True)
    return 1 if bad or not good else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
