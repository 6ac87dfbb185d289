"""Units of work over pooled connections."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from attendance.adapters.rooms import repositories_in
from attendance.adapters.sql.engine.connection import Connection
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import meaning
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

    @contextmanager
    def begin_autocommit(self) -> Iterator[UnitOfWork]:
        with _connection(self.primary) as connection:
            yield UnitOfWork(REPOSITORIES, connection)

    @contextmanager
    def begin_read(self) -> Iterator[UnitOfWork]:
        if isinstance(self.replica, Replica):
            with _translated_errors(), self.replica.transaction() as driver:
                if driver is not None:
                    connection = Connection(driver, self.replica.database, is_one_transaction=True)
                    yield UnitOfWork(REPOSITORIES, connection)
                    return
        with _connection(self.primary) as connection:
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
