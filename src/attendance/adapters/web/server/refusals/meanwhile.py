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
from typing import TypeVar

from attendance.adapters.web.server.forms import Typed

WAS = "was"
VERSION = "version"
TICKED = "✓"
_TYPED_INTO = frozenset({"text", "date", "time", "number", "email", "tel", "url", "search", "month"})
_VALUE = re.compile('value="([^"]*)"')
_OF_A_ROW = re.compile(r".+-[0-9]{1,2}")
MOST_ROWS = 100
T = TypeVar("T")


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
    that is the first field.
    """

    action: str | None
    method: str
    fields: dict[str, Field] = field(default_factory=dict)
    version: tuple[int, int] | None = None
    row_key: tuple[str, ...] = ()

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
        form = Typed({name: text for name, text in form.items() if not _OF_A_ROW.fullmatch(name)})
        if was:
            merger = RowMerger(stored, was, typed)
            form |= merger.form
            changed, both, undone = merger.changed, merger.both, merger.undone
        else:
            # which rows were touched is not known
            changed, undone = [*_changed_rows(rows, typed)], [*_typed_into_rows(rows, typed)]
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


Hashes = Mapping[str, str]
"""Of a row: what its fields hold, by their names without its number."""


class RowMerger:
    """Rows that two people have changed, each found again by its key: what its key fields held.

    `form` has them where they are stored, then those that were added here; the rest is as in `Merged`. A row
    that is gone meanwhile stays gone.
    """

    def __init__(self, stored: ShownForm, was: Hashes, typed: Typed) -> None:
        self.form = Typed()
        self.changed: list[str] = []
        self.both: dict[str, Field] = {}
        self.undone: list[tuple[str, str]] = []
        self._now = _by_number(stored.fields)
        self._before = _by_number(was)
        self._typed = _by_number(typed)
        self._fields = [*next(iter(self._now.values()))]
        self._key = stored.row_key or (self._fields[0],)
        left = [number for number, row in self._before.items() if self._is_filled(row)]
        for number, row in self._now.items():
            hashes = {name: hash_of(each.value) for name, each in row.items()}
            if not self._is_filled(hashes):
                continue
            same = (each for each in left if self._key_of(self._before[each]) == self._key_of(hashes))
            before = next(same, None)
            if before is None:
                self._is_new(number, row)
            else:
                left.remove(before)
                self._merge(number, row, self._before[before], self._typed.get(before, {}))
        for number in left:
            self._is_gone(number)
        self._add_typed()

    def _merge(self, number: int, now: Mapping[str, Field], before: Hashes, typed: Mapping[str, str]) -> None:
        for name, each in now.items():
            text, was = typed.get(name, ""), before.get(name, NOTHING)
            mine, theirs = hash_of(text), hash_of(each.value)
            self.form[f"{name}-{number}"] = each.value if mine == was else text
            if mine == was and theirs != was:
                self.changed.append(f"{_called(each)}: {each.shown or '–'}")
            elif theirs not in (mine, was):
                self.both[f"{name}-{number}"] = each

    def _is_new(self, number: int, now: Mapping[str, Field]) -> None:
        self.form |= {f"{name}-{number}": each.value for name, each in now.items()}
        self.changed += [f"{_called(each)}: {each.shown}" for each in now.values() if each.shown]

    def _is_gone(self, number: int) -> None:
        before, typed = self._before[number], self._typed.get(number, {})
        touched = [name for name in self._fields if hash_of(typed.get(name, "")) != before.get(name, NOTHING)]
        if self._fields[0] in touched and not typed.get(self._fields[0], "").strip():
            # taken away here, too
            return
        if not touched:
            shown = [self._shown(name, typed[name]) for name in self._key if typed.get(name)]
            self.changed.append(f"{', '.join(shown)}: –")
        self.undone += [(self._called(name, number), typed.get(name, "").strip()) for name in touched]

    def _add_typed(self) -> None:
        """Put what was typed into empty rows where rows are empty still, and behind them."""
        taken = {*_by_number(self.form)}
        stored = {tuple(hash_of(each.value) for each in row.values()) for row in self._now.values()}
        free = (number for number in range(MOST_ROWS) if number not in taken)
        for number, row in self._typed.items():
            was_filled = self._is_filled(self._before.get(number, {}))
            text = {name: row.get(name, "") for name in self._fields}
            if was_filled or not text[self._fields[0]].strip():
                continue
            if tuple(map(hash_of, text.values())) not in stored:
                at = next(free)
                taken.add(at)
                self.form |= {f"{name}-{at}": value for name, value in text.items()}
        for number, now in self._now.items():
            if number not in taken:
                self.form |= {f"{name}-{number}": each.value for name, each in now.items()}

    def _is_filled(self, row: Hashes) -> bool:
        return row.get(self._fields[0], NOTHING) != NOTHING

    def _key_of(self, row: Hashes) -> tuple[str, ...]:
        return tuple(row.get(name, NOTHING) for name in self._key)

    def _shown(self, name: str, text: str) -> str:
        """What a field shows where it holds a text."""
        return next(iter(self._now.values()))[name].options.get(text, text)

    def _called(self, name: str, number: int) -> str:
        row = self._now.get(number)
        return _called(row[name]) if row else name


def _by_number(fields: Mapping[str, T]) -> dict[int, dict[str, T]]:
    """The rows of fields that are called `<name>-<number>`, in order."""
    rows: dict[int, dict[str, T]] = {}
    for name, each in fields.items():
        if _OF_A_ROW.fullmatch(name):
            field_name, _, number = name.rpartition("-")
            rows.setdefault(int(number), {})[field_name] = each
    return dict(sorted(rows.items()))


def _have_changed(rows: Mapping[str, Field], was: Hashes, typed: Typed) -> bool:
    """Whether somebody else has changed, added or removed a row; where that is not known: any differs."""
    if not was:
        return any(hash_of(typed[name]) != hash_of(each.value) for name, each in rows.items())
    before = {name: value for name, value in was.items() if _OF_A_ROW.fullmatch(name)}
    return before != {name: hash_of(each.value) for name, each in rows.items()}


def _changed_rows(rows: Mapping[str, Field], typed: Typed) -> Iterator[str]:
    """What stands in rows now, where something else was typed or nothing."""
    for name, each in rows.items():
        mine = hash_of(typed[name]) if name in typed else None
        if mine != hash_of(each.value) and (each.shown or mine is not None):
            yield f"{_called(each)}: {each.shown or '–'}"


def _typed_into_rows(rows: Mapping[str, Field], typed: Typed) -> Iterator[tuple[str, str]]:
    for name, text in typed.items():
        each = rows.get(name)
        if _OF_A_ROW.fullmatch(name) and (each is None or hash_of(each.value) != hash_of(text)):
            yield (_called(each) if each else name, text.strip())


def _called(each: Field) -> str:
    """A field in a sentence: with the row or the choice that it is one of."""
    return ", ".join([text for text in (each.group, each.label) if text])
