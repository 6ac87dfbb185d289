"""People with a browser, as far as their requests go."""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from html.parser import HTMLParser
from typing import Any

import html5lib
import httpx

from attendance.domain.permissions.roles import Role
from tests.http.api import PASSWORD, UNKNOWN_ID, Api, Person

COOKIE = "attendance"
ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
BY_OUR_PAGE = {"sec-fetch-site": "same-origin"}
BY_TYPING = {"sec-fetch-site": "none"}


class Shown(HTMLParser):
    """What a page shows, as far as tests ask: its texts, its fields with their values, where it leads.

    `chosen`: the value of its last list to choose of, None without one.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.values: dict[str, str | None] = {}
        self.attributes: dict[str, dict[str, str | None]] = {}
        self.chosen: str | None = None
        self.links: list[str] = []
        self.roles: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "option" and "selected" in found:
            self.chosen = found["value"]
        if tag == "input":
            # one without a name is not sent
            self.values[found.get("name") or ""] = found.get("value")
            self.attributes[found.get("name") or ""] = found
        if tag == "a":
            self.links.append(found["href"] or "")
        if "role" in found:
            self.roles.append(found["role"] or "")

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(" ".join(data.split()))


@dataclass
class Visitor:
    """Keeps the cookie as a browser would; further headers may be given with each request."""

    http: httpx.Client
    cookie: str | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def opens(self, path: str, **headers: str) -> httpx.Response:
        return self._asks("GET", path, BY_TYPING | headers)

    def sends(self, path: str, *, by: dict[str, str] | None = None, **typed: str) -> httpx.Response:
        """A form; `by` are the headers that say which page it is on, one of ours unless said."""
        return self._asks("POST", path, BY_OUR_PAGE if by is None else by, data=typed)

    def signs_in(self, login: str, password: str = PASSWORD, **typed: str) -> httpx.Response:
        return self.sends("/app/sign-in", login=login, password=password, **typed)

    def _asks(self, method: str, path: str, headers: dict[str, str], **sent: Any) -> httpx.Response:
        cookies = {} if self.cookie is None else {"cookie": f"{COOKIE}={self.cookie}"}
        asked = {"accept": ACCEPT} | cookies | self.headers | headers
        # a request without fields is a form all the same
        if method == "POST":
            asked.setdefault("content-type", "application/x-www-form-urlencoded")
        response = self.http.request(method, path, headers=asked, **sent)
        for header in response.headers.get_list("set-cookie"):
            value = header.partition(";")[0].partition("=")[2]
            self.cookie = value or None
        return response


def visitor(api: Api, **headers: str) -> Visitor:
    return Visitor(api.http, headers={name.replace("_", "-"): value for name, value in headers.items()})


def signed_in(api: Api, role: Role = Role.USER, username: str | None = None, **changes: Any) -> Visitor:
    return with_session(api, api.having(role, username, **changes))


def with_session(api: Api, person: Person) -> Visitor:
    """Whoever has the session of this person in a cookie."""
    return Visitor(api.http, cookie=person.token)


def shown(response: httpx.Response, *, has_scripts: bool = False) -> Shown:
    """What a proper page shows: HTML without errors, with the headers of pages, and nothing that runs.

    `has_scripts`: scripts of this service may run, each a file of its own.
    """
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["referrer-policy"] == "same-origin"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"
    assert response.headers["cross-origin-resource-policy"] == "same-origin"
    assert response.headers["cross-origin-opener-policy"] == "same-origin"
    assert "x-request-id" in response.headers
    policy = response.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self'")
    assert ("script-src 'self'" in policy) is has_scripts
    assert has_scripts or "script-src" not in policy
    assert "unsafe" not in policy
    html = response.text
    if has_scripts:
        html = re.sub(r'<script type="module" src="/static/[\w.]+"></script>', "", html)
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:", html)
    check_is_html(response.text)
    return Shown(response.text)


ID = re.compile(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")


def check_is_html(text: str) -> None:
    """Raises an error where it is not HTML without errors. To that ids mean nothing."""
    _check_is_html(ID.sub(UNKNOWN_ID, text))


@lru_cache(maxsize=1000)
def _check_is_html(text: str) -> None:
    html5lib.HTMLParser(strict=True).parse(text)


def leads_to(response: httpx.Response) -> str:
    """Where one goes on to."""
    assert response.status_code == 303, response.text
    assert response.content == b""
    return str(response.headers["location"])
