"""Holds every recorded answer against the Mastodon API's schema, where that is at hand.

The schema and its validator lie in `shared/mastodon-api` beside the repository and are no part of
it; without them the answers are only counted.
"""

import os
import sys
from urllib.parse import urlsplit

HERE = os.path.dirname(os.path.abspath(__file__))
REFERENCE = os.path.join(HERE, "..", "..", "..", "..", "shared", "mastodon-api")


# what docs/api.md says is Dassie's own way: Pleroma's and Akkoma's notifications of reactions
OWN = ('"pleroma:emoji_reaction" is not one of',)


class Contract:
    """A hook for requests.Session; `report()` gives (errors, warnings, how many were checked)."""

    def __init__(self):
        self.lines = {}
        self.checked = 0
        self.unknown = set()
        self._validate = None
        if os.path.exists(os.path.join(REFERENCE, "validate.py")):
            sys.dont_write_bytecode, before = True, sys.dont_write_bytecode
            sys.path.insert(0, REFERENCE)
            import validate

            sys.path.remove(REFERENCE)
            sys.dont_write_bytecode = before
            self._validate, self._no_schema = validate.validate, validate.NoSchema

    @property
    def present(self):
        return self._validate is not None

    def watch(self, session):
        session.hooks["response"].append(self.record)
        return session

    def record(self, response, *_, **__):
        if not self.present or not 200 <= response.status_code < 300:
            return
        method, path = response.request.method, urlsplit(response.url).path
        if method in ("OPTIONS", "HEAD"):
            return
        user = "Authorization" in response.request.headers
        try:
            lines = self._validate(method, path, response.status_code, response.content,
                                   auth=user, headers=response.headers)
        except self._no_schema:
            self.unknown.add(f"{method} {path}")
            return
        self.checked += 1
        for line in lines:
            self.lines.setdefault(line, f"{method} {path}")

    def report(self):
        def those(level):
            return [f"{where}: {line}" for line, where in self.lines.items()
                    if line.startswith(level) and not any(own in line for own in OWN)]

        return those("ERROR"), those("WARN"), self.checked
