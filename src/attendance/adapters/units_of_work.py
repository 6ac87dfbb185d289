"""One unit of work of a store at a time in each context, and the transaction that several of them join."""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from os import getpid
from threading import Lock
from types import TracebackType

from attendance.adapters.backoff import attempts
from attendance.application.ports import Contended, LeftElsewhere, NestedUnitOfWork, Store, UnitOfWork
from attendance.domain.errors import Unavailable

OTHERS_TRANSACTION = "a transaction belongs to the process that opened it"


@dataclass(frozen=True, slots=True)
class Ambient:
    """The unit of work that others join, and how a part of it is undone by itself."""

    work: UnitOfWork
    savepoint: Callable[[], AbstractContextManager[None]]
    lock: Lock = field(default_factory=Lock)


@dataclass(slots=True, eq=False)
class OpenUnit:
    """A unit of work in progress. `outer` is the one of another store around it."""

    store: Store
    outer: "OpenUnit | None"
    ambient: Ambient | None = None
    is_open: bool = True
    process: int = field(default_factory=getpid)

    @classmethod
    def inside_others(cls, store: Store) -> "OpenUnit":
        """A unit of a store, the innermost one of this context from here on."""
        unit = cls(store, _innermost.get())
        _innermost.set(unit)
        return unit

    def end(self) -> None:
        self.is_open = False
        _innermost.set(self.outer)


_innermost: ContextVar[OpenUnit | None] = ContextVar("innermost_unit_of_work", default=None)


class JoinableStore(Store):
    """A store that says how its units begin, and leaves to this class whether one may begin or joins another.

    A unit belongs to the context (thread, asyncio task) that opened it, and to those copied from it.
    """

    @abstractmethod
    def begin_transaction(self) -> AbstractContextManager[UnitOfWork]: ...

    @abstractmethod
    def begin_autocommit(self) -> AbstractContextManager[UnitOfWork]: ...

    @abstractmethod
    def begin_read(self) -> AbstractContextManager[UnitOfWork]: ...

    @abstractmethod
    def begin_ambient(self) -> AbstractContextManager[Ambient]: ...

    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        return self._unit(self.begin_transaction)

    def autocommit(self) -> AbstractContextManager[UnitOfWork]:
        return self._unit(self.begin_autocommit)

    def read(self) -> AbstractContextManager[UnitOfWork]:
        return self._unit(self.begin_read)

    @contextmanager
    def ambient(self) -> Iterator[None]:
        with self._opened() as unit:
            try:
                with ExitStack() as stack:
                    unit.ambient = self._begun(stack)
                    try:
                        yield
                    finally:
                        self._require_still_inside(unit)
            except Contended as contended:
                raise Unavailable from contended
            except RuntimeError as error:
                # locks and connections of a forked process are its own: it has nothing to end here
                if unit.process != getpid():
                    raise Unavailable(OTHERS_TRANSACTION) from error
                raise

    def attempts(self) -> Iterator[None]:
        # inside an ambient transaction the reason to try again would still be there
        return attempts() if self.open_unit() is None else iter([None])

    def _unit(self, begin: Callable[[], AbstractContextManager[UnitOfWork]]) -> "_Unit":
        return _Unit(self, begin)

    @contextmanager
    def _opened(self) -> Iterator[OpenUnit]:
        if self.open_unit() is not None:
            raise NestedUnitOfWork
        unit = OpenUnit.inside_others(self)
        try:
            yield unit
        finally:
            unit.end()

    def open_unit(self) -> OpenUnit | None:
        """The unit of this store that is open in this context."""
        unit = _innermost.get()
        # one that ended may still be seen by a context that was copied while it was open
        while unit is not None and not (unit.store is self and unit.is_open):
            unit = unit.outer
        return unit

    def _require_still_inside(self, unit: OpenUnit) -> None:
        """Raise LeftElsewhere where the context that ends a transaction is not inside of it."""
        if unit.process == getpid() and self.open_unit() is not unit:
            raise LeftElsewhere

    def _begun(self, stack: ExitStack) -> Ambient:
        """Begin an ambient transaction; try again where that is Contended."""
        cause: Contended | None = None
        for _ in attempts():
            try:
                return stack.enter_context(self.begin_ambient())
            except Contended as contended:
                cause = contended
        raise Unavailable from cause


class _Unit(AbstractContextManager[UnitOfWork]):
    """A unit of work that begins or joins another; a class, as generators take twice as long."""

    __slots__ = ("_begin", "_begun", "_opened", "_store")

    def __init__(self, store: JoinableStore, begin: Callable[[], AbstractContextManager[UnitOfWork]]) -> None:
        self._store, self._begin = store, begin
        self._opened: OpenUnit | None = None

    def __enter__(self) -> UnitOfWork:
        around = self._store.open_unit()
        if around is None:
            self._opened = OpenUnit.inside_others(self._store)
            try:
                self._begun = self._begin()
                return self._begun.__enter__()
            except BaseException:
                self._opened.end()
                raise
        if around.process != getpid():
            raise Unavailable(OTHERS_TRANSACTION)
        if around.ambient is None:
            raise NestedUnitOfWork
        self._begun = _joined(around.ambient)
        return self._begun.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> bool | None:
        try:
            return self._begun.__exit__(kind, error, traceback)
        finally:
            if self._opened is not None:
                self._opened.end()


@contextmanager
def _joined(ambient: Ambient) -> Iterator[UnitOfWork]:
    """One at a time: two that overlap could not be undone apart from each other."""
    if not ambient.lock.acquire(blocking=False):
        raise NestedUnitOfWork
    try:
        with ambient.savepoint():
            yield ambient.work
    finally:
        ambient.lock.release()
