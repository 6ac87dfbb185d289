"""What a database's errors mean to a use case."""

import sqlite3

import psycopg
import sqlalchemy as sa
from psycopg import errors as postgres

from attendance.application.ports import Contended, DuplicateId
from attendance.domain.accounts.accounts import EmailTaken, UsernameTaken
from attendance.domain.accounts.role_changes import RoleChangeAwaits
from attendance.domain.club.contracts import NumberTaken
from attendance.domain.club.lessons import SlotTaken
from attendance.domain.club.locations import AddressTaken
from attendance.domain.errors import Unavailable

REFUSAL_OF: dict[str, type[Exception]] = {
    "uq_accounts_username_key": UsernameTaken,
    "uq_accounts_email_key": EmailTaken,
    "uq_role_changes_user_id": RoleChangeAwaits,
    "uq_contracts_number_key": NumberTaken,
    "uq_locations_address_key": AddressTaken,
    "uq_lessons_group_id_date_starts": SlotTaken,
    "uq_lessons_group_id_scheduled_date_scheduled_starts": SlotTaken,
    "uq_events_id": DuplicateId,
}
"""What it means when a unique constraint is broken."""

_GET_IN_EACH_OTHERS_WAY = (postgres.SerializationFailure, postgres.DeadlockDetected)
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, postgres.ReadOnlySqlTransaction)
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
    if isinstance(driver, postgres.UniqueViolation):
        constraint = driver.diag.constraint_name or ""
        refusal = DuplicateId if constraint.startswith("pk_") else REFUSAL_OF.get(constraint)
        return refusal() if refusal else error
    if isinstance(driver, sqlite3.IntegrityError):
        refusal = DuplicateId if driver.sqlite_errorcode in _SQLITE_IDS else _broken_in_sqlite(str(driver))
        return refusal() if refusal else error
    if isinstance(driver, _GET_IN_EACH_OTHERS_WAY):
        return Contended()
    if isinstance(driver, _AWAY):
        return Unavailable()
    if isinstance(driver, sqlite3.OperationalError):
        # the low byte is the primary code, the rest tells its variants apart
        code = getattr(driver, "sqlite_errorcode", 0) & 0xFF
        if code in _SQLITE_BUSY:
            return Contended()
        if code in _SQLITE_AWAY:
            return Unavailable()
    return error


def _broken_in_sqlite(complaint: str) -> type[Exception] | None:
    """SQLite names columns ("UNIQUE constraint failed: t.a, t.b"): the constraint's name follows."""
    columns = [column.split(".") for column in complaint.rpartition(": ")[2].split(", ")]
    return REFUSAL_OF.get("_".join(["uq", columns[0][0], *(column[-1] for column in columns)]))
