"""Units of work over pooled connections."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from attendance.adapters.rooms import repositories_in
from attendance.adapters.sql.engine.connection import Connection, Expecting
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import meaning, raise_meaning
from attendance.adapters.sql.engine.replica import Replica
from attendance.adapters.sql.events import SqlEvents
from attendance.adapters.units_of_work import Ambient, JoinableStore
from attendance.application.ports import UnitOfWork
from attendance.domain.errors import Unavailable

REPOSITORIES: Mapping[str, Callable[[Connection], Any]] = {
    **repositories_in("attendance.adapters.sql"),
    "events": SqlEvents,
}


@dataclass(frozen=True, slots=True)
class SqlStore(JoinableStore):
    """`replica` serves lists, where it has all that was committed when they are asked for.

    Raises ValueError for a replica that is not of PostgreSQL.
    """

    primary: Database
    replica: Database | Replica
    """The primary itself where there is none; another database becomes its `Replica`."""

    def __post_init__(self) -> None:
        if not (self.replica is self.primary or isinstance(self.replica, Replica)):
            object.__setattr__(self, "replica", Replica(self.replica, self.primary))

    @contextmanager
    def begin_transaction(self) -> Iterator[UnitOfWork]:
        with (
            _translated_errors(),
            self.primary.connection() as driver,
            self.primary.shared_transaction(driver) as shared,
        ):
            connection = Connection(shared, self.primary, is_one_transaction=True)
            yield UnitOfWork(REPOSITORIES, connection)

    def begin_autocommit(self) -> AbstractContextManager[UnitOfWork]:
        return _Autocommit(self.primary)

    def begin_read(self) -> AbstractContextManager[UnitOfWork]:
        if isinstance(self.replica, Replica):
            return self._begin_read_of(self.replica)
        return _Autocommit(self.primary)

    @contextmanager
    def _begin_read_of(self, replica: Replica) -> Iterator[UnitOfWork]:
        with _translated_errors(), replica.transaction() as driver:
            if driver is not None:
                yield UnitOfWork(REPOSITORIES, Connection(driver, replica.database, is_one_transaction=True))
                return
        with _Autocommit(self.primary) as work:
            yield work

    def expecting(self, ask: Callable[[UnitOfWork], object]) -> AbstractContextManager[object]:
        if not self.primary.runs_both:
            return nullcontext()
        return Expecting(self.primary, lambda connection: ask(UnitOfWork(REPOSITORIES, connection)))

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


class _Autocommit(AbstractContextManager[UnitOfWork]):
    """A unit of work whose every call is a transaction; a class, as generators take three times as long."""

    __slots__ = ("_database", "_lent")

    def __init__(self, database: Database) -> None:
        self._database = database

    def __enter__(self) -> UnitOfWork:
        self._lent = self._database.connection()
        try:
            driver = self._lent.__enter__()
        except Exception as error:
            raise_meaning(error)
        return UnitOfWork(REPOSITORIES, Connection(driver, self._database, is_one_transaction=False))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self._lent.__exit__(kind, error, traceback)
        except Exception as raised:
            raise_meaning(raised)
        if isinstance(error, Exception) and (means := meaning(error)) is not error:
            raise means from error


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
        raise_meaning(error)
