"""PostgreSQL. The one module that needs psycopg: `attendance[postgres]`."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from psycopg import errors
from sqlalchemy import Executable
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from attendance.adapters.sql.engine.databases import PooledDatabase, begun, pool_options
from attendance.adapters.sql.engine.statements import Answer

CONNECT_TIMEOUT_S = 3
STATEMENT_TIMEOUT_MS = 10_000
LOCK_TIMEOUT_MS = 5_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000

# PostgreSQL's own placeholders, $1 and on: psycopg's would have to be looked for in every statement
NUMBERED: sa.Dialect = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]

POSTGRES_SETTINGS = {
    "statement_timeout": STATEMENT_TIMEOUT_MS,
    "lock_timeout": LOCK_TIMEOUT_MS,
    "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT_MS,
    "default_transaction_isolation": r"read\ committed",
    "timezone": "UTC",
}

CONTENDED = (errors.SerializationFailure, errors.DeadlockDetected)
"""Another transaction got in the way."""

UNAVAILABLE = (psycopg.OperationalError, psycopg.InterfaceError, errors.ReadOnlySqlTransaction)
"""The server is away, or does not write at the moment. CONTENDED goes before: those are OperationalErrors."""


class Postgres(PooledDatabase):
    def __init__(self, url: sa.URL, pool_size: int) -> None:
        super().__init__(_engine(url, pool_size), NUMBERED)

    @contextmanager
    def transaction(self, connection: Any) -> Iterator[None]:
        with begun(connection, "BEGIN"):
            yield

    @contextmanager
    def shared_transaction(self, connection: Any) -> Iterator[Any]:
        # the server itself lets those commit together who are at it at once
        with begun(connection, "BEGIN"):
            yield connection

    def run(self, connection: Any, statement: Executable, parameters: Mapping[str, Any]) -> Answer:
        prepared = self._prepared(statement, parameters)
        cursor = psycopg.RawCursor(connection)
        cursor.execute(prepared.sql.encode(), prepared.values(parameters))
        return prepared.answer(cursor)

    def is_in_transaction(self, connection: Any) -> bool:
        return bool(connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS)

    def is_idle(self, connection: Any) -> bool:
        return bool(connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE)


def broken_constraint(error: psycopg.Error) -> str | None:
    """The name of the unique constraint that a statement would have broken, "" for one without a name.

    None where it was something else.
    """
    return (error.diag.constraint_name or "") if isinstance(error, errors.UniqueViolation) else None


def _engine(url: sa.URL, pool_size: int) -> sa.Engine:
    # PostgreSQL takes the last word: the URL's options (a search_path) come first, what we rely on after them
    theirs = url.query.get("options", "")
    options = [theirs] if isinstance(theirs, str) else [*theirs]
    options += [f"-c {name}={value}" for name, value in POSTGRES_SETTINGS.items()]
    connect_args: dict[str, Any] = {"options": " ".join(filter(None, options))}
    if "connect_timeout" not in url.query:
        connect_args["connect_timeout"] = CONNECT_TIMEOUT_S
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg").difference_update_query(["options"]),
        connect_args=connect_args,
        **pool_options(pool_size),
    )
