"""Which shape of the tables this code is written for, told without loading what could change it."""

import sqlite3
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import raise_meaning

_VERSIONS = Path(__file__).parents[1] / "migrations" / "versions"

HEAD = max(path.name.partition("_")[0] for path in _VERSIONS.glob("[0-9]*_*.py"))
"""The newest migration, by the number that its file begins with."""

VERSION_TABLE = "attendance_version"
"""Where the migration that a database has reached is written down."""


class UnusableDatabase(ValueError):
    """A database that this code must not touch. Its text is one line for whoever chose it."""


NO_DATABASE = "the file is not an SQLite database"

_REACHED: sa.Select[Any] = sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE))


def is_current(database: Database) -> bool:
    """Whether the database has exactly this shape. Raise Unavailable when it cannot be asked."""
    return _reached(database) == [HEAD]


def require_current(database: Database) -> None:
    """Raise UnusableDatabase, which says what it has instead, unless it has this shape; and Unavailable."""
    reached = _reached(database)
    if reached is None:
        raise UnusableDatabase("the database has no tables of attendance: run `attendance migrate`")
    if reached != [HEAD]:
        newest = max(reached, default="none")
        if newest > HEAD:
            raise UnusableDatabase(newer(newest))
        raise UnusableDatabase(f"the database is older ({newest}) than this code: run `attendance migrate`")


def newer(revision: str) -> str:
    """What is said of a database that a later version has migrated."""
    return f"the database is newer ({revision}) than this attendance ({HEAD})"


def _reached(database: Database) -> list[str] | None:
    """The migrations that a database has reached; None where it has no table of ours for them."""
    try:
        with database.engine.connect() as connection:
            # the schema that new tables go to: one further down a search_path holds somebody else's
            schema = connection.dialect.default_schema_name
            if not connection.dialect.has_table(connection, VERSION_TABLE, schema):
                return None
            is_ours = has_versions(connection, VERSION_TABLE, schema)
            return list(connection.scalars(_REACHED)) if is_ours else None
    except Exception as error:
        if no_database(error):
            raise UnusableDatabase(NO_DATABASE) from error
        raise_meaning(error)


def has_versions(connection: sa.Connection, table: str, schema: str | None) -> bool:
    """Whether a table has the column in which a migration is written down, and is not of another make."""
    columns = sa.inspect(connection).get_columns(table, schema)
    return any(column["name"] == "version_num" for column in columns)


def no_database(error: Exception) -> bool:
    """Whether SQLite says that the file is something else."""
    driver = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    return isinstance(driver, sqlite3.DatabaseError) and (
        getattr(driver, "sqlite_errorcode", None) == sqlite3.SQLITE_NOTADB
    )
