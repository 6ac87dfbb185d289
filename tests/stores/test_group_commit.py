"""SQLite: those who wait for each other commit together, and nobody goes on before that commit."""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import Any

import pytest

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import open_database
from attendance.adapters.sql.engine.drivers import group_commit, sqlite
from attendance.adapters.sql.engine.drivers.group_commit import _Group
from attendance.adapters.sql.engine.drivers.sqlite import Sqlite
from attendance.application.pagination import Page
from attendance.application.ports import Contended, UnitOfWork
from attendance.domain.accounts.accounts import UsernameTaken
from attendance.domain.errors import Unavailable
from attendance.testing import make
from attendance.testing.contract.units_of_work import add, number
from tests.databases import SqliteDatabases

LONGEST_SECONDS = 5
A_MOMENT_SECONDS = 0.1
THREADS = 12

Work = Callable[[UnitOfWork], object]


@dataclass
class Observed:
    """What the connections to one database were told; `failing` is what they raise instead of COMMIT."""

    statements: list[str] = field(default_factory=list)
    failing: int | None = None

    def factory(self) -> type[sqlite3.Connection]:
        observed = self

        class Connection(sqlite3.Connection):
            def execute(self, statement: str, *values: Any) -> sqlite3.Cursor:
                observed.statements.append(statement)
                if statement == "COMMIT" and observed.failing is not None:
                    error = sqlite3.OperationalError("as if it had happened")
                    error.sqlite_errorcode = observed.failing
                    raise error
                return super().execute(statement, *values)

        return Connection

    def times(self, statement: str) -> int:
        return self.statements.count(statement)


@pytest.fixture
def observed(monkeypatch: pytest.MonkeyPatch) -> Observed:
    observed = Observed()
    monkeypatch.setattr(
        sqlite, "SQLITE_ARGUMENTS", {**sqlite.SQLITE_ARGUMENTS, "factory": observed.factory()}
    )
    return observed


@pytest.fixture
def store(sqlite_databases: SqliteDatabases, observed: Observed) -> Iterator[SqlStore]:
    database = open_database(sqlite_databases.fresh(), pool_size=THREADS + 2)
    yield SqlStore(primary=database, replica=database)
    database.engine.dispose()


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(THREADS) as pool:
        yield pool


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LONGEST_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.001)


def waiting(store: SqlStore) -> int:
    """How many are lined up to write."""
    database = store.primary
    assert isinstance(database, Sqlite)
    return len(database._writers._waiting)


def together(store: SqlStore, pool: ThreadPoolExecutor, works: Sequence[Work]) -> list[Future[None]]:
    """Let all of them wait behind one transaction, in this order; then let them go."""

    def one(work: Work) -> None:
        with store.transaction() as unit:
            work(unit)

    futures = []
    with store.ambient():
        for count, work in enumerate(works, 1):
            futures.append(pool.submit(one, work))
            until(lambda count=count: waiting(store) == count)  # type: ignore[misc]
    return futures


def adds(**changes: Any) -> Work:
    account = make.account(**changes)
    return lambda work: work.accounts.add(account)


