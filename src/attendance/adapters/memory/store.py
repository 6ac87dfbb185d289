"""One transaction at a time, on the live dictionaries, taken back when it raises."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import RLock

from attendance.adapters.memory.accounts import MemoryAccounts
from attendance.adapters.memory.attendance import MemoryAttendance
from attendance.adapters.memory.calendars import MemoryCalendars
from attendance.adapters.memory.clients import MemoryClients
from attendance.adapters.memory.contracts import MemoryContracts
from attendance.adapters.memory.events import MemoryEvents
from attendance.adapters.memory.favorites import MemoryFavorites
from attendance.adapters.memory.groups import MemoryGroups
from attendance.adapters.memory.lab_attendance import MemoryLabAttendance
from attendance.adapters.memory.labs import MemoryLabs
from attendance.adapters.memory.lessons import MemoryLessons
from attendance.adapters.memory.links import MemoryLinks
from attendance.adapters.memory.locations import MemoryLocations
from attendance.adapters.memory.marks import MemoryMarks
from attendance.adapters.memory.outbox import MemoryOutbox
from attendance.adapters.memory.prices import MemoryPrices
from attendance.adapters.memory.role_changes import MemoryRoleChanges
from attendance.adapters.memory.sessions import MemorySessions
from attendance.adapters.memory.statistics import MemoryStatistics
from attendance.adapters.memory.subscriptions import MemorySubscriptions
from attendance.adapters.memory.tables import Tables
from attendance.adapters.memory.tallies import MemoryTallies
from attendance.adapters.patience import attempts
from attendance.application.ports import Store, UnitOfWork


class MemoryStore(Store):
    def __init__(self) -> None:
        self._tables = Tables()
        self._turn = RLock()
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
            tallies=MemoryTallies(self._tables),
            outbox=MemoryOutbox(self._tables),
        )

    @contextmanager
    def begin(self) -> Iterator[UnitOfWork]:
        with self._turn:
            try:
                yield self._work
            except BaseException:
                self._tables.journal.undo()
                raise
            self._tables.journal.forget()

    @contextmanager
    def each(self) -> Iterator[UnitOfWork]:
        with self._turn:
            try:
                yield self._work
            finally:
                self._tables.journal.forget()

    read = each

    def attempts(self) -> Iterator[None]:
        return attempts()
