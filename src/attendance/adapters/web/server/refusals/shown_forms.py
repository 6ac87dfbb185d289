"""The forms of a page that is shown: what each of their fields holds, and how people know it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from html.parser import HTMLParser

VERSION = "version"
TICKED = "✓"
_TYPED_INTO = frozenset({"text", "date", "time", "number", "email", "tel", "url", "search", "month"})


@dataclass(slots=True)
class Field:
    """A field that people fill in: what it sends, how that is shown, and how it is called.

    `group` is the legend around it; `is_box`: one to tick, which sends nothing where it is not ticked;
    `options`: what a list shows for each of its values.
    """

    value: str = ""
    shown: str = ""
    label: str = ""
    group: str = ""
    is_box: bool = False
    options: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class ShownForm:
    """A form of a page; `version` is where in the page its version stands, from where to where.

    `row_key`: the fields by which a row of several is the same one, `data-key` of its fieldset; without it
    that is the first field. `row_fixed`: those without which it is another one, `data-fixed` of the fieldset.
    """

    action: str | None
    method: str
    fields: dict[str, Field] = field(default_factory=dict)
    version: tuple[int, int] | None = None
    row_key: tuple[str, ...] = ()
    row_fixed: tuple[str, ...] = ()

    @property
    def hashes(self) -> str:
        """What `was` says of it."""
        return " ".join(f"{name}:{hash_of(each.value)}" for name, each in self.fields.items())


class Forms(HTMLParser):
    """The forms of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.forms: list[ShownForm] = []
        self._lines = [0, *(found.end() for found in re.finditer("\n", html))]
        self._form: ShownForm | None = None
        self._labels: dict[str, str] = {}
        self._ids: dict[str, Field] = {}
        self._legends: list[str] = []
        self._text: list[str] = []
        self._label_of = ""
        self._filled: Field | None = None
        self._option: str | None = None
        self._value = ""
        self._is_first = False
        self._boxes: list[tuple[str, Mapping[str, str | None]]] = []
        self.feed(html)
        for name, each in self._ids.items():
            each.label = self._labels.get(name, each.label)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        match tag:
            case "form":
                self._form = ShownForm(given.get("action"), (given.get("method") or "get").lower())
                self.forms.append(self._form)
            case "fieldset":
                self._legends.append("")
                if self._form is not None and (key := given.get("data-key")):
                    self._form.row_key = tuple(key.split())
                    self._form.row_fixed = tuple((given.get("data-fixed") or "").split())
            case "legend":
                self._text = []
            case "label":
                self._label_of, self._text, self._boxes = given.get("for") or "", [], []
            case "option":
                self._text, self._value = [], given.get("value") or ""
                # where none is selected, browsers send the first
                is_sent = "selected" in given or self._is_first
                self._option = self._value if is_sent else None
                self._is_first = False
            case "input" | "textarea" | "select" if self._form is not None and given.get("name"):
                self._add(tag, given, self._form)

    def _add(self, tag: str, given: Mapping[str, str | None], form: ShownForm) -> None:
        name, kind = given["name"] or "", given.get("type") or "text"
        if tag == "input" and kind in ("radio", "checkbox"):
            self._boxes.append((name, given))
            return
        if tag == "input" and name == VERSION and kind == "hidden":
            line, column = self.getpos()
            start = self._lines[line - 1] + column
            form.version = start, start + len(self.get_starttag_text() or "")
        if tag == "input" and kind not in _TYPED_INTO:
            return
        found = form.fields[name] = Field(group=self._legend)
        self._ids[given.get("id") or name] = found
        if tag == "input":
            found.value = found.shown = given.get("value") or ""
        else:
            self._filled, self._text, self._is_first = found, [], tag == "select"

    def handle_endtag(self, tag: str) -> None:
        text = "".join(self._text)
        words = " ".join(text.split())
        match tag:
            case "form":
                self._form = None
            case "fieldset" if self._legends:
                self._legends.pop()
            case "legend" if self._legends:
                self._legends[-1] = words
            case "label":
                self._end_label(words)
            case "textarea" if self._filled is not None:
                self._filled.value, self._filled.shown = text.removeprefix("\n"), words
                self._filled = None
            case "option" if self._filled is not None:
                self._filled.options[self._value] = words
                if self._option is not None:
                    self._filled.value, self._filled.shown = self._option, words
            case "select":
                self._filled = None

    def _end_label(self, words: str) -> None:
        for name, box in self._boxes:
            if self._form is None:
                continue
            is_ticked, value = "checked" in box, box.get("value") or ""
            if box["type"] == "radio":
                found = self._form.fields.setdefault(name, Field(label=self._legend))
                if is_ticked:
                    found.value, found.shown = value, words
            else:
                found = Field(label=words, group=self._legend, is_box=True)
                self._form.fields[name] = found
                if is_ticked:
                    found.value, found.shown = value, TICKED
        if self._label_of:
            self._labels[self._label_of] = words
        self._boxes = []

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    @property
    def _legend(self) -> str:
        return self._legends[-1] if self._legends else ""


def hash_of(value: str) -> str:
    """The same for what a browser sends of a field and for what the page says is in it."""
    lines = (line.rstrip() for line in value.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return sha256("\n".join(lines).strip().encode("utf-8", "replace")).hexdigest()[:10]


NOTHING = hash_of("")


def form_of(html: str, path: str) -> ShownForm | None:
    """The form of a page that is sent to a path."""
    forms = (each for each in Forms(html).forms if each.method == "post")
    return next((each for each in forms if (each.action or path) == path), None)


def called(each: Field) -> str:
    """A field in a sentence: with the row or the choice that it is one of."""
    return ", ".join([text for text in (each.group, each.label) if text])
