"""Rows of a form that two people have changed, each found again by what is in it."""

import re
from collections.abc import Mapping
from typing import TypeVar

from attendance.adapters.web.server.forms import Typed
from attendance.adapters.web.server.refusals.shown_forms import NOTHING, Field, ShownForm, called, hash_of

OF_A_ROW = re.compile(r".+-[0-9]{1,2}")
MOST_ROWS = 100
T = TypeVar("T")

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
        self._now = by_number(stored.fields)
        self._before = by_number(was)
        self._typed = by_number(typed)
        self._fields = [*next(iter(self._now.values()))]
        self._key = stored.row_key or (self._fields[0],)
        self._fixed = stored.row_fixed
        left = [number for number, row in self._before.items() if self._is_filled(row)]
        for number, before in self._found_again(left).items():
            if before is None:
                self._is_new(number, self._now[number])
            else:
                left.remove(before)
                self._merge(number, self._now[number], self._before[before], self._typed.get(before, {}))
        for number in left:
            self._is_gone(number)
        self._add_typed()

    def _found_again(self, left: list[int]) -> dict[int, int | None]:
        """Which row each that is stored now was before, by their numbers; None: it is new.

        That of the same key; else, of the rest, that with which it has the most fields in common, at least
        half of them and those that are fixed: somebody else has changed the others.
        """
        hashes = {
            number: {name: hash_of(each.value) for name, each in row.items()}
            for number, row in self._now.items()
        }
        found: dict[int, int | None] = {n: None for n, row in hashes.items() if self._is_filled(row)}
        rest = [*left]
        for number in found:
            same = (it for it in rest if self._key_of(self._before[it]) == self._key_of(hashes[number]))
            if (before := next(same, None)) is not None:
                found[number] = before
                rest.remove(before)
        alike = {
            (number, it): self._in_common(self._before[it], hashes[number])
            for number, before in found.items()
            for it in rest
            if before is None
        }
        for (number, it), common in sorted(alike.items(), key=lambda each: -each[1]):
            if common and found[number] is None and it in rest:
                found[number] = it
                rest.remove(it)
        return found

    def _in_common(self, before: Hashes, now: Hashes) -> int:
        """How many fields of two rows hold the same; 0 where they are not the same row."""
        same = [name for name in self._fields if before.get(name, NOTHING) == now.get(name, NOTHING)]
        is_same_row = {*self._fixed} <= {*same} and 2 * len(same) >= len(self._fields)
        return len(same) if is_same_row else 0

    def _merge(self, number: int, now: Mapping[str, Field], before: Hashes, typed: Mapping[str, str]) -> None:
        for name, each in now.items():
            text, was = typed.get(name, ""), before.get(name, NOTHING)
            mine, theirs = hash_of(text), hash_of(each.value)
            self.form[f"{name}-{number}"] = each.value if mine == was else text
            if mine == was and theirs != was:
                self.changed.append(f"{called(each)}: {each.shown or '–'}")
            elif theirs not in (mine, was):
                self.both[f"{name}-{number}"] = each

    def _is_new(self, number: int, now: Mapping[str, Field]) -> None:
        self.form |= {f"{name}-{number}": each.value for name, each in now.items()}
        self.changed += [f"{called(each)}: {each.shown}" for each in now.values() if each.shown]

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
        taken = {*by_number(self.form)}
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
        return called(row[name]) if row else name


def by_number(fields: Mapping[str, T]) -> dict[int, dict[str, T]]:
    """The rows of fields that are called `<name>-<number>`, in order."""
    rows: dict[int, dict[str, T]] = {}
    for name, each in fields.items():
        if OF_A_ROW.fullmatch(name):
            field_name, _, number = name.rpartition("-")
            rows.setdefault(int(number), {})[field_name] = each
    return dict(sorted(rows.items()))
