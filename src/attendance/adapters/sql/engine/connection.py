"""The connection of one unit of work."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import sqlalchemy as sa
from sqlalchemy import Executable, Table
from sqlalchemy.dialects import postgresql, sqlite

from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.statements import Answer

Statements: TypeAlias = Mapping[str, Executable]
"""One statement per dialect, by the dialect's name."""

insert_into: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(slots=True, eq=False)
class Connection:
    """Runs statements; `transaction()` makes several of them one where the unit of work is none already."""

    driver: Any
    """The driver's own connection, in autocommit mode."""
    database: Database
    is_one_transaction: bool

    def run(self, statement: Executable | Statements, parameters: Mapping[str, Any]) -> Answer:
        if isinstance(statement, Mapping):
            statement = statement[self.dialect]
        expected = _expected.get()
        if expected is not None and not self.is_one_transaction:
            return expected.run(self, statement, parameters)
        return self.database.run(self.driver, statement, parameters)

    @property
    def dialect(self) -> str:
        return self.database.engine.dialect.name

    @contextmanager
    def transaction(self) -> Iterator[None]:
        if self.is_one_transaction:
            yield
            return
        own = self.driver
        with self.database.shared_transaction(own) as shared:
            self.driver, self.is_one_transaction = shared, True
            try:
                yield
            finally:
                self.driver, self.is_one_transaction = own, False


class Expecting(AbstractContextManager[None]):
    """A block in which a question is expected: it goes to the database with the one before.

    The answer is for whoever asks that next, the same of the same database; anything else in between, and it
    is asked anew.
    """

    __slots__ = ("_answer", "_ask", "_database", "_is_asked", "_outer", "_question")

    def __init__(self, database: Database, ask: Callable[["NotingConnection"], object]) -> None:
        self._database, self._ask = database, ask
        self._is_asked = False
        self._answer: Answer | None = None

    def __enter__(self) -> None:
        try:
            self._ask(NotingConnection())
        except _Noted as noted:
            self._question = noted.statement, noted.parameters
        else:
            raise TypeError("nothing was asked")
        self._outer = _expected.set(self)

    def __exit__(self, *_: object) -> None:
        _expected.reset(self._outer)

    def run(self, connection: Connection, statement: Executable, parameters: Mapping[str, Any]) -> Answer:
        answer, self._answer = self._answer, None
        expected, values = self._question
        is_expected = statement is expected and parameters == values
        if answer is not None and is_expected and connection.database is self._database:
            return answer
        if self._is_asked or is_expected or connection.database is not self._database:
            return connection.database.run(connection.driver, statement, parameters)
        self._is_asked = True
        first, self._answer = self._database.run_both(
            connection.driver, (statement, parameters), self._question
        )
        return first


_expected: ContextVar[Expecting | None] = ContextVar("expected_question", default=None)


class _Noted(Exception):
    def __init__(self, statement: Executable, parameters: Mapping[str, Any]) -> None:
        self.statement, self.parameters = statement, parameters


class NotingConnection:
    """Stands for a connection where it is only noted what would be run first."""

    def run(self, statement: Executable, parameters: Mapping[str, Any]) -> NoReturn:
        raise _Noted(statement, parameters)


def upsert(table: Table, *, only_newer: bool = False) -> Statements:
    """Insert a row, or overwrite the one with its key; `only_newer`: if that is of the version before."""
    statements: dict[str, Executable] = {}
    for dialect, insert in insert_into.items():
        adding, keys = insert(table).inline(), [column.name for column in table.primary_key]
        statements[dialect] = adding.on_conflict_do_update(
            index_elements=keys,
            set_={column.name: adding.excluded[column.name] for column in table.c if column.name not in keys},
            where=table.c.version == adding.excluded.version - 1 if only_newer else None,
        )
    return statements


def delete_some(key: sa.Column[Any], *conditions: sa.ColumnElement[bool]) -> Executable:
    """Delete rows that meet the conditions, at most as many as `most`; those that others have locked stay.

    `key` is a unique column.
    """
    found = sa.select(key).where(*conditions).limit(sa.bindparam("most")).with_for_update(skip_locked=True)
    return sa.delete(key.table).where(key.in_(found))
