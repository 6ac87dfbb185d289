"""Whether a database can be written, found out without writing anything that stays."""

import os
import tempfile
from pathlib import Path
from typing import Any

from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import kind_of, raise_meaning
from attendance.adapters.sql.schema.version import VERSION_TABLE

ROOM = 64 * 1024
"""Bytes that must be free beside an SQLite database: what a few sheets take in its log of writes."""

# rolled back; the version's column is the one that every shape has
TOO_LARGE_FOR_A_PAGE = f"INSERT INTO {VERSION_TABLE} (version_num) VALUES (zeroblob({ROOM}))"  # noqa: S608
READS_ONLY = "SELECT current_setting('transaction_read_only') = 'on' OR pg_is_in_recovery()"


def is_writable(database: Database) -> bool:
    """Whether what is written now would be kept; that others write meanwhile is no hindrance.

    Raise Unavailable when it cannot be asked. On SQLite: there is room on the disk, and a row that needs room
    of its own can be added, which is taken back. On PostgreSQL, where such a row would stay until it is
    vacuumed: transactions may write.
    """
    try:
        if database.engine.dialect.name == "sqlite":
            return has_room(Path(str(database.engine.url.database)).parent) and _takes_a_row(database)
        with database.connection() as connection, database.bounded(connection):
            return not connection.execute(READS_ONLY).fetchone()[0]
    except Exception as error:
        if kind_of(error) == "contended":
            return True
        if kind_of(error) in ("full", "read_only", "io"):
            return False
        raise_meaning(error)


class _TakenBack(Exception):
    """Ends a transaction without its being an error."""


def _takes_a_row(database: Database) -> bool:
    with database.connection() as connection:
        try:
            with database.transaction(connection):
                connection.execute(TOO_LARGE_FOR_A_PAGE)
                raise _TakenBack
        except _TakenBack:
            return True


def has_room(directory: Path, size: int = ROOM) -> bool:
    """Whether a directory can take a file of this size: made, and gone at once."""
    try:
        with tempfile.TemporaryFile(dir=directory, buffering=0) as file:
            _fill(file, size)
    except OSError:
        return False
    return True


def _fill(file: Any, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
    elif file.write(bytes(size)) < size:
        raise OSError("not all was written")
