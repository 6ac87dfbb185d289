"""Statements written in SQLAlchemy Core, compiled once and run straight on the driver.

Core's own execution costs more than the driver's: a connection, a context and a result for each statement.
What it gives beyond the compiled text, the conversions of its types, is kept.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Protocol, TypeVar
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy import Dialect, Executable
from sqlalchemy.sql.type_api import TypeEngine

N = TypeVar("N", bound=tuple[Any, ...])


UUIDS: Any = list[UUID | None]


class Cursor(Protocol):
    """What both drivers' cursors have in common."""

    @property
    def rowcount(self) -> int: ...

    def fetchall(self) -> Sequence[Sequence[Any]]: ...


class Answer:
    """The rows of a statement, named after its columns, and how many rows it changed."""

    __slots__ = ("rowcount", "rows")

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        self.rows = rows
        self.rowcount = rowcount

    def one_or_none(self) -> Any:
        """The only row, if there is one."""
        return self.rows[0] if self.rows else None


class Prepared:
    """A statement as one dialect says it, with what its types do to values on the way in and out."""

    def __init__(self, statement: Executable, dialect: Dialect, names: Sequence[str]) -> None:
        compiled: Any = statement.compile(dialect=dialect, column_keys=list(names))  # type: ignore[attr-defined]
        self.sql: str = compiled.string
        self.encoded = self.sql.encode()
        self._constants = {name: bind.value for name, bind in compiled.binds.items() if not bind.required}
        self._given = [
            (name, _conversion(compiled.binds[name].type, dialect, "bind_processor"))
            for name in compiled.positiontup
        ]
        self.is_read = isinstance(statement, sa.Select)
        columns = list(statement.selected_columns) if isinstance(statement, sa.Select) else []
        self.named = made_by(namedtuple("Row", [str(column.key) for column in columns]))
        """What makes a row of a driver's whose values need no conversion."""
        self._conversions = [
            (position, convert)
            for position, column in enumerate(columns)
            if (convert := _conversion(column.type, dialect, "result_processor"))
        ]
        self.is_plain = not self._conversions

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """What stands for the placeholders, in their order. Raises KeyError for one that is not given."""
        known = {**self._constants, **parameters} if self._constants else parameters
        return [convert(known[name]) if convert else known[name] for name, convert in self._given]

    def answer(self, cursor: Cursor) -> Answer:
        return Answer(self.rows(cursor.fetchall()) if self.is_read else [], cursor.rowcount)

    def rows(self, sent: Sequence[Sequence[Any]]) -> list[Any]:
        """The rows of a driver's, converted and with names."""
        if self.is_plain or not sent:
            return [*map(self.named, sent)]
        if len(sent) == 1:
            row = list(sent[0])
            for position, convert in self._conversions:
                row[position] = convert(row[position])
            return [self.named(row)]
        # column by column, which leaves most of it to code in C
        columns: list[Any] = [*zip(*sent, strict=True)]
        for position, convert in self._conversions:
            column = columns[position]
            columns[position] = as_uuids(column) if convert is as_uuid else map(convert, column)
        return [*map(self.named, zip(*columns, strict=True))]


def _conversion(kind: TypeEngine[Any], dialect: Dialect, direction: str) -> Callable[[Any], Any] | None:
    implementation = kind.dialect_impl(dialect)
    if direction == "bind_processor":
        return implementation.bind_processor(dialect)
    convert = implementation.result_processor(dialect, None)
    return as_uuid if convert and isinstance(implementation, sa.Uuid) else convert


def as_uuid(value: str | None) -> UUID | None:
    """What Core makes of a text, in a quarter of the time."""
    return None if value is None else msgspec.convert(value, UUID)


def as_uuids(values: Sequence[str | None]) -> list[UUID | None]:
    """The same of many, in half of that again."""
    # whose all are: an owner, say
    if values.count(values[0]) == len(values):
        return [as_uuid(values[0])] * len(values)
    converted: list[UUID | None] = msgspec.convert(values, UUIDS)
    return converted


def made_by(kind: type[N]) -> Callable[[Sequence[Any]], N]:
    """What makes a named tuple of its values, like `_make`, which is a function of Python's."""
    return partial(tuple.__new__, kind)
