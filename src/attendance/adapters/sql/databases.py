"""SQLite and PostgreSQL: how each is connected to, and how a writing transaction begins.

Connections are in the driver's autocommit mode; the store says BEGIN and COMMIT itself, so that what it means
is what the database does.
"""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from attendance.adapters.patience import LONGEST_WAIT_SECONDS
from attendance.domain.errors import Unavailable

BUSY_TIMEOUT_MS = 100
CONNECT_TIMEOUT_S = 3
STATEMENT_TIMEOUT_MS = 10_000
LOCK_TIMEOUT_MS = 5_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000

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
    """A pool of connections to one database, and its way of beginning to write."""

    engine: Engine

    @abstractmethod
    def turn(self, connection: Connection) -> Any:
        """A context in which the connection is inside a transaction that may write."""


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

    @contextmanager
    def turn(self, connection: Connection) -> Iterator[None]:
        with _transaction(connection, "BEGIN"):
            yield


@dataclass
class Sqlite(Database):
    """One writer at a time. The lock lines up the writers of this process: SQLite's own waiting is unfair."""

    engine: Engine
    _writer: Lock = field(default_factory=Lock)

    @contextmanager
    def turn(self, connection: Connection) -> Iterator[None]:
        if not self._writer.acquire(timeout=LONGEST_WAIT_SECONDS):
            raise Unavailable
        try:
            with _transaction(connection, "BEGIN IMMEDIATE"):
                yield
        finally:
            self._writer.release()


@contextmanager
def _transaction(connection: Connection, begin: str) -> Iterator[None]:
    driver: Any = connection.connection.dbapi_connection
    driver.execute(begin)
    try:
        yield
        driver.execute("COMMIT")
    except BaseException:
        _roll_back(connection, driver)
        raise


def _roll_back(connection: Connection, driver: Any) -> None:
    """Never hand a connection back that may still be inside a transaction."""
    try:
        driver.execute("ROLLBACK")
    except Exception:
        connection.invalidate()


def _sqlite_engine(url: sa.URL, pool_size: int) -> Engine:
    if not url.database or url.database == ":memory:":
        raise ValueError("SQLite needs a file (sqlite:///path); to keep nothing, use `memory`")
    try:
        Path(url.database).parent.mkdir(parents=True, exist_ok=True)
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
        "skip_autocommit_rollback": True,
        "execution_options": {"preserve_rowcount": True},
        "pool_size": size,
        "max_overflow": 0,
        "pool_timeout": LONGEST_WAIT_SECONDS,
        "pool_use_lifo": True,
        "pool_reset_on_return": None,
        "poolclass": sa.QueuePool,
        "json_serializer": lambda value: msgspec.json.encode(value).decode(),
        "json_deserializer": msgspec.json.decode,
    }
