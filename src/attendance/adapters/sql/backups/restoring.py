"""Bringing a database back from a file, into one that is empty."""

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from attendance.adapters.sql.backups.archive import (
    BackupError,
    Manifest,
    appear,
    beside,
    opened_archive,
    remove_leftovers,
)
from attendance.adapters.sql.backups.postgres_tools import PostgresTools, refuse_pooler
from attendance.adapters.sql.backups.taking import counted, counted_sqlite
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import raise_meaning
from attendance.adapters.sql.schema.upgrading import bring_up_to_date
from attendance.adapters.sql.schema.version import HEAD


def restore(database: Database, source: Path, *, tools: PostgresTools) -> Manifest:
    """Bring the database back as it was when the file was made, and up to date; return what the file says.

    Nobody is signed in there, and no link that was mailed before is good. Raises BackupError: the file is no
    backup, damaged, of another kind of database or newer than this code, a pooler is between, or the database
    is not empty; then nothing was changed. And Unavailable.
    """
    refuse_pooler(database)
    place = source
    try:
        with opened_archive(source) as (manifest, write):
            _refuse_what_does_not_fit(manifest, database.engine.dialect.name)
            if database.engine.dialect.name == "sqlite":
                path = place = Path(str(database.engine.url.database))
                path.parent.mkdir(parents=True, exist_ok=True)
                remove_leftovers(path.parent)
                with beside(path) as copy:
                    write(copy)
                    _check_sqlite(copy, manifest)
                    _take_place(copy, path)
            else:
                with beside(source) as copy:
                    _refuse_tables(database, manifest)
                    write(copy)
                    tools.restore(database.engine.url, copy, schema=str(manifest.schema))
                    _check_postgres(database, manifest)
    except OSError as error:
        raise BackupError(f"{error.filename or place}: {error.strerror}") from error
    database.engine.dispose()
    bring_up_to_date(database)
    return manifest


def _refuse_what_does_not_fit(manifest: Manifest, kind: str) -> None:
    if manifest.database != kind:
        raise BackupError(f"this is a backup of {manifest.database}, and the database has the URL of {kind}")
    if manifest.revision > HEAD:
        raise BackupError(
            f"the backup is newer ({manifest.revision}) than this attendance ({HEAD}): restore it with "
            f"attendance {manifest.attendance} or a later one"
        )


def _check_sqlite(copy: Path, manifest: Manifest) -> None:
    with closing(sqlite3.connect(copy)) as connection:
        for (text,) in connection.execute("PRAGMA integrity_check"):
            if text != "ok":
                raise BackupError(f"the copy is damaged: {text}")
        try:
            _compare(manifest.tables, counted_sqlite(connection, manifest.tables))
        except sqlite3.OperationalError as error:
            raise BackupError(f"the copy is not as its manifest says: {error}") from error


def _take_place(copy: Path, path: Path) -> None:
    """The copy becomes the database, unless something is in its place."""
    if any(path.with_name(f"{path.name}{more}").exists() for more in ("-wal", "-journal")):
        raise BackupError(f"{path} is in use, or was not closed: restore into a new database")
    if path.exists():
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as connection:
            try:
                (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
            except sqlite3.DatabaseError as error:
                raise BackupError(f"{path} is there, and cannot be read: {error}") from error
        if tables:
            raise BackupError(f"{path} is not empty: restore into a new database")
        path.unlink()
    appear(copy, path)


def _refuse_tables(database: Database, manifest: Manifest) -> None:
    try:
        with database.engine.connect() as connection:
            schema = connection.dialect.default_schema_name
            tables = sa.inspect(connection).get_table_names(schema)
    except sa.exc.SQLAlchemyError as error:
        raise_meaning(error)
    if schema != manifest.schema:
        raise BackupError(f"the backup is of the schema {manifest.schema}, and tables here go to {schema}")
    if tables:
        raise BackupError("the database is not empty: restore into a new one")


def _check_postgres(database: Database, manifest: Manifest) -> None:
    try:
        with database.engine.connect() as connection:
            _compare(manifest.tables, counted(connection, manifest.tables))
    except sa.exc.SQLAlchemyError as error:
        raise_meaning(error)


def _compare(expected: Mapping[str, int], found: Mapping[str, int]) -> None:
    for table, number in expected.items():
        if found[table] != number:
            raise BackupError(f"the copy has {found[table]} rows of {table} where {number} were counted")
