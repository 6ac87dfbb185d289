"""Forms that somebody else was faster with: what one touched stays as typed, the rest is as it is stored now.

Every form with a `version` carries with it, in `was`, what its fields held when it was shown: of each field a
short hash, so that a form with long texts does not become twice as long.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from html.parser import HTMLParser

from attendance.adapters.web.server.forms import Typed

WAS = "was"
VERSION = "version"
TICKED = "✓"
_TYPED_INTO = frozenset({"text", "date", "time", "number", "email", "tel", "url", "search", "month"})
_VALUE = re.compile('value="([^"]*)"')
_OF_A_ROW = re.compile(r".+-[0-9]{1,2}")


@dataclass(slots=True)
class Field:
    """A field that people fill in: what it sends, how that is shown, and how it is called.

    `group` is the legend around it; `is_box`: one to tick, which sends nothing where it is not ticked.
    """

    value: str = ""
    shown: str = ""
    label: str = ""
    group: str = ""
    is_box: bool = False


@dataclass(slots=True)
class ShownForm:
    """A form of a page; `version` is where in the page its version stands, from where to where."""

    action: str | None
    method: str
    fields: dict[str, Field] = field(default_factory=dict)
    version: tuple[int, int] | None = None

    @property
    def hashes(self) -> str:
        """What `was` says of it."""
        return " ".join(f"{name}:{hash_of(each.value)}" for name, each in self.fields.items())


class _Forms(HTMLParser):
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
            case "legend":
                self._text = []
            case "label":
                self._label_of, self._text, self._boxes = given.get("for") or "", [], []
            case "option":
                self._text = []
                # where none is selected, browsers send the first
                is_sent = "selected" in given or self._is_first
                self._option = (given.get("value") or "") if is_sent else None
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
            case "option" if self._filled is not None and self._option is not None:
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


def form_of(html: str, path: str) -> ShownForm | None:
    """The form of a page that is sent to a path."""
    forms = (each for each in _Forms(html).forms if each.method == "post")
    return next((each for each in forms if (each.action or path) == path), None)


ShownAgain = Callable[[ShownForm, str], tuple[str, str] | None]
"""The version and the `was` of a form that is shown again; None for one as it is stored."""


def with_what_was(html: str, shown_again: ShownAgain | None = None) -> str:
    """A page whose forms with a version say in `was` what was in them."""
    if f'name="{VERSION}"' not in html:
        return html
    parts, at = [], 0
    for form in _Forms(html).forms:
        if form.version is None:
            continue
        start, end = form.version
        tag, was = html[start:end], form.hashes
        version = _VALUE.search(tag)
        if shown_again and (again := shown_again(form, version[1] if version else "")):
            tag, was = f'<input type="hidden" name="{VERSION}" value="{escape(again[0])}">', again[1]
        if was:
            tag += f'<input type="hidden" name="{WAS}" value="{escape(was)}">'
        parts += [html[at:start], tag]
        at = end
    return "".join([*parts, html[at:]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """What a form holds after somebody else was faster.

    `typed`: its fields. `changed`: what the fields that were not touched are called, of those that hold
    something else now. `both`: the fields that both have changed, which hold what was typed, by their names.
    `undone`: what was typed into rows that are shown as they are stored: how the field is called, and what
    it was.
    """

    typed: Typed
    changed: list[str]
    both: Mapping[str, Field]
    undone: list[tuple[str, str]]


def merged(typed: Typed, stored: ShownForm) -> Merged:
    """A form that was sent, with what somebody else has stored since it was shown."""
    was = dict(each.rpartition(":")[::2] for each in typed[WAS].split())
    form = Typed({name: text for name, text in typed.items() if name != WAS})
    changed: list[str] = []
    both: dict[str, Field] = {}
    undone: list[tuple[str, str]] = []
    rows = {name: each for name, each in stored.fields.items() if _OF_A_ROW.fullmatch(name)}
    if rows and _have_changed(rows, was, typed):
        changed, undone = [*_changed_rows(rows, was, typed)], [*_typed_into_rows(rows, was, typed)]
        form = Typed({name: text for name, text in form.items() if not _OF_A_ROW.fullmatch(name)})
    for name, each in stored.fields.items():
        if name in rows:
            continue
        mine, theirs = hash_of(typed[name]), hash_of(each.value)
        if mine == theirs:
            continue
        is_touched = was[name] != mine if name in was else name in typed
        if is_touched:
            if was.get(name) != theirs:
                both[name] = each
            continue
        changed.append(_called(each))
        if each.is_box and not each.value:
            form.pop(name, None)
        else:
            form[name] = each.value
    return Merged(typed=form, changed=changed, both=both, undone=undone)


def _have_changed(rows: Mapping[str, Field], was: Mapping[str, str], typed: Typed) -> bool:
    """Whether somebody else has changed, added or removed a row; where that is not known: any differs."""
    if not was:
        return any(hash_of(typed[name]) != hash_of(each.value) for name, each in rows.items())
    before = {name: value for name, value in was.items() if _OF_A_ROW.fullmatch(name)}
    return before != {name: hash_of(each.value) for name, each in rows.items()}


def _changed_rows(rows: Mapping[str, Field], was: Mapping[str, str], typed: Typed) -> Iterator[str]:
    """What somebody else has changed in rows, and what stands there now."""
    for name, each in rows.items():
        before = was.get(name) or (hash_of(typed[name]) if name in typed else None)
        if before != hash_of(each.value) and (each.shown or before is not None):
            yield f"{_called(each)}: {each.shown or '–'}"


def _typed_into_rows(
    rows: Mapping[str, Field], was: Mapping[str, str], typed: Typed
) -> Iterator[tuple[str, str]]:
    for name, text in typed.items():
        if not _OF_A_ROW.fullmatch(name) or (was and was.get(name) == hash_of(text)):
            continue
        each = rows.get(name)
        if each is None or hash_of(each.value) != hash_of(text):
            yield (_called(each) if each else name, text.strip())


def _called(each: Field) -> str:
    """A field in a sentence: with the row or the choice that it is one of."""
    return ", ".join([text for text in (each.group, each.label) if text])
