"""Rows of a table: each view as cells, whose columns are known before there is one."""

from collections.abc import Iterable
from functools import cache
from typing import Any

import msgspec

from attendance.adapters.http.server.bodies.validation import entry_of

BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")

Cell = str | float | bool | None
Path = tuple[str, ...]


@cache
def collection_of(kind: type[msgspec.Struct]) -> tuple[str, type[msgspec.Struct]]:
    """The name of the list that a view is about, and what is in it."""
    lists = ((field.encode_name, entry_of(field.type)) for field in msgspec.structs.fields(kind))
    return next((name, entry) for name, entry in lists if entry)


@cache
def columns_of(
    kind: type[msgspec.Struct], hidden: frozenset[str] = frozenset(), in_front: tuple[str, ...] = ()
) -> tuple[Path, ...]:
    """Where the values of a view are, but for `hidden` fields; with those of nested views each by itself."""
    fields = {it.encode_name: it.type for it in msgspec.structs.fields(kind) if it.encode_name not in hidden}
    names = dict.fromkeys([*(name for name in in_front if name in fields), *fields])
    return tuple((name, *path) for name in names for path in _inside(fields[name]))


def _inside(kind: Any) -> tuple[Path, ...]:
    """Where the values of a nested view are; of anything else it is one value."""
    info = msgspec.inspect.type_info(kind)
    for it in info.types if isinstance(info, msgspec.inspect.UnionType) else (info,):
        if isinstance(it, msgspec.inspect.StructType):
            return columns_of(it.cls)
    return ((),)


def cells(view: Any, columns: Iterable[Path]) -> list[Cell]:
    """What a view says in each column, as its JSON says it."""
    told = msgspec.to_builtins(view)
    return [_cell(_found(told, path)) for path in columns]


def _found(told: Any, path: Path) -> Any:
    for name in path:
        told = None if told is None else told.get(name)
    return told


def _cell(value: Any) -> Cell:
    """One value as it is, plain ones of a list with blanks between them, anything else as JSON."""
    match value:
        case str():
            return harmless(value)
        case [] | None:
            return None
        case [*entries] if not any(isinstance(it, dict | list) for it in entries):
            return harmless(" ".join(map(str, entries)))
        case dict() | list():
            return msgspec.json.encode(value).decode()
    plain: Cell = value
    return plain


def harmless(text: str) -> str:
    """The text so that no program takes it for a formula."""
    return f"'{text}" if text.startswith(BEGINS_A_FORMULA) else text
