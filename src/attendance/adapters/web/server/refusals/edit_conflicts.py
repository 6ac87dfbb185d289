"""Forms that somebody else was faster with: what one touched stays as typed, the rest is as it is stored now.

Every form with a `version` carries with it, in `was`, what its fields held when it was shown: of each field a
short hash, so that a form with long texts does not become twice as long.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from html import escape

from attendance.adapters.web.server.forms import Typed
from attendance.adapters.web.server.refusals.rows import OF_A_ROW, Hashes, RowMerger
from attendance.adapters.web.server.refusals.shown_forms import (
    VERSION,
    Field,
    Forms,
    ShownForm as ShownForm,
    called,
    form_of as form_of,
    hash_of,
)

WAS = "was"
_VALUE = re.compile('value="([^"]*)"')


ShownAgain = Callable[[ShownForm, str], tuple[str, str] | None]
"""The version and the `was` of a form that is shown again; None for one as it is stored."""


def with_what_was(html: str, shown_again: ShownAgain | None = None) -> str:
    """A page whose forms with a version say in `was` what was in them."""
    if f'name="{VERSION}"' not in html:
        return html
    parts, at = [], 0
    for form in Forms(html).forms:
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
    rows = {name: each for name, each in stored.fields.items() if OF_A_ROW.fullmatch(name)}
    if rows and _have_changed(rows, was, typed):
        form = Typed({name: text for name, text in form.items() if not OF_A_ROW.fullmatch(name)})
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
        changed.append(called(each))
        if each.is_box and not each.value:
            form.pop(name, None)
        else:
            form[name] = each.value
    return Merged(typed=form, changed=changed, both=both, undone=undone)


def _have_changed(rows: Mapping[str, Field], was: Hashes, typed: Typed) -> bool:
    """Whether somebody else has changed, added or removed a row; where that is not known: any differs."""
    if not was:
        return any(hash_of(typed[name]) != hash_of(each.value) for name, each in rows.items())
    before = {name: value for name, value in was.items() if OF_A_ROW.fullmatch(name)}
    return before != {name: hash_of(each.value) for name, each in rows.items()}


def _changed_rows(rows: Mapping[str, Field], typed: Typed) -> Iterator[str]:
    """What stands in rows now, where something else was typed or nothing."""
    for name, each in rows.items():
        mine = hash_of(typed[name]) if name in typed else None
        if mine != hash_of(each.value) and (each.shown or mine is not None):
            yield f"{called(each)}: {each.shown or '–'}"


def _typed_into_rows(rows: Mapping[str, Field], typed: Typed) -> Iterator[tuple[str, str]]:
    for name, text in typed.items():
        each = rows.get(name)
        if OF_A_ROW.fullmatch(name) and (each is None or hash_of(each.value) != hash_of(text)):
            yield (called(each) if each else name, text.strip())
