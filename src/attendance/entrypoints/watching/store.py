"""A store that tells what is committed, and what failed, at two microseconds for a unit of work."""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, cast
from uuid import UUID

from attendance.application.pagination import PageRequest
from attendance.application.ports import Events, LabAttendance, Store, UnitOfWork
from attendance.application.ports.events import EventCriteria, LoggedEvent, LogStretch
from attendance.domain.events import Event
from attendance.domain.labs.marks import LabMark

Committed = Callable[[Collection[Event]], None]
Failed = Callable[[BaseException], None]


@dataclass(slots=True)
class Noted:
    """Of a transaction that several units join: the events of those that ended well, and errors told of."""

    events: list[Event] = field(default_factory=list)
    told: set[int] = field(default_factory=set)


class NotedEvents(Events):
    """Events of another adapter; those that are added are noted."""

    __slots__ = ("_inner", "noted")

    def __init__(self, inner: Events) -> None:
        self._inner = inner
        self.noted: list[Event] = []

    def add(self, event: Event) -> None:
        self._inner.add(event)
        self.noted.append(event)

    def add_all(self, events: Collection[Event]) -> None:
        self._inner.add_all(events)
        self.noted += events

    def of(self, subject_id: UUID) -> tuple[Event, ...]:
        return self._inner.of(subject_id)

    def of_all(self, subject_ids: Collection[UUID], action: str) -> tuple[Event, ...]:
        return self._inner.of_all(subject_ids, action)

    def list(
        self, criteria: EventCriteria, page_request: PageRequest[LoggedEvent]
    ) -> tuple[LoggedEvent, ...]:
        return self._inner.list(criteria, page_request)

    def count(self, criteria: EventCriteria) -> int:
        return self._inner.count(criteria)

    def read_on(self, criteria: EventCriteria, *, after: int, limit: int) -> LogStretch:
        return self._inner.read_on(criteria, after=after, limit=limit)

    def numbers_of(self, subject_ids: Collection[UUID]) -> Mapping[UUID, int]:
        return self._inner.numbers_of(subject_ids)


class NotedLabMarks:
    """Marks of labs of another adapter, which stores each with its event in one statement."""

    __slots__ = ("_inner", "_noted")

    def __init__(self, inner: LabAttendance, noted: list[Event]) -> None:
        self._inner, self._noted = inner, noted

    def save(self, mark: LabMark, event: Event) -> None:
        self._inner.save(mark, event)
        self._noted.append(event)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class NotedWork:
    """A unit of work of which every call is a transaction: of those that write events, labs' marks alone."""

    __slots__ = ("_inner", "noted")

    def __init__(self, inner: UnitOfWork) -> None:
        self._inner = inner
        self.noted: list[Event] = []

    @property
    def lab_attendance(self) -> NotedLabMarks:
        return NotedLabMarks(self._inner.lab_attendance, self.noted)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class WatchedStore(Store):
    """Another store. Its events are told once they are committed, and each failure of its units once.

    `committed` is given the events of each transaction that wrote some; `failed` whatever a unit ended with,
    refusals too. Neither may raise.
    """

    def __init__(self, inner: Store, *, committed: Committed, failed: Failed) -> None:
        self._inner = inner
        self._committed, self._failed = committed, failed
        self._ambient: ContextVar[Noted | None] = ContextVar("watched_transaction", default=None)

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        return _WatchedTransaction(self, self._inner.transaction())

    def autocommit(self) -> AbstractContextManager[UnitOfWork]:
        return _WatchedAutocommit(self, self._inner.autocommit())

    def read(self) -> AbstractContextManager[UnitOfWork]:
        return _Watched(self, self._inner.read())

    def expecting(self, ask: Callable[[UnitOfWork], object]) -> AbstractContextManager[object]:
        return self._inner.expecting(ask)

    @contextmanager
    def ambient(self) -> Iterator[None]:
        noted = Noted()
        try:
            with self._inner.ambient():
                token = self._ambient.set(noted)
                try:
                    yield
                finally:
                    self._ambient.reset(token)
        except Exception as error:
            self._tell(error, noted)
            raise
        if noted.events:
            self._committed(noted.events)

    def attempts(self) -> Iterator[None]:
        return self._inner.attempts()

    def ended(self, events: list[Event]) -> None:
        """A unit of work has ended well that added these events."""
        around = self._ambient.get()
        if around is None:
            self._committed(events)
        else:
            # it is committed with what is around it
            around.events += events

    def raised(self, error: BaseException) -> None:
        """A unit of work has ended with this."""
        self._tell(error, self._ambient.get())

    def _tell(self, error: BaseException, around: Noted | None) -> None:
        if around is not None:
            cause = error
            while cause.__cause__ is not None:
                cause = cause.__cause__
            # what ends a part ends the whole as well, if nobody catches it
            if id(cause) in around.told:
                return
            around.told.add(id(cause))
        self._failed(error)


class _Watched(AbstractContextManager[UnitOfWork]):
    """A unit of work of another store; a class, as a generator takes three times as long."""

    __slots__ = ("_begun", "_store")

    def __init__(self, store: WatchedStore, begun: AbstractContextManager[UnitOfWork]) -> None:
        self._store, self._begun = store, begun

    def __enter__(self) -> UnitOfWork:
        try:
            return self._begun.__enter__()
        except Exception as error:
            self._store.raised(error)
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        try:
            is_suppressed = self._begun.__exit__(kind, error, traceback)
        except Exception as raised:
            self._store.raised(raised)
            raise
        if error is not None:
            self._store.raised(error)
        return is_suppressed


class _WatchedTransaction(_Watched):
    __slots__ = ("_events", "_inner_events", "_work")

    def __enter__(self) -> UnitOfWork:
        self._work = work = super().__enter__()
        self._inner_events = work.events
        work.events = self._events = NotedEvents(work.events)
        return work

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        # some stores have one unit for all transactions
        self._work.events = self._inner_events
        is_suppressed = super().__exit__(kind, error, traceback)
        if error is None and self._events.noted:
            self._store.ended(self._events.noted)
        return is_suppressed


class _WatchedAutocommit(_Watched):
    __slots__ = ("_noted",)

    def __enter__(self) -> UnitOfWork:
        self._noted = NotedWork(super().__enter__())
        return cast(UnitOfWork, self._noted)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        is_suppressed = super().__exit__(kind, error, traceback)
        if error is None and self._noted.noted:
            self._store.ended(self._noted.noted)
        return is_suppressed
