"""What is stored now, beside what somebody typed into the same form: told when somebody else was faster."""

from collections.abc import Iterator, Mapping
from html.parser import HTMLParser

TICKED = "✓"
_TYPED_INTO = frozenset({"text", "date", "time", "number", "email", "tel", "url", "search", "month"})


class _Fields(HTMLParser):
    """The fields of a page that people fill in, by their ids: what each is called, and what is in it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.labels: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self._text: list[str] = []
        self._legend = ""
        self._label_of = ""
        self._field = ""
        self._is_chosen = False
        self._box: dict[str, str | None] | None = None
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        field = given.get("id") or given.get("name") or ""
        match tag:
            case "label":
                self._label_of, self._text, self._box = given.get("for") or "", [], None
            case "legend":
                self._text = []
            case "input" if given.get("type", "text") in _TYPED_INTO:
                self.values[field] = given.get("value") or ""
            case "input" if given.get("type") in ("radio", "checkbox"):
                self._box = given
            case "textarea" | "select":
                self._field, self._text = field, []
                self.values[field] = ""
            case "option":
                self._is_chosen, self._text = "selected" in given, []

    def handle_endtag(self, tag: str) -> None:
        text = " ".join("".join(self._text).split())
        match tag:
            case "legend":
                self._legend = text
            case "label" if self._box is not None:
                self._add_box(self._box, text)
            case "label" if self._label_of:
                self.labels[self._label_of] = text
            case "textarea":
                self.values[self._field] = text
            case "option" if self._is_chosen:
                self.values[self._field] = text

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def _add_box(self, box: Mapping[str, str | None], text: str) -> None:
        """Those of which one is chosen are one field, called by their legend; one to tick is its own."""
        name, is_ticked = box.get("name") or "", "checked" in box
        if box["type"] == "radio":
            self.labels[name] = self._legend
            self.values[name] = text if is_ticked else self.values.get(name, "")
        else:
            field = f"{name}={box.get('value')}"
            self.labels[field], self.values[field] = text, TICKED if is_ticked else ""


def stored_instead(typed: str, stored: str) -> Iterator[Mapping[str, str]]:
    """What is in the fields of a page as it is stored, where that is not what was typed.

    `typed` and `stored` are the same page with each. A `field` is called by its label, a `value` is "" for
    nothing.
    """
    before, now = _Fields(typed), _Fields(stored)
    for field, value in now.values.items():
        if now.labels.get(field) and before.values.get(field) != value:
            yield {"field": now.labels[field], "value": value}
