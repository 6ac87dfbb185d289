"""What a database's errors mean to a use case."""

import sqlite3

import psycopg
import sqlalchemy as sa
from psycopg import errors as postgres

from attendance.application.ports import Contended
from attendance.domain.errors import Unavailable

_GET_IN_EACH_OTHERS_WAY = (postgres.SerializationFailure, postgres.DeadlockDetected)
_AWAY = (psycopg.OperationalError, psycopg.InterfaceError, postgres.ReadOnlySqlTransaction)
_SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SQLITE_AWAY = {
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_PROTOCOL,
    sqlite3.SQLITE_READONLY,
}


def meaning(error: Exception) -> Exception:
    """Contended where trying again may help, Unavailable where only time does, else the error itself."""
    if isinstance(error, sa.exc.TimeoutError):
        return Unavailable()
    driver = error.orig if isinstance(error, sa.exc.DBAPIError) else error
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
