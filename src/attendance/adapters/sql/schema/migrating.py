"""Bringing a database to the shape the store expects, whoever else tries the same at the same time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from attendance.adapters.backoff import attempts
from attendance.adapters.sql.engine.databases import LASTS_ANY_TIME, Database
from attendance.adapters.sql.engine.errors import meaning
from attendance.adapters.sql.schema.version import (
    NO_DATABASE,
    VERSION_TABLE,
    UnusableDatabase,
    has_versions,
    newer,
    no_database,
)
from attendance.adapters.sql.tables import metadata
from attendance.application.ports import Contended
from attendance.domain.errors import Unavailable

LONGEST_WAIT_SECONDS = 60
# any number will do, as long as nobody else locks it
ADVISORY_LOCK = int.from_bytes(b"attend")

FORMER_VERSION_TABLE = "alembic_version"
"""Alembic's own name for it, which other programs use as well: databases of ours had it once."""

FIRST_TABLES = frozenset({"accounts", "sessions", "labs", "lab_members", "lab_marks", "events"})
"""The tables of the first migration, which every database of ours has."""


def config(connection: Connection | None = None) -> Config:
    """Alembic's configuration without a file: where the scripts are, and the connection they run on."""
    config = Config()
    config.set_main_option("script_location", "attendance.adapters.sql:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migrate(database: Database, revision: str = "head") -> None:
    """Upgrade to `revision`, all or nothing; several processes may call this at once, one does the work.

    Tables that are not ours are left alone. Raises UnusableDatabase for a database that is newer than this
    code, or that has tables of our names which are not ours.
    """

    def upgrade(connection: Connection) -> None:
        _settle_version(connection)
        command.upgrade(config(connection), revision)

    _alone(database, upgrade)


def migrate_back(database: Database, revision: str = "base") -> None:
    """Downgrade to `revision`, losing what the steps taken back had added."""
    _alone(database, lambda connection: command.downgrade(config(connection), revision))


def _alone(database: Database, change: Callable[[Connection], None]) -> None:
    for _ in attempts(LONGEST_WAIT_SECONDS):
        try:
            with (
                database.engine.connect() as connection,
                _left_if_broken(connection),
                _locked(database, connection),
            ):
                return change(connection)
        except Exception as error:
            if no_database(error):
                raise UnusableDatabase(NO_DATABASE) from error
            if (means := meaning(error)) is error:
                raise
            if not isinstance(means, Contended):
                raise means from error
    raise Unavailable


def _settle_version(connection: Connection) -> None:
    """See to it that our version table, where there is one, holds a migration that this code has."""
    schema = connection.dialect.default_schema_name
    if schema is None:
        raise UnusableDatabase("no schema of the search_path exists in the database")
    revisions = [script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()]
    inspector = sa.inspect(connection)
    tables = {*inspector.get_table_names(schema), *inspector.get_view_names(schema)}
    if VERSION_TABLE in tables:
        if not has_versions(connection, VERSION_TABLE, schema):
            raise UnusableDatabase(f"the database has a table {VERSION_TABLE} that is not attendance's")
        if unknown := _versions(connection, VERSION_TABLE) - {*revisions}:
            raise UnusableDatabase(newer(max(unknown)))
        return
    former = _versions(connection, FORMER_VERSION_TABLE) if FORMER_VERSION_TABLE in tables else set()
    if len(former) == 1 and former <= {*revisions} and tables >= FIRST_TABLES:
        command.stamp(config(connection), former.pop())
        connection.exec_driver_sql(f"DROP TABLE {FORMER_VERSION_TABLE}")
    elif taken := sorted(tables & {*metadata.tables}):
        raise UnusableDatabase(
            f"the database has tables that are not attendance's, with the names of ours: {', '.join(taken)}"
        )


def _versions(connection: Connection, table: str) -> set[str]:
    """The migrations that a version table names; none where it is a table of another make."""
    if not has_versions(connection, table, connection.dialect.default_schema_name):
        return set()
    return {*connection.scalars(sa.select(sa.column("version_num")).select_from(sa.table(table)))}


@contextmanager
def _left_if_broken(connection: Connection) -> Iterator[None]:
    """Use it no more where anything went wrong: SQLAlchemy sees no end of it in the driver's transaction."""
    try:
        yield
    except BaseException:
        connection.invalidate()
        raise


@contextmanager
def _locked(database: Database, connection: Connection) -> Iterator[None]:
    if connection.dialect.name == "postgresql":
        with database.transaction(_driver(connection)):
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{LONGEST_WAIT_SECONDS}s'")
            connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
            connection.execution_options(**{LASTS_ANY_TIME: True})
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
