"""Units of work over pooled connections."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from attendance.adapters.sql.accounts.accounts import SqlAccounts
from attendance.adapters.sql.accounts.links import SqlLinks
from attendance.adapters.sql.accounts.outbox import SqlOutbox
from attendance.adapters.sql.accounts.rate_limit_windows import SqlRateLimitWindows
from attendance.adapters.sql.accounts.role_changes import SqlRoleChanges
from attendance.adapters.sql.accounts.sessions import SqlSessions
from attendance.adapters.sql.attendance.marks import SqlMarks
from attendance.adapters.sql.attendance.sheets import SqlAttendance
from attendance.adapters.sql.club.clients import SqlClients
from attendance.adapters.sql.club.contracts import SqlContracts
from attendance.adapters.sql.club.favorites import SqlFavorites
from attendance.adapters.sql.club.groups import SqlGroups
from attendance.adapters.sql.club.lessons import SqlLessons
from attendance.adapters.sql.club.locations import SqlLocations
from attendance.adapters.sql.club.prices import SqlPrices
from attendance.adapters.sql.club.subscriptions import SqlSubscriptions
from attendance.adapters.sql.engine.connection import Connection
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import meaning
from attendance.adapters.sql.events import SqlEvents
from attendance.adapters.sql.labs.labs import SqlLabs
from attendance.adapters.sql.labs.marks import SqlLabAttendance
from attendance.adapters.sql.reporting.calendars import SqlCalendars
from attendance.adapters.sql.reporting.statistics import SqlStatistics
from attendance.adapters.units_of_work import Ambient, JoinableStore
from attendance.application.ports import UnitOfWork
from attendance.domain.errors import Unavailable

REPOSITORIES: Mapping[str, Callable[[Connection], Any]] = {
    "accounts": SqlAccounts,
    "sessions": SqlSessions,
    "links": SqlLinks,
    "role_changes": SqlRoleChanges,
    "favorites": SqlFavorites,
    "clients": SqlClients,
    "contracts": SqlContracts,
    "prices": SqlPrices,
    "locations": SqlLocations,
    "groups": SqlGroups,
    "lessons": SqlLessons,
    "subscriptions": SqlSubscriptions,
    "attendance": SqlAttendance,
    "marks": SqlMarks,
    "statistics": SqlStatistics,
    "calendars": SqlCalendars,
    "labs": SqlLabs,
    "lab_attendance": SqlLabAttendance,
    "events": SqlEvents,
    "rate_limit_windows": SqlRateLimitWindows,
    "outbox": SqlOutbox,
}


@dataclass(frozen=True, slots=True)
class SqlStore(JoinableStore):
    """`replica` serves the lists that may lag, where there is one."""

    primary: Database
    replica: Database

    @contextmanager
    def begin_transaction(self) -> Iterator[UnitOfWork]:
        with (
            _translated_errors(),
            self.primary.connection() as driver,
            self.primary.shared_transaction(driver) as shared,
        ):
            connection = Connection(shared, self.primary, is_one_transaction=True)
            yield UnitOfWork(REPOSITORIES, connection)

    @contextmanager
    def begin_autocommit(self) -> Iterator[UnitOfWork]:
        with _connection(self.primary) as connection:
            yield UnitOfWork(REPOSITORIES, connection)

    @contextmanager
    def begin_read(self) -> Iterator[UnitOfWork]:
        with _connection(self.replica) as connection:
            yield UnitOfWork(REPOSITORIES, connection)

    @contextmanager
    def begin_ambient(self) -> Iterator[Ambient]:
        with _transaction(self.primary) as connection:

            @contextmanager
            def savepoint() -> Iterator[None]:
                with _translated_errors(), self.primary.savepoint(connection.driver):
                    yield

            yield Ambient(UnitOfWork(REPOSITORIES, connection), savepoint)
            if not self.primary.is_in_transaction(connection.driver):
                # PostgreSQL would answer COMMIT with a rollback
                raise Unavailable


@contextmanager
def _connection(database: Database) -> Iterator[Connection]:
    with _translated_errors(), database.connection() as driver:
        yield Connection(driver, database, is_one_transaction=False)


@contextmanager
def _transaction(database: Database) -> Iterator[Connection]:
    with _translated_errors(), database.connection() as driver, database.transaction(driver):
        yield Connection(driver, database, is_one_transaction=True)


@contextmanager
def _translated_errors() -> Iterator[None]:
    """A block whose errors of the driver become what they mean to a use case."""
    try:
        yield
    except Exception as error:
        if (means := meaning(error)) is error:
            raise
        raise means from error
