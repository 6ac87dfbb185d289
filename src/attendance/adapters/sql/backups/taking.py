"""Copying a database that is in use into a file, as it was at one moment."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.backups.archive import (
    FORMAT,
    BackupError,
    Manifest,
    beside,
    checksum,
    remove_leftovers,
    write_archive,
)
from attendance.adapters.sql.backups.postgres_tools import PostgresTools, refuse_pooler
from attendance.adapters.sql.backups.verifying import snapshot
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import raise_meaning
from attendance.adapters.sql.schema.version import VERSION_TABLE, require_current
from attendance.adapters.sql.tables import metadata

LEFT_OUT = ("calendar_tokens", "kept_answers", "links", "outbox", "sessions", "sign_in_addresses", "tallies")
"""Whatever lets somebody in, or was on its way: what has ended since must not begin again with a restore."""


def back_up(database: Database, target: Path, *, made_at: datetime, tools: PostgresTools) -> Manifest:
    """Copy the database into a new file, while others read and write it; return what the file says of it.

    Raises BackupError: the file is there already, the database is damaged, the disk is full, `pg_dump` is not
    found or fails, a pooler is between; UnusableDatabase: not of this code's shape; Unavailable.
    """
    if target.exists():
        raise BackupError(f"{target} is there already")
    refuse_pooler(database)
    require_current(database)
    remove_leftovers(target.parent)
    try:
        with beside(target) as copy:
            take = _copy_sqlite if database.engine.dialect.name == "sqlite" else _dump_postgres
            facts = take(database, copy, tools)
            manifest = Manifest(
                format=FORMAT,
                made_at=made_at,
                attendance=version("attendance"),
                database=database.engine.dialect.name,
                left_out=LEFT_OUT,
                size=copy.stat().st_size,
                sha256=checksum(copy),
                **facts,
            )
            write_archive(target, copy, manifest)
    except OSError as error:
        raise BackupError(f"{target}: {error.strerror}") from error
    except sqlite3.Error as error:
        # the driver does not say of which of the two files it is
        raise BackupError(f"{database.engine.url.database} cannot be copied to {target}: {error}") from error
    return manifest


def _copy_sqlite(database: Database, copy: Path, _: PostgresTools) -> dict[str, Any]:
    """Page by page, by SQLite itself: what stands in the log beside the file is in the copy, too."""
    copy.touch(mode=0o600, exist_ok=False)
    with database.connection() as source, closing(sqlite3.connect(copy, isolation_level=None)) as taken:
        source.backup(taken)
        taken.execute("PRAGMA journal_mode = DELETE")
        taken.execute("PRAGMA foreign_keys = OFF")
        for table in LEFT_OUT:
            taken.execute(f"DELETE FROM {table}")  # noqa: S608 # names of ours
        # nothing of what was left out stays in pages that are free
        taken.execute("VACUUM")
        broken = [text for (text,) in taken.execute("PRAGMA integrity_check") if text != "ok"]
        if broken:
            raise BackupError(f"the database is damaged: {broken[0]}")
        (revision,) = taken.execute(f"SELECT version_num FROM {VERSION_TABLE}").fetchone()  # noqa: S608
        return {
            "server": sqlite3.sqlite_version,
            "revision": revision,
            "schema": None,
            "tables": counted_sqlite(taken, sorted(metadata.tables)),
        }


def counted_sqlite(connection: sqlite3.Connection, tables: Iterable[str]) -> dict[str, int]:
    """How many rows each of these tables has."""
    return {
        table: connection.execute(f'SELECT count(*) FROM "{table}"').fetchone()[0]  # noqa: S608
        for table in tables
    }


def _dump_postgres(database: Database, copy: Path, tools: PostgresTools) -> dict[str, Any]:
    """By `pg_dump`, in the snapshot in which the rows are counted."""
    copy.touch(mode=0o600, exist_ok=False)
    try:
        with snapshot(database) as connection:
            facts = {
                "server": connection.scalar(sa.text("SHOW server_version")),
                "revision": connection.scalar(
                    sa.select(sa.column("version_num")).select_from(sa.table(VERSION_TABLE))
                ),
                "schema": connection.dialect.default_schema_name,
                "tables": counted(connection, sorted({*metadata.tables} - {*LEFT_OUT}))
                | dict.fromkeys(LEFT_OUT, 0),
            }
            seen = connection.scalar(sa.text("SELECT pg_export_snapshot()"))
            tools.dump(
                database.engine.url, copy, snapshot=str(seen), schema=str(facts["schema"]), without=LEFT_OUT
            )
    except sa.exc.SQLAlchemyError as error:
        raise_meaning(error)
    return facts


def counted(connection: sa.Connection, tables: Iterable[str]) -> dict[str, int]:
    """How many rows each of these tables has."""
    return {
        name: connection.scalar(sa.select(sa.func.count()).select_from(sa.table(name))) or 0
        for name in tables
    }
