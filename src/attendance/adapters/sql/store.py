"""Units of work over pooled connections."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from attendance.adapters.backoff import attempts
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
from attendance.adapters.sql.engine.connection import Work
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import meaning
from attendance.adapters.sql.events import SqlEvents
from attendance.adapters.sql.labs.labs import SqlLabs
from attendance.adapters.sql.labs.marks import SqlLabAttendance
from attendance.adapters.sql.reporting.calendars import SqlCalendars
from attendance.adapters.sql.reporting.statistics import SqlStatistics
from attendance.application.ports import Store, UnitOfWork


@dataclass(frozen=True, slots=True)
class SqlStore(Store):
    """`replica` serves the lists that may lag, where there is one."""

    primary: Database
    replica: Database

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        with _work(self.primary, is_one_transaction=True) as work, self.primary.transaction(work.connection):
            yield _unit(work)

    @contextmanager
    def autocommit(self) -> Iterator[UnitOfWork]:
        with _work(self.primary, is_one_transaction=False) as work:
            yield _unit(work)

    @contextmanager
    def read(self) -> Iterator[UnitOfWork]:
        with _work(self.replica, is_one_transaction=False) as work:
            yield _unit(work)

    def attempts(self) -> Iterator[None]:
        return attempts()


@contextmanager
def _work(database: Database, *, is_one_transaction: bool) -> Iterator[Work]:
    try:
        with database.connection() as connection:
            yield Work(connection, database, is_one_transaction)
    except Exception as error:
        if (means := meaning(error)) is error:
            raise
        raise means from error


def _unit(work: Work) -> UnitOfWork:
    return UnitOfWork(
        accounts=SqlAccounts(work),
        sessions=SqlSessions(work),
        links=SqlLinks(work),
        role_changes=SqlRoleChanges(work),
        favorites=SqlFavorites(work),
        clients=SqlClients(work),
        contracts=SqlContracts(work),
        prices=SqlPrices(work),
        locations=SqlLocations(work),
        groups=SqlGroups(work),
        lessons=SqlLessons(work),
        subscriptions=SqlSubscriptions(work),
        attendance=SqlAttendance(work),
        marks=SqlMarks(work),
        statistics=SqlStatistics(work),
        calendars=SqlCalendars(work),
        labs=SqlLabs(work),
        lab_attendance=SqlLabAttendance(work),
        events=SqlEvents(work),
        rate_limit_windows=SqlRateLimitWindows(work),
        outbox=SqlOutbox(work),
    )
