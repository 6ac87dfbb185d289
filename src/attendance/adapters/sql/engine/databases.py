"""SQLite and PostgreSQL: how each is connected to, and how a writing transaction begins.

Connections are in the driver's autocommit mode; the store says BEGIN and COMMIT itself, so that what it means
is what the database does.
"""

import sqlite3
from abc import abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import msgspec
import psycopg
import sqlalchemy as sa
from sqlalchemy import Engine, Executable
from sqlalchemy.dialects.postgresql.psycopg import PGDialect_psycopg

from attendance.adapters.backoff import LONGEST_WAIT_SECONDS
from attendance.adapters.sql.engine.statements import Answer, Prepared
from attendance.domain.errors import Unavailable

BUSY_TIMEOUT_MS = 100
CONNECT_TIMEOUT_S = 3
STATEMENT_TIMEOUT_MS = 10_000
LOCK_TIMEOUT_MS = 5_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000

# PostgreSQL's own placeholders, $1 and on: psycopg's would have to be looked for in every statement
NUMBERED: sa.Dialect = PGDialect_psycopg(paramstyle="numeric_dollar")  # type: ignore[no-untyped-call]
WHAT_A_URL_IS = "a database URL begins with sqlite:/// or postgresql://, or is the word memory"

SQLITE_SETTINGS = {
    "journal_mode": "wal",
    "synchronous": 2,  # FULL
    "foreign_keys": 1,
    "busy_timeout": BUSY_TIMEOUT_MS,
    "cache_size": -1024,  # KiB for each connection; the system caches the file anyway
}
POSTGRES_SETTINGS = {
    "statement_timeout": STATEMENT_TIMEOUT_MS,
    "lock_timeout": LOCK_TIMEOUT_MS,
    "idle_in_transaction_session_timeout": IDLE_IN_TRANSACTION_TIMEOUT_MS,
    "default_transaction_isolation": r"read\ committed",
    "timezone": "UTC",
}


class Database(Protocol):
    """A pool of connections to one database, and its ways of asking and of beginning to write.

    A connection here is the driver's own: `psycopg.Connection` or `sqlite3.Connection`.
    """

    engine: Engine

    @abstractmethod
    def transaction(self, connection: Any) -> AbstractContextManager[None]:
        """A block in which the connection is inside a transaction that may write."""

    @abstractmethod
    def is_in_transaction(self, connection: Any) -> bool:
        """Whether the connection lives and is in a transaction that can go on."""

    @contextmanager
    def savepoint(self, connection: Any) -> Iterator[None]:
        """A block inside a transaction whose writes are taken back when it raises; the transaction goes on.

        Raises Unavailable where there is no transaction any more.
        """
        if not self.is_in_transaction(connection):
            raise Unavailable
        connection.execute("SAVEPOINT part")
        try:
            yield
            connection.execute("RELEASE SAVEPOINT part")
        except BaseException:
            # where not even this works, the transaction is lost: see `is_in_transaction`
            with suppress(psycopg.Error, sqlite3.Error):
                connection.execute("ROLLBACK TO SAVEPOINT part")
                connection.execute("RELEASE SAVEPOINT part")
            raise

    @abstractmethod
    def run(self, connection: Any, statement: Executable, parameters: Mapping[str, Any]) -> Answer:
        """Run one statement; each is compiled once."""

    @abstractmethod
    def is_idle(self, connection: Any) -> bool:
        """Whether the connection lives and is in no transaction, so that somebody else may have it."""

    @contextmanager
    def connection(self) -> Iterator[Any]:
        """A connection from the pool, given back unless something is wrong with it."""
        pooled = self.engine.raw_connection()
        connection: Any = pooled.dbapi_connection
        try:
            yield connection
        except BaseException:
            if not self.is_idle(connection):
                pooled.invalidate()
                # whatever broke this one broke those that wait in the pool as well
                self.engine.dispose()
            raise
        finally:
            pooled.close()