def holds(begun: threading.Event, go_on: threading.Event) -> Work:
    """Goes on when it may."""

    def work(_: UnitOfWork) -> None:
        begun.set()
        assert go_on.wait(LONGEST_SECONDS)

    return work


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may need longer than a group is kept open."""
    monkeypatch.setattr(group_commit, "LONGEST_GROUP_SECONDS", LONGEST_SECONDS)


def test_those_who_wait_together_commit_together(
    store: SqlStore, observed: Observed, pool: ThreadPoolExecutor
) -> None:
    futures = together(store, pool, [adds() for _ in range(THREADS)])
    for future in futures:
        future.result()
    assert observed.times("COMMIT") == 2, "one of the transaction before them, one of theirs"
    assert observed.times("SAVEPOINT member") == THREADS - 1
    assert number(store) == THREADS


def test_single_statements_join_as_well(
    store: SqlStore, observed: Observed, pool: ThreadPoolExecutor
) -> None:
    def single() -> None:
        with store.autocommit() as work:
            work.accounts.add(make.account())

    with store.ambient():
        futures = [pool.submit(single) for _ in range(THREADS)]
        until(lambda: waiting(store) == THREADS)
    for future in futures:
        future.result()
    assert observed.times("COMMIT") == 2
    assert number(store) == THREADS


def test_a_group_has_an_end(
    store: SqlStore, observed: Observed, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "MOST_MEMBERS", 5)
    for future in together(store, pool, [adds() for _ in range(12)]):
        future.result()
    assert observed.times("COMMIT") == 1 + 3
    monkeypatch.setattr(group_commit, "LONGEST_GROUP_SECONDS", 0)
    for future in together(store, pool, [adds() for _ in range(4)]):
        future.result()
    assert observed.times("COMMIT") == 1 + 3 + 1 + 4
    assert number(store) == 16


def refused_alone(store: SqlStore, pool: ThreadPoolExecutor) -> None:
    """Whatever a member does before it is refused is taken back, and nothing of the others."""

    def fails(work: UnitOfWork) -> None:
        work.accounts.add(make.account(username="grace"))
        work.accounts.add(make.account(username="ada"))

    first, refused, last = together(store, pool, [adds(username="ada"), fails, adds(username="eve")])
    with pytest.raises(UsernameTaken):
        refused.result()
    first.result()
    last.result()
    with store.read() as work:
        assert {it.username for it in work.accounts.search("", Page()).users} == {"ada", "eve"}


def test_one_of_a_group_is_refused_alone(store: SqlStore, pool: ThreadPoolExecutor) -> None:
    refused_alone(store, pool)


def test_the_first_of_a_group_is_refused_alone(store: SqlStore, pool: ThreadPoolExecutor) -> None:
    add(store, username="ada")

    def fails(work: UnitOfWork) -> None:
        work.accounts.add(make.account(username="grace"))
        work.accounts.add(make.account(username="ada"))

    refused, second = together(store, pool, [fails, adds(username="eve")])
    with pytest.raises(UsernameTaken):
        refused.result()
    second.result()
    assert number(store) == 2


@pytest.mark.plants
def test_a_group_without_savepoints_is_caught(
    store: SqlStore, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch, observed: Observed
) -> None:
    connection: Any = sqlite.SQLITE_ARGUMENTS["factory"]
    execute = connection.execute

    def without(self: Any, statement: str, *values: Any) -> sqlite3.Cursor:
        return execute(self, "SELECT 1" if "SAVEPOINT member" in statement else statement, *values)  # type: ignore[no-any-return]

    monkeypatch.setattr(connection, "execute", without)
    with pytest.raises(AssertionError):
        refused_alone(store, pool)


def answered_late(store: SqlStore, pool: ThreadPoolExecutor) -> None:
    """While a group is open, none of its members has gone on, and nobody else sees what they did.

    The second is refused for what the first did, which nobody may be told before that is so.
    """
    begun, go_on = threading.Event(), threading.Event()
    works = [adds(username="ada"), adds(username="ada"), holds(begun, go_on)]
    done, refused, held = together(store, pool, works)
    try:
        assert begun.wait(LONGEST_SECONDS)
        wait([done, refused], timeout=A_MOMENT_SECONDS)
        assert not done.done(), "answered before the commit"
        assert not refused.done(), "refused for what may not come to be"
        assert number(store) == 0, "seen before the commit"
    finally:
        go_on.set()
    done.result()
    held.result()
    with pytest.raises(UsernameTaken):
        refused.result()
    assert number(store) == 1


def test_nobody_goes_on_before_the_commit(store: SqlStore, pool: ThreadPoolExecutor) -> None:
    answered_late(store, pool)


@pytest.mark.plants
def test_a_group_that_does_not_wait_is_caught(
    store: SqlStore, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Group, "wait", lambda _: None)
    with pytest.raises(AssertionError, match="before the commit"):
        answered_late(store, pool)


@pytest.mark.parametrize(
    ("code", "means"), [(sqlite3.SQLITE_FULL, Unavailable), (sqlite3.SQLITE_BUSY, Contended)]
)
def test_a_commit_that_fails_fails_for_every_member(
    store: SqlStore, observed: Observed, pool: ThreadPoolExecutor, code: int, means: type[Exception]
) -> None:
    futures: list[Future[None]] = []

    def starts_failing(work: UnitOfWork) -> None:
        work.accounts.add(make.account(username="ada"))
        observed.failing = code

    works = [starts_failing, adds(username="ada"), adds(), holds(threading.Event(), _already())]
    futures = together(store, pool, works)
    errors = [future.exception(LONGEST_SECONDS) for future in futures]
    assert [type(error) for error in errors] == [means] * 4
    assert len({*map(id, errors)}) == 4, "threads must not share an error with its traceback"
    observed.failing = None
    assert number(store) == 0
    add(store)
    assert number(store) == 1


def _already() -> threading.Event:
    event = threading.Event()
    event.set()
    return event


def test_a_transaction_that_the_database_gave_up_is_so_for_every_member(
    store: SqlStore, pool: ThreadPoolExecutor
) -> None:
    def loses_all(work: UnitOfWork) -> None:
        work._source.driver.execute("ROLLBACK")
        add_one(work)

    add_one = adds()
    futures = together(store, pool, [adds(), loses_all])
    assert [type(future.exception(LONGEST_SECONDS)) for future in futures] == [Unavailable] * 2
    assert number(store) == 0
    add(store)
    assert number(store) == 1


def test_a_full_disk_loses_nothing_that_was_acknowledged(store: SqlStore, pool: ThreadPoolExecutor) -> None:
    """The file may not grow beyond some pages: some of each group no longer fit."""
    with store.transaction() as work:
        driver = work._source.driver
        driver.execute(f"PRAGMA max_page_count = {driver.execute('PRAGMA page_count').fetchone()[0] + 20}")

    def fills() -> list[str]:
        stored = []
        for _ in range(20):
            account = make.account(name="x" * 200)
            try:
                with store.transaction() as work:
                    work.accounts.add(account)
            except Unavailable:
                continue
            stored.append(account.username)
        return stored

    acknowledged = [name for names in [pool.submit(fills) for _ in range(THREADS)] for name in names.result()]
    assert 0 < len(acknowledged) < 20 * THREADS
    with store.read() as work:
        found = [it.username for it in work.accounts.search("", Page()).users]
    assert sorted(found) == sorted(acknowledged)


def test_nobody_is_made_to_wait_for_an_ambient_transaction(
    store: SqlStore, observed: Observed, pool: ThreadPoolExecutor
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def ambient() -> None:
        with store.ambient():
            begun.set()
            assert go_on.wait(LONGEST_SECONDS)

    with store.ambient():
        first = pool.submit(add, store)
        until(lambda: waiting(store) == 1)
        long = pool.submit(ambient)
        until(lambda: waiting(store) == 2)
        last = pool.submit(add, store)
        until(lambda: waiting(store) == 3)
    first.result(LONGEST_SECONDS)
    assert begun.wait(LONGEST_SECONDS)
    assert not long.done()
    assert number(store) == 1
    go_on.set()
    long.result()
    last.result()
    assert observed.times("COMMIT") == 4


def test_whoever_waits_too_long_is_told_and_the_others_go_on(
    store: SqlStore, pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(group_commit, "LONGEST_WAIT_SECONDS", A_MOMENT_SECONDS)
    with store.ambient():
        impatient = [pool.submit(add, store) for _ in range(3)]
        for each in impatient:
            with pytest.raises(Unavailable):
                each.result(LONGEST_SECONDS)
        monkeypatch.setattr(group_commit, "LONGEST_WAIT_SECONDS", LONGEST_SECONDS)
        patient = pool.submit(add, store)
        until(lambda: waiting(store) == 1)
    patient.result()
    assert number(store) == 1


def test_groups_of_two_pools_on_one_file_lose_nothing(
    sqlite_databases: SqliteDatabases, pool: ThreadPoolExecutor
) -> None:
    """As two processes would: neither knows of the other's line."""
    url = sqlite_databases.fresh()
    opened = [open_database(url, pool_size=THREADS) for _ in range(2)]
    stores = [SqlStore(primary=database, replica=database) for database in opened]

    def adds_ten(store: SqlStore) -> None:
        for _ in range(10):
            for _ in store.attempts():
                try:
                    add(store)
                except Contended:
                    continue
                break

    for future in [pool.submit(adds_ten, stores[n % 2]) for n in range(THREADS)]:
        future.result()
    assert [number(store) for store in stores] == [10 * THREADS] * 2
    for database in opened:
        database.engine.dispose()
