"""Rows of a table: each view as cells, whose columns are known before there is one."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from functools import cache
from typing import Any

import msgspec

from attendance.adapters.http.server.bodies.meaning import MEANING, plain_type
from attendance.adapters.http.server.bodies.validation import entry_of

BEGINS_A_FORMULA = re.compile(r" *[=+\-@\t\r]")
NO_FORMULA = re.compile(r"[0-9 +\-().,/]*")
"""Such as a telephone number or an amount."""

Cell = str | float | bool | None
Value = str | float | bool | Decimal | date | datetime | time | None
Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """Where the values of a column are in a view, and what their texts mean where that is no text."""

    path: Path
    meaning: Callable[[str], Any] | None = None

    @property
    def name(self) -> str:
        return ".".join(self.path)


@cache
def collection_of(kind: type[msgspec.Struct]) -> tuple[str, type[msgspec.Struct]]:
    """The name of the list that a view is about, and what is in it."""
    lists = ((field.encode_name, entry_of(field.type)) for field in msgspec.structs.fields(kind))
    return next((name, entry) for name, entry in lists if entry)


@cache
def columns_of(
    kind: type[msgspec.Struct], hidden: frozenset[str] = frozenset(), in_front: tuple[str, ...] = ()
) -> tuple[Column, ...]:
    """The columns of a view, but for `hidden` fields; with those of nested views each by itself."""
    fields = {it.encode_name: it.type for it in msgspec.structs.fields(kind) if it.encode_name not in hidden}
    names = dict.fromkeys([*(name for name in in_front if name in fields), *fields])
    return tuple(
        Column((name, *inner.path), inner.meaning) for name in names for inner in _inside(fields[name])
    )


def _inside(kind: Any) -> tuple[Column, ...]:
    """The columns of a nested view; of anything else it is one."""
    info = msgspec.inspect.type_info(kind)
    for it in info.types if isinstance(info, msgspec.inspect.UnionType) else (info,):
        if isinstance(it, msgspec.inspect.StructType):
            return columns_of(it.cls)
    plain, extra = plain_type(kind)
    return (Column((), extra.get(MEANING) if plain is str else None),)


def cells(view: Any, columns: Iterable[Column]) -> list[Cell]:
    """What a view says in each column, as its JSON says it, and harmless."""
    content = msgspec.to_builtins(view)
    return [_harmless_cell(_found(content, column.path)) for column in columns]


def values(view: Any, columns: Iterable[Column]) -> list[Value]:
    """What a view says in each column: dates, instants, times of day and amounts as such."""
    content = msgspec.to_builtins(view, builtin_types=(date, datetime))
    return [_value(_found(content, column.path), column.meaning) for column in columns]


def _found(content: Any, path: Path) -> Any:
    for name in path:
        content = None if content is None else content.get(name)
    return content


def _value(content: Any, meaning: Callable[[str], Any] | None) -> Value:
    if isinstance(content, str) and meaning is not None:
        meant = meaning(content)
        return meant if isinstance(meant, time | Decimal) else content
    return content if isinstance(content, date) else _cell(msgspec.to_builtins(content))


def _cell(content: Any) -> Cell:
    """One value as it is, plain ones of a list with blanks between them, anything else as JSON."""
    match content:
        case [] | None:
            return None
        case [*entries] if not any(isinstance(it, dict | list) for it in entries):
            return " ".join(map(str, entries))
        case dict() | list():
            return msgspec.json.encode(content).decode()
    plain: Cell = content
    return plain


def _harmless_cell(content: Any) -> Cell:
    cell = _cell(content)
    return harmless(cell) if isinstance(cell, str) else cell


def harmless(text: str) -> str:
    """The text so that no program that reads CSV takes it for a formula."""
    if not BEGINS_A_FORMULA.match(text) or NO_FORMULA.fullmatch(text):
        return text
    return f"'{text}"
