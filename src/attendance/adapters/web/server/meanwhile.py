"""What is stored now, beside what somebody typed into the same form: told when somebody else was faster."""

from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

_TOLD = frozenset({"text", "date", "time", "number", "email", "tel", "url", "search", "month"})


class _Fields(HTMLParser):
    """The fields of a page that people fill in: what each is called, and what is in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.labels: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self._text: list[str] = []
        self._label_of: str | None = None
        self._field: str | None = None
        self._is_chosen = False
        self._ticked: str | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        match tag:
            case "label":
                self._label_of, self._text, self._ticked = given.get("for"), [], None
            case "input" if given.get("type", "text") in _TOLD:
                self.values[name] = given.get("value") or ""
            case "input" if given.get("type") in ("radio", "checkbox") and "checked" in given:
                self._ticked = name
            case "textarea" | "select":
                self._field, self._text = name, []
                self.values[name] = ""
            case "option":
                self._is_chosen, self._text = "selected" in given, []

    def handle_endtag(self, tag: str) -> None:
        text = " ".join("".join(self._text).split())
        match tag:
            case "label":
                if self._label_of:
                    self.labels[self._label_of] = text
                if self._ticked:
                    self.values[self._ticked] = text
            case "textarea" if self._field:
                self.values[self._field] = text
            case "option" if self._field and self._is_chosen:
                self.values[self._field] = text
        if tag in ("textarea", "select"):
            self._field = None

    def handle_data(self, data: str) -> None:
        self._text.append(data)


def stored_instead(typed: str, stored: str) -> Iterator[Mapping[str, str]]:
    """What is in the fields of a page as it is stored, where that is not what was typed.

    `typed` and `stored` are the same page with each. A `field` is called by its label, a `value` is "" for
    nothing.
    """
    before, now = _Fields(typed), _Fields(stored)
    for name, value in now.values.items():
        if name in now.labels and before.values.get(name) != value:
            yield {"field": now.labels[name], "value": value}
