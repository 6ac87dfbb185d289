"""What a database's errors mean to a use case."""

import sqlite3
import sys
from typing import NoReturn

import sqlalchemy as sa

from attendance.application.ports import RESOURCES, Contended, DuplicateId
from attendance.domain.errors import Unavailable

REFUSAL_OF: dict[str, type[Exception]] = {
    f"uq_{resource.name}_{'_'.join(unique.columns)}": unique.refusal
    for resource in RESOURCES
    for unique in resource.unique
} | {"uq_events_id": DuplicateId}
"""What it means when a unique constraint is broken."""

# the trigger is the one that keeps an event from being replaced by another of its id
_SQLITE_IDS = {sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_TRIGGER}
_SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SQLITE_AWAY = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}


def meaning(error: Exception) -> Exception:
    """Contended where trying again may help, Unavailable where only time does, what a constraint stands for.

    Everything else is the error itself.
    """
    if isinstance(error, sa.exc.TimeoutError):
        return Unavailable()
    driver = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(driver, sqlite3.Error):
        means = _meaning_in_sqlite(driver)
    # an error of a driver that is not installed or not in use cannot be
    elif (psycopg := sys.modules.get("psycopg")) and isinstance(driver, psycopg.Error):
        means = _meaning_in_postgres(driver)
    else:
        means = None
    return means or error


def raise_meaning(error: Exception) -> NoReturn:
    """Raise what an error means to a use case, from it; or itself, which must not become its own cause."""
    if (means := meaning(error)) is error:
        raise error
    raise means from error


def _meaning_in_postgres(error: Exception) -> Exception | None:
    from attendance.adapters.sql.engine.drivers import postgres

    if (constraint := postgres.broken_constraint(error)) is not None:  # type: ignore[arg-type]
        refusal = DuplicateId if constraint.startswith("pk_") else REFUSAL_OF.get(constraint)
        return refusal() if refusal else None
    if isinstance(error, postgres.CONTENDED):
        return Contended()
    return Unavailable() if isinstance(error, postgres.UNAVAILABLE) else None


def _meaning_in_sqlite(error: sqlite3.Error) -> Exception | None:
    if isinstance(error, sqlite3.IntegrityError):
        refusal = DuplicateId if error.sqlite_errorcode in _SQLITE_IDS else _broken_in_sqlite(str(error))
        return refusal() if refusal else None
    if isinstance(error, sqlite3.OperationalError):
        # the low byte is the primary code, the rest tells its variants apart
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code in _SQLITE_BUSY:
            return Contended()
        if code in _SQLITE_AWAY:
            return Unavailable()
    return None


def _broken_in_sqlite(complaint: str) -> type[Exception] | None:
    """SQLite names columns ("UNIQUE constraint failed: t.a, t.b"): the constraint's name follows."""
    columns = [column.split(".") for column in complaint.rpartition(": ")[2].split(", ")]
    return REFUSAL_OF.get("_".join(["uq", columns[0][0], *(column[-1] for column in columns)]))


def reason_of(error: BaseException) -> str:
    """What the driver said, in one line; of an error that none is behind, what it says itself."""
    while error.__cause__ is not None:
        error = error.__cause__
    said = error.orig if isinstance(error, sa.exc.DBAPIError) and error.orig is not None else error
    return str(said).strip().partition("\n")[0] or type(said).__name__


_SQLITE_KINDS = {
    sqlite3.SQLITE_BUSY: "contended",
    sqlite3.SQLITE_LOCKED: "contended",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_READONLY: "read_only",
    sqlite3.SQLITE_IOERR: "io",
    sqlite3.SQLITE_CORRUPT: "corrupt",
    sqlite3.SQLITE_NOTADB: "corrupt",
    sqlite3.SQLITE_CANTOPEN: "away",
    sqlite3.SQLITE_PROTOCOL: "away",
}
_POSTGRES_KINDS = {
    "40": "contended",
    "53100": "full",
    "53": "resources",
    "25006": "read_only",
    "55": "timeout",
    "57014": "timeout",
    "57": "away",
    "08": "away",
    "58": "io",
    "XX": "corrupt",
}
"""By a state, or the class of states that it is in."""


KINDS = ("contended", "full", "read_only", "io", "corrupt", "away", "timeout", "resources", "pool", "other")
"""All that `kind_of` answers."""


def kind_of(error: BaseException) -> str | None:
    """What kind of failure of the database is behind an error; None where it is none.

    `contended`, `full`, `read_only`, `io`, `corrupt`, `away`, `timeout`, `resources`, `pool` (no connection
    was free), `other`. A constraint that is broken is no failure.
    """
    while error.__cause__ is not None:
        error = error.__cause__
    if isinstance(error, sa.exc.TimeoutError):
        return "pool"
    driver = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    if isinstance(driver, sqlite3.Error):
        if isinstance(driver, sqlite3.IntegrityError):
            return None
        return _SQLITE_KINDS.get(getattr(driver, "sqlite_errorcode", 0) & 0xFF, "other")
    if (psycopg := sys.modules.get("psycopg")) and isinstance(driver, psycopg.Error):
        state = driver.sqlstate
        if state is None:
            return "away"
        if state.startswith("23"):
            return None
        return _POSTGRES_KINDS.get(state) or _POSTGRES_KINDS.get(state[:2], "other")
    if isinstance(driver, Contended):
        return "contended"
    return "timeout" if isinstance(driver, Unavailable) else None
