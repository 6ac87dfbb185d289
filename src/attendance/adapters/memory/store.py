"""One writer at a time on dictionaries that remember how to take back what it did."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from threading import Lock
from typing import Any

from attendance.adapters.backoff import LONGEST_WAIT_SECONDS
from attendance.adapters.memory.events import MemoryEvents
from attendance.adapters.memory.repository import repository_class
from attendance.adapters.memory.tables import Tables
from attendance.adapters.processes import forking
from attendance.adapters.processes.forking import LONGEST_REST_SECONDS
from attendance.adapters.rooms import repositories_in
from attendance.adapters.units_of_work import Ambient, JoinableStore
from attendance.application.ports import RESOURCES, UnitOfWork
from attendance.domain.errors import Unavailable

REPOSITORIES: Mapping[str, Callable[[Tables], Any]] = {
    **{resource.name: repository_class(resource) for resource in RESOURCES},
    **repositories_in("attendance.adapters.memory"),
    "events": MemoryEvents,
}


class MemoryStore(JoinableStore):
    """A transaction has the dictionaries for itself; so has each call outside one."""

    def __init__(self) -> None:
        self._tables = Tables()
        self._lock = Lock()
        self._is_at_rest = False
        forking.care_for(self)
        self._work = UnitOfWork(REPOSITORIES, self._tables)
        self._autocommit = UnitOfWork(
            {name: partial(Autocommit, self, name) for name in REPOSITORIES}, self._work
        )

    def before_fork(self) -> None:
        """Wait for other threads to end their transactions, but not for ever: one may be this thread's."""
        self._is_at_rest = self._lock.acquire(timeout=LONGEST_REST_SECONDS)

    def after_fork(self, *, is_child: bool) -> None:
        """The child goes on with a copy of everything stored."""
        if is_child:
            self._lock = Lock()
        elif self._is_at_rest:
            self._lock.release()

    @contextmanager
    def begin_transaction(self) -> Iterator[UnitOfWork]:
        with self.alone():
            yield self._work

    @contextmanager
    def begin_autocommit(self) -> Iterator[UnitOfWork]:
        yield self._autocommit

    begin_read = begin_autocommit

    @contextmanager
    def begin_ambient(self) -> Iterator[Ambient]:
        with self.alone():
            yield Ambient(self._work, self._tables.journal.undone_if_raised)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A transaction. Raises Unavailable where others take too long."""
        if not self._lock.acquire(timeout=LONGEST_WAIT_SECONDS):
            raise Unavailable
        try:
            with self._tables.journal.undone_if_raised():
                yield
            self._tables.journal.forget()
        finally:
            self._lock.release()


class Autocommit:
    """A repository of which every call is a transaction of its own."""

    def __init__(self, store: MemoryStore, name: str, work: UnitOfWork) -> None:
        self._store, self._repository = store, getattr(work, name)

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._repository, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            with self._store.alone():
                return method(*args, **kwargs)

        setattr(self, name, call)
        return call
