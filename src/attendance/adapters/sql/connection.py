"""One connection at work for one unit."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Connection, CursorResult, Executable
from sqlalchemy.dialects import postgresql, sqlite

from attendance.adapters.sql.databases import Database

Statements: TypeAlias = Mapping[str, Executable]
"""One statement per dialect, by the dialect's name."""

insert_into: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True)
class Work:
    """Runs statements; `turn()` makes several of them one transaction where the unit is none already."""

    connection: Connection
    database: Database
    is_one_transaction: bool

    def run(
        self, statement: Executable | Statements, parameters: Mapping[str, Any] | None = None
    ) -> CursorResult[Any]:
        if isinstance(statement, Mapping):
            statement = statement[self.dialect]
        return self.connection.execute(statement, parameters)

    @property
    def dialect(self) -> str:
        return self.connection.dialect.name

    def turn(self) -> AbstractContextManager[None]:
        return nullcontext() if self.is_one_transaction else self.database.turn(self.connection)