def open_database(url: str, *, pool_size: int) -> Database:
    """The database behind a SQLAlchemy-like URL; raise ValueError for one that is neither of the two."""
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise ValueError(WHAT_A_URL_IS) from error
    match parsed.get_backend_name():
        case "sqlite":
            return Sqlite(_sqlite_engine(parsed, pool_size))
        case "postgresql":
            return Postgres(_postgres_engine(parsed, pool_size))
        case _:
            raise ValueError(WHAT_A_URL_IS)


@dataclass
class Postgres(Database):
    engine: Engine
    _compiled: dict[Executable, Prepared] = field(default_factory=dict)

    @contextmanager
    def transaction(self, connection: Any) -> Iterator[None]:
        with _transaction(connection, "BEGIN"):
            yield

    def run(self, connection: Any, statement: Executable, parameters: Mapping[str, Any]) -> Answer:
        prepared = self._compiled.get(statement)
        if prepared is None:
            prepared = self._compiled[statement] = Prepared(statement, NUMBERED, [*parameters])
        cursor = psycopg.RawCursor(connection)
        cursor.execute(prepared.sql.encode(), prepared.values(parameters))
        return prepared.answer(cursor)

    def is_in_transaction(self, connection: Any) -> bool:
        return bool(connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS)

    def is_idle(self, connection: Any) -> bool:
        return bool(connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE)


@dataclass
class Sqlite(Database):
    """One writer at a time. The lock lines up the writers of this process: SQLite's own waiting is unfair."""

    engine: Engine
    _compiled: dict[Executable, Prepared] = field(default_factory=dict)
    _writer: Lock = field(default_factory=Lock)

    @contextmanager
    def transaction(self, connection: Any) -> Iterator[None]:
        if not self._writer.acquire(timeout=LONGEST_WAIT_SECONDS):
            raise Unavailable
        try:
            with _transaction(connection, "BEGIN IMMEDIATE"):
                yield
        finally:
            self._writer.release()

    def run(self, connection: Any, statement: Executable, parameters: Mapping[str, Any]) -> Answer:
        prepared = self._compiled.get(statement)
        if prepared is None:
            prepared = self._compiled[statement] = Prepared(statement, self.engine.dialect, [*parameters])
        return prepared.answer(connection.execute(prepared.sql, prepared.values(parameters)))

    def is_in_transaction(self, connection: Any) -> bool:
        return bool(connection.in_transaction)

    def is_idle(self, connection: Any) -> bool:
        return not connection.in_transaction


@contextmanager
def _transaction(connection: Any, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        # where not even this works, the connection is not given back: see `Database.connection`
        with suppress(psycopg.Error, sqlite3.Error):
            connection.execute("ROLLBACK")
        raise


def _sqlite_engine(url: sa.URL, pool_size: int) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError("SQLite needs a file (sqlite:///path); to keep nothing, use `memory`")
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        # for its owner's eyes: it holds hashes of passwords, and links in mails that wait
        Path(url.database).touch(mode=0o600, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{url.database} cannot be kept there: {error}") from error
    engine = sa.create_engine(
        url.set(drivername="sqlite+pysqlite"),
        connect_args={"isolation_level": None, "check_same_thread": False},
        **_pool(pool_size),
    )

    @sa.event.listens_for(engine, "connect")
    def configure(connection: Any, _: object) -> None:
        for name, value in SQLITE_SETTINGS.items():
            connection.execute(f"PRAGMA {name} = {value}")

    return engine


def _postgres_engine(url: sa.URL, pool_size: int) -> Engine:
    options = " ".join(f"-c {name}={value}" for name, value in POSTGRES_SETTINGS.items())
    return sa.create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args={"connect_timeout": CONNECT_TIMEOUT_S, "options": options},
        **_pool(pool_size),
    )


def _pool(size: int) -> dict[str, Any]:
    return {
        "isolation_level": "AUTOCOMMIT",
        "pool_size": size,
        "max_overflow": 0,
        "pool_timeout": LONGEST_WAIT_SECONDS,
        "pool_use_lifo": True,
        "pool_reset_on_return": None,
        "poolclass": sa.QueuePool,
        "json_serializer": lambda value: msgspec.json.encode(value).decode(),
        "json_deserializer": msgspec.json.decode,
    }
