"""One connection at work for one unit."""

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Executable
from sqlalchemy.dialects import postgresql, sqlite

from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.statements import Answer

Statements: TypeAlias = Mapping[str, Executable]
"""One statement per dialect, by the dialect's name."""

insert_into: Mapping[str, Any] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


@dataclass(frozen=True, slots=True)
class Work:
    """Runs statements; `turn()` makes several of them one transaction where the unit is none already."""

    connection: Any
    """The driver's own, in autocommit mode."""
    database: Database
    is_one_transaction: bool

    def run(self, statement: Executable | Statements, parameters: Mapping[str, Any]) -> Answer:
        if isinstance(statement, Mapping):
            statement = statement[self.dialect]
        return self.database.run(self.connection, statement, parameters)

    @property
    def dialect(self) -> str:
        return self.database.engine.dialect.name

    def transaction(self) -> AbstractContextManager[None]:
        return nullcontext() if self.is_one_transaction else self.database.transaction(self.connection)
