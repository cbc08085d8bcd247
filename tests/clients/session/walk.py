"""A session that is recorded: which routes were called, and what they answered with."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
API_MD = os.path.join(HERE, "..", "..", "..", "docs", "api.md")

import requests


def served():
    """The routes that docs/api.md lists: {(method, path)}; the tests of the source hold it complete."""
    with open(API_MD) as f:
        rows = re.findall(r"^\| (GET|POST|PUT|PATCH|DELETE) \| `(/[^`]+)` \|", f.read(), re.M)
    return set(rows)


def matcher(path):
    """A path of the table as a regular expression; one without parameters is tried first."""
    return re.compile("^" + re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + "$")


class Routes:
    """What is served, and what of it was called with success."""

    def __init__(self):
        self.all = served()
        self._known = sorted(((m, p, matcher(p)) for m, p in self.all), key=lambda r: ("{" in r[1], r[1]))
        self.called = set()

    def of(self, method, path):
        return next(((m, p) for m, p, match in self._known if m == method and match.match(path)), None)

    def missing(self):
        return sorted(self.all - self.called, key=lambda r: (r[1], r[0]))


class Person:
    """Somebody's client: every answer is held against the schema and counted for its route."""

    def __init__(self, base, token, contract, routes):
        self.base, self.token, self.routes = base, token, routes
        self.session = contract.watch(requests.Session())
        self.session.trust_env = False
        if token:
            self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method, path, *, status=(200,), **more):
        answer = self.session.request(method, self.base + path, timeout=30, **more)
        expected = (status,) if isinstance(status, int) else status
        assert answer.status_code in expected, \
            f"{method} {path}: {answer.status_code} {answer.text[:300]}"
        if 200 <= answer.status_code < 300:
            route = self.routes.of(method, path.split("?")[0])
            if route:
                self.routes.called.add(route)
        if answer.headers.get("content-type", "").startswith("application/json"):
            return answer.json()
        return answer.text

    def get(self, path, **more):
        return self.call("GET", path, **more)

    def post(self, path, body=None, **more):
        if body is not None:
            more["json"] = body
        return self.call("POST", path, **more)

    def put(self, path, body=None, **more):
        if body is not None:
            more["json"] = body
        return self.call("PUT", path, **more)

    def patch(self, path, body=None, **more):
        if body is not None:
            more["json"] = body
        return self.call("PATCH", path, **more)

    def delete(self, path, body=None, **more):
        if body is not None:
            more["json"] = body
        return self.call("DELETE", path, **more)
