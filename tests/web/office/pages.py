"""What the forms of a page would send, and what is found on it."""

import re
from html.parser import HTMLParser

import httpx

from tests.web.visitors import Visitor, shown


class Forms(HTMLParser):
    """The fields of each form of a page, by its action, as a browser would send them untouched."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.by_action: dict[str, dict[str, str]] = {}
        self._now: dict[str, str] = {}
        self._select = self._textarea = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        match tag:
            case "form":
                self._now = self.by_action.setdefault(found["action"], {})
            case "input" if found.get("type") not in ("checkbox", "radio") or "checked" in found:
                if "name" in found:
                    self._now[found["name"]] = found.get("value", "")
            case "select":
                self._select = found["name"]
            case "option" if "selected" in found:
                self._now[self._select] = found["value"]
            case "textarea":
                self._textarea = found["name"]
                self._now[self._textarea] = ""

    def handle_data(self, data: str) -> None:
        if self._textarea:
            self._now[self._textarea] += data.removeprefix("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._textarea = ""


def form_on(response: httpx.Response, action: str) -> dict[str, str]:
    """The fields of one form of a proper page."""
    shown(response)
    return Forms(response.text).by_action[action]


def changes(person: Visitor, path: str, **typed: str) -> httpx.Response:
    """Open the page of a form, change some of its fields and send it to where it is."""
    return person.sends(path, **form_on(person.opens(path), path) | typed)


def faults(response: httpx.Response) -> dict[str, str]:
    """What is said beside each field."""
    return dict(re.findall(r'id="([^"]+)-fault"><span class="said">([^<]*)<', response.text))


def texts(response: httpx.Response) -> str:
    """All that a proper page shows, as one text."""
    return " ".join(shown(response).texts)
