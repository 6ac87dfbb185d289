"""One transaction at a time, on the live dictionaries, taken back when it raises."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from attendance.adapters.backoff import attempts
from attendance.adapters.memory.accounts.accounts import MemoryAccounts
from attendance.adapters.memory.accounts.links import MemoryLinks
from attendance.adapters.memory.accounts.outbox import MemoryOutbox
from attendance.adapters.memory.accounts.rate_limit_windows import MemoryRateLimitWindows
from attendance.adapters.memory.accounts.role_changes import MemoryRoleChanges
from attendance.adapters.memory.accounts.sessions import MemorySessions
from attendance.adapters.memory.attendance.marks import MemoryMarks
from attendance.adapters.memory.attendance.sheets import MemoryAttendance
from attendance.adapters.memory.club.clients import MemoryClients
from attendance.adapters.memory.club.contracts import MemoryContracts
from attendance.adapters.memory.club.favorites import MemoryFavorites
from attendance.adapters.memory.club.groups import MemoryGroups
from attendance.adapters.memory.club.lessons import MemoryLessons
from attendance.adapters.memory.club.locations import MemoryLocations
from attendance.adapters.memory.club.prices import MemoryPrices
from attendance.adapters.memory.club.subscriptions import MemorySubscriptions
from attendance.adapters.memory.events import MemoryEvents
from attendance.adapters.memory.labs.labs import MemoryLabs
from attendance.adapters.memory.labs.marks import MemoryLabAttendance
from attendance.adapters.memory.reporting.calendars import MemoryCalendars
from attendance.adapters.memory.reporting.statistics import MemoryStatistics
from attendance.adapters.memory.tables import Tables
from attendance.application.ports import Store, UnitOfWork


class MemoryStore(Store):
    def __init__(self) -> None:
        self._tables = Tables()
        self._lock = RLock()
        self._work = UnitOfWork(
            accounts=MemoryAccounts(self._tables),
            sessions=MemorySessions(self._tables),
            links=MemoryLinks(self._tables),
            role_changes=MemoryRoleChanges(self._tables),
            favorites=MemoryFavorites(self._tables),
            clients=MemoryClients(self._tables),
            contracts=MemoryContracts(self._tables),
            prices=MemoryPrices(self._tables),
            locations=MemoryLocations(self._tables),
            groups=MemoryGroups(self._tables),
            lessons=MemoryLessons(self._tables),
            subscriptions=MemorySubscriptions(self._tables),
            attendance=MemoryAttendance(self._tables),
            marks=MemoryMarks(self._tables),
            statistics=MemoryStatistics(self._tables),
            calendars=MemoryCalendars(self._tables),
            labs=MemoryLabs(self._tables),
            lab_attendance=MemoryLabAttendance(self._tables),
            events=MemoryEvents(self._tables),
            rate_limit_windows=MemoryRateLimitWindows(self._tables),
            outbox=MemoryOutbox(self._tables),
        )

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        with self._lock:
            try:
                yield self._work
            except BaseException:
                self._tables.journal.undo()
                raise
            self._tables.journal.forget()

    @contextmanager
    def autocommit(self) -> Iterator[UnitOfWork]:
        with self._lock:
            try:
                yield self._work
            finally:
                self._tables.journal.forget()

    read = autocommit

    def attempts(self) -> Iterator[None]:
        return attempts()
