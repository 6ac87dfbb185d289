"""The store: repositories, as one transaction sees them."""

from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol, get_type_hints

from attendance.application.ports import accounts, club
from attendance.application.ports.accounts import AccountsRepositories
from attendance.application.ports.attendance import Attendance, Marks
from attendance.application.ports.club import ClubRepositories
from attendance.application.ports.events import Events
from attendance.application.ports.labs import LabAttendance, Labs
from attendance.application.ports.reporting import Calendars, Statistics

RESOURCES = (*accounts.RESOURCES, *club.RESOURCES)
"""Everything that is kept in a repository of the one form."""


class Contended(Exception):
    """Another transaction got in the way, this one left no trace: the use case may be tried again."""


class NestedUnitOfWork(RuntimeError):
    """A mistake of the caller's: a unit of work was opened inside another one of the same store."""

    def __init__(self) -> None:
        super().__init__("a unit of work of this store is open already")


class LeftElsewhere(RuntimeError):
    """A mistake of the caller's: a transaction was entered in one context and left in another.

    As where a generator that is a dependency is run in a copy of the context: what was called between the two
    did not join the transaction. It is rolled back.
    """

    def __init__(self) -> None:
        super().__init__(
            "a transaction was left in another context than it was entered in: "
            "what was called in between was not part of it"
        )


class DuplicateId(RuntimeError):
    """A mistake of the caller's: what was to be added has the id of something that is stored already."""

    def __init__(self) -> None:
        super().__init__("the id is stored already")


class UnitOfWork(AccountsRepositories, ClubRepositories):
    """Everything stored, as one transaction sees it. Each repository is made when it is first asked for.

    `repositories` says by name how to make one from `source`: whatever the store's adapter reads from.
    """

    attendance: Attendance
    marks: Marks
    statistics: Statistics
    calendars: Calendars
    labs: Labs
    lab_attendance: LabAttendance
    events: Events

    def __init__(self, repositories: Mapping[str, Callable[[Any], Any]], source: Any) -> None:
        self._repositories, self._source = repositories, source

    def __getattr__(self, name: str) -> Any:
        # only for what is not there yet
        make = self._repositories.get(name) if name in REPOSITORY_NAMES else None
        if make is None:
            raise AttributeError(name)
        repository = make(self._source)
        setattr(self, name, repository)
        return repository


REPOSITORY_NAMES = frozenset(get_type_hints(UnitOfWork))


class Store(Protocol):
    """Where units of work come from.

    In one context (thread, asyncio task) one of them is open at a time: each method raises NestedUnitOfWork
    inside another one, except inside `ambient()`. They raise Unavailable where the store cannot be reached or
    is busy for too long, and Contended.
    """

    @abstractmethod
    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """One transaction: committed when the block ends, rolled back when it raises."""

    @abstractmethod
    def autocommit(self) -> AbstractContextManager[UnitOfWork]:
        """Every call is a transaction of its own.

        For lookups, and where one guarded write decides by itself whether what was read still holds.
        """

    @abstractmethod
    def read(self) -> AbstractContextManager[UnitOfWork]:
        """For lists, statistics and exports, not for what decides who may do what: a replica may serve it.

        It has all that was committed before it was opened.
        """

    def expecting(self, ask: Callable[[UnitOfWork], object]) -> AbstractContextManager[object]:
        """A block whose next read after its first is `ask`: a store may send it together with the first.

        `ask` calls one method of a repository that reads. What it returned is used only where that is indeed
        read next, and is then as of the first read. A store that sends nothing ahead does nothing here.
        """
        del ask
        return nullcontext()

    @abstractmethod
    def ambient(self) -> AbstractContextManager[None]:
        """Several use cases in one transaction: committed when the block ends, rolled back when it raises.

        Inside the block the units of work of this context join it, whichever method opens them: they see what
        was written before in the block, and neither commit nor roll back alone. One that raises takes back
        its own writes only; who catches that goes on. `attempts()` gives one attempt, so that a use case that
        is Contended ends as Unavailable. Other threads and tasks are not affected, and may have to wait;
        those begun inside with a copy of this context, as `asyncio.to_thread` does, join, one at a time.

        Raises NestedUnitOfWork inside any unit of work of this store, another `ambient()` included, and for a
        unit inside or beside one that joined; LeftElsewhere; Unavailable, also where the commit is
        Contended.
        """

    @abstractmethod
    def attempts(self) -> Iterator[None]:
        """One item per attempt at a use case, the next after a short wait; ends when the store gives up."""
