"""Statements written in SQLAlchemy Core, compiled once and run straight on the driver.

Core's own execution costs more than the driver's: a connection, a context and a result for each statement.
What it gives beyond the compiled text, the conversions of its types, is kept.
"""

from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

import msgspec
import sqlalchemy as sa
from sqlalchemy import Dialect, Executable
from sqlalchemy.sql.type_api import TypeEngine


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
        self.row = _rows_of(statement, dialect) if isinstance(statement, sa.Select) else None
        """What makes a row of a driver's, None where there are none."""
        self.is_read = self.row is not None

    def values(self, parameters: Mapping[str, Any]) -> list[Any]:
        """What stands for the placeholders, in their order. Raises KeyError for one that is not given."""
        known = {**self._constants, **parameters} if self._constants else parameters
        return [convert(known[name]) if convert else known[name] for name, convert in self._given]

    def answer(self, cursor: Cursor) -> Answer:
        rows = [self.row(row) for row in cursor.fetchall()] if self.row else []
        return Answer(rows, cursor.rowcount)


def _conversion(kind: TypeEngine[Any], dialect: Dialect, direction: str) -> Callable[[Any], Any] | None:
    implementation = kind.dialect_impl(dialect)
    if direction == "bind_processor":
        return implementation.bind_processor(dialect)
    convert = implementation.result_processor(dialect, None)
    return as_uuid if convert and isinstance(implementation, sa.Uuid) else convert


def as_uuid(value: str | None) -> UUID | None:
    """What Core makes of a text, in a quarter of the time."""
    return None if value is None else msgspec.convert(value, UUID)


def _rows_of(statement: sa.Select[Any], dialect: Dialect) -> Callable[[Sequence[Any]], Any]:
    columns = list(statement.selected_columns)
    row = namedtuple("Row", [str(column.key) for column in columns])  # type: ignore[misc]
    conversions = [
        (position, convert)
        for position, column in enumerate(columns)
        if (convert := _conversion(column.type, dialect, "result_processor"))
    ]
    if not conversions:
        return row._make

    def converted(values: Sequence[Any]) -> Any:
        converted = list(values)
        for position, convert in conversions:
            converted[position] = convert(converted[position])
        return row._make(converted)

    return converted
