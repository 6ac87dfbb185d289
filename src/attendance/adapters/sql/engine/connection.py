"""The connection of one unit of work."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

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
