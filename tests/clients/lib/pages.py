"""Drives the OAuth pages of a server as a browser without JavaScript would.

Nothing here knows Dassie's markup: forms are read from the page, the field of type password gets
the password, the one beside it the name, and everything else is sent back as it came.
"""

import urllib.parse
from html.parser import HTMLParser

import requests

REFUSALS = ("deny", "denied", "refuse", "reject", "cancel", "no")


class Page(HTMLParser):
    """The forms of a page, and the texts in which a code may be shown."""

    def __init__(self, text):
        super().__init__()
        self.forms = []
        self.codes = []
        self._form = None
        self._button = None
        self._in_code = False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        a = {k: v if v is not None else "" for k, v in attributes}
        if tag == "form":
            self._form = {"action": a.get("action", ""), "method": a.get("method", "get").lower(),
                          "id": a.get("id"), "fields": [], "buttons": []}
            self.forms.append(self._form)
        elif tag == "code":
            self._in_code = True
            self.codes.append("")
        elif tag == "button":
            form = self._owner(a)
            self._button = {"name": a.get("name"), "value": a.get("value", ""), "text": "",
                            "action": a.get("formaction")}
            if form is not None and a.get("type", "submit") == "submit":
                form["buttons"].append(self._button)
        elif tag == "input":
            form = self._owner(a)
            kind = a.get("type", "text").lower()
            if form is None:
                if a.get("value"):
                    self.codes.append(a["value"])
            elif kind == "submit":
                form["buttons"].append({"name": a.get("name"), "value": a.get("value", ""),
                                        "text": a.get("value", ""), "action": a.get("formaction")})
            elif a.get("name"):
                form["fields"].append({"name": a["name"], "type": kind, "value": a.get("value", ""),
                                       "checked": "checked" in a})

    def _owner(self, a):
        for form in self.forms:
            if a.get("form") and form["id"] == a["form"]:
                return form
        return self._form

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag == "button":
            self._button = None
        elif tag == "code":
            self._in_code = False

    def handle_data(self, data):
        if self._button is not None:
            self._button["text"] += data
        if self._in_code:
            self.codes[-1] += data


def _filled(form, user, password):
    """The form's data, as a browser would send it after a person filled it in."""
    data, named = [], False
    signs_in = any(f["type"] == "password" for f in form["fields"])
    for field in form["fields"]:
        kind, value = field["type"], field["value"]
        if kind in ("checkbox", "radio"):
            if field["checked"] or (kind == "checkbox" and field["name"].startswith("scope")):
                data.append((field["name"], value or "on"))
            continue
        if kind == "password":
            value = password
        elif signs_in and not named and kind in ("text", "email"):
            value, named = user, True
        data.append((field["name"], value))
    return data


def _agrees(button):
    words = {button["value"].lower(), (button["name"] or "").lower(), button["text"].strip().lower()}
    return not words & set(REFUSALS)


class Browser:
    """Cookies kept, redirects followed by hand so that one to an app's own scheme is seen."""

    def __init__(self, user, password):
        self.user, self.password = user, password
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Accept"] = "text/html,application/xhtml+xml"
        self.steps = []

    def authorize(self, url, redirect_uri="urn:ietf:wg:oauth:2.0:oob"):
        """Signs in, agrees, and returns the authorization response: at least its `code`."""
        response = self._go("GET", url, redirect_uri)
        signed_in = 0
        for _ in range(8):
            if isinstance(response, str):
                query = urllib.parse.urlsplit(response)
                return {k: v[0] for k, v in urllib.parse.parse_qs(query.query).items()}
            if response.status_code >= 400 and response.status_code not in (401, 422):
                raise AssertionError(self._tale(f"the page answered {response.status_code}", response))
            page = Page(response.text)
            form = self._form(page)
            if form is None:
                codes = [c.strip() for c in page.codes if len(c.strip()) >= 16]
                if codes:
                    return {"code": codes[0]}
                raise AssertionError(self._tale("neither a form nor a code on the page", response))
            if any(f["type"] == "password" for f in form["fields"]):
                signed_in += 1
                if signed_in > 1:
                    raise AssertionError(self._tale("the sign-in was refused", response))
            response = self._submit(form, response.url, redirect_uri)
        raise AssertionError(self._tale("the forms do not end", response))

    def _form(self, page):
        """The form to answer: a sign-in first, then one whose button agrees to something."""
        posts = [f for f in page.forms if f["method"] == "post"]
        for form in posts:
            if any(f["type"] == "password" for f in form["fields"]):
                return form
        consent = [f for f in posts if "sign_out" not in f["action"] and "logout" not in f["action"]]
        for form in consent:
            if any(_agrees(b) for b in form["buttons"]) or not form["buttons"]:
                return form
        return None

    def _submit(self, form, base, redirect_uri):
        data = _filled(form, self.user, self.password)
        action = form["action"]
        button = next((b for b in form["buttons"] if _agrees(b)), None)
        if button is not None:
            if button["name"]:
                data.append((button["name"], button["value"]))
            action = button["action"] or action
        target = urllib.parse.urljoin(base, action) if action else base
        origin = "{0.scheme}://{0.netloc}".format(urllib.parse.urlsplit(base))
        return self._go("POST", target, data=data, headers={"Origin": origin, "Referer": base},
                        redirect_uri=redirect_uri)

    def _go(self, method, url, redirect_uri=None, **more):
        """A response, or the address as text when it is one of the app's own."""
        for _ in range(10):
            self.steps.append(f"{method} {url.split('?')[0]}")
            response = self.session.request(method, url, allow_redirects=False, timeout=20, **more)
            self.steps[-1] += f" -> {response.status_code}"
            if response.status_code not in (301, 302, 303, 307, 308):
                return response
            target = urllib.parse.urljoin(url, response.headers["Location"])
            if redirect_uri and not redirect_uri.startswith("urn:") and target.startswith(redirect_uri):
                return target
            if urllib.parse.urlsplit(target).scheme not in ("http", "https"):
                return target
            if response.status_code in (301, 302, 303):
                method, more = "GET", {}
            url = target
        raise AssertionError("too many redirects: " + ", ".join(self.steps))

    def _tale(self, what, response):
        return f"{what}\nsteps: {self.steps}\npage: {getattr(response, 'text', response)[:2000]}"
