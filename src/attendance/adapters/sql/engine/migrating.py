"""Bringing a database to the shape the store expects, whoever else tries the same at the same time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

from attendance.adapters.backoff import attempts
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import meaning
from attendance.application.ports import Contended
from attendance.domain.errors import Unavailable

LONGEST_WAIT_SECONDS = 60
# any number will do, as long as nobody else locks it
ADVISORY_LOCK = int.from_bytes(b"attend")


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration without a file: where the scripts are, and the connection they run on."""
    config = Config()
    config.set_main_option("script_location", "attendance.adapters.sql:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(database: Database, revision: str = "head") -> None:
    """Upgrade to `revision`, all or nothing; several processes may call this at once, one does the work."""
    _alone(database, lambda connection: command.upgrade(config(connection), revision))


def migrate_back(database: Database, revision: str = "base") -> None:
    """Downgrade to `revision`, losing what the steps taken back had added."""
    _alone(database, lambda connection: command.downgrade(config(connection), revision))


def _alone(database: Database, change: Callable[[Connection], None]) -> None:
    for _ in attempts(LONGEST_WAIT_SECONDS):
        try:
            with database.engine.connect() as connection, _locked(database, connection):
                return change(connection)
        except Exception as error:
            if not isinstance(means := meaning(error), Contended):
                raise means from error
    raise Unavailable


@contextmanager
def _locked(database: Database, connection: Connection) -> Iterator[None]:
    if connection.dialect.name == "postgresql":
        with database.transaction(_driver(connection)):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LONGEST_WAIT_SECONDS}s'")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (ADVISORY_LOCK,))
            yield
        return
    # SQLite changes a table by making it anew, which foreign keys would forbid halfway
    connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
    try:
        with database.transaction(_driver(connection)):
            yield
            if broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all():
                raise RuntimeError(f"the migration would leave {len(broken)} rows that point nowhere")
    finally:
        connection.exec_driver_sql("PRAGMA foreign_keys = ON")


def _driver(connection: Connection) -> Any:
    return connection.connection.dbapi_connection
