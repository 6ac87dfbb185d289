"""Connections to a PostgreSQL that came to read only, fell silent, or acknowledged what no replica has."""

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.backups import verifying
from attendance.adapters.sql.backups.verifying import snapshot, verify
from attendance.adapters.sql.engine import databases
from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.adapters.sql.engine.drivers import postgres as postgresql, silence
from attendance.adapters.sql.engine.drivers.postgres import PREPARED_AFTER, ServerConnection
from attendance.adapters.sql.engine.errors import raise_meaning
from attendance.adapters.sql.schema.migrating import migrate
from attendance.adapters.sql.schema.stored_keys import has_current_keys
from attendance.adapters.sql.schema.version import is_current
from attendance.adapters.sql.schema.writing import is_writable
from attendance.domain.errors import Unavailable
from attendance.testing import make
from tests import postgres
from tests.databases import PostgresDatabases

pytestmark = pytest.mark.attacks

PATIENCE_SECONDS = 30
AT_ONCE, NEVER = 0.2, 3600.0


@pytest.fixture(scope="module")
def server() -> Iterator[postgres.Server]:
    """One of these tests alone, whose processes may be stopped and whose settings may be changed."""
    with postgres.running(postgres.DURABLE) as running:
        yield running


@pytest.fixture(scope="module")
def made(server: postgres.Server) -> PostgresDatabases:
    return PostgresDatabases(server.url())


@pytest.fixture(scope="module")
def url(made: PostgresDatabases) -> str:
    return made.fresh()


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = open_database(url, pool_size=2)
    yield opened
    opened.engine.dispose()


@pytest.fixture
def store(database: Database) -> SqlStore:
    return SqlStore(primary=database, replica=database)


@pytest.fixture
def other_thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def write(store: SqlStore) -> None:
    with store.transaction() as work:
        work.accounts.add(make.account())


def write_without_a_transaction(store: SqlStore) -> None:
    with store.autocommit() as work:
        work.accounts.add(make.account())


def until(is_so: Callable[[], Any]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not is_so():
        assert time.monotonic() < deadline, f"not so in {PATIENCE_SECONDS} s"
        time.sleep(0.01)


WRITES = [write, write_without_a_transaction]


def check_a_server_that_reads_only_is_left(store: SqlStore, write: Callable[[SqlStore], None]) -> None:
    """Its connections stay as they are until somebody throws them away: new ones find the next leader."""
    with store.primary.connection() as one, store.primary.connection() as other:
        for driver in (one, other):
            driver.execute("SET default_transaction_read_only = on")
    with pytest.raises(Unavailable):
        write(store)
    with store.primary.connection() as new, store.primary.connection() as newer:
        assert not {new, newer} & {one, other}, "a connection to a server that reads only is used on"
    write(store)


@pytest.mark.parametrize("write", WRITES)
def test_connections_to_a_server_that_reads_only_are_thrown_away(
    store: SqlStore, write: Callable[[SqlStore], None]
) -> None:
    check_a_server_that_reads_only_is_left(store, write)


@pytest.mark.plants
@pytest.mark.parametrize("write", WRITES)
def test_the_check_catches_connections_that_are_kept_whatever_the_server_says(
    store: SqlStore, write: Callable[[SqlStore], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "kind_of", lambda _: None)
    with pytest.raises(AssertionError, match="is used on"):
        check_a_server_that_reads_only_is_left(store, write)


def check_none_is_left_open(database: Database) -> None:
    """What is in use while the others are thrown away goes when it is given back."""
    with database.connection() as whole:
        with suppress(psycopg.Error), database.connection() as broken:
            broken.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        whole.execute("SELECT 1")
    assert broken.closed
    assert whole.closed, "it is in a pool from which nobody takes it"


def test_a_connection_in_use_while_its_pool_is_thrown_away_is_closed_afterwards(database: Database) -> None:
    check_none_is_left_open(database)


@pytest.mark.plants
def test_the_check_catches_a_connection_that_goes_back_to_a_pool_of_the_past(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole: list[Any] = []

    @contextmanager
    def plain(self: Database) -> Iterator[Any]:
        pooled = self.engine.raw_connection()
        whole.append(pooled.dbapi_connection)
        try:
            yield pooled.dbapi_connection
        except BaseException:
            pooled.invalidate()
            self.engine.dispose()
            raise
        finally:
            pooled.close()

    monkeypatch.setattr(databases.Database, "connection", plain)
    with pytest.raises(AssertionError, match="from which nobody takes it"):
        check_none_is_left_open(database)
    whole[0].close()


Asking = Callable[[Database, Callable[[Any], None]], None]
"""Asks a database something; calls what it is given with the connection, just before."""


def a_statement(database: Database, falls_silent: Callable[[Any], None]) -> None:
    with SqlStore(primary=database, replica=database).autocommit() as work:
        falls_silent(work._source.driver)
        work.accounts.find_by_username("nobody")


ONE, TWO = sa.select(sa.text("1 AS one")), sa.select(sa.text("2 AS two"))


def a_pipeline(database: Database, falls_silent: Callable[[Any], None]) -> None:
    with database.connection() as connection:
        for _ in range(2 * PREPARED_AFTER):  # until the server keeps them
            database.run(connection, ONE, {})
            database.run(connection, TWO, {})
        falls_silent(connection)
        try:
            _, second = database.run_both(connection, (ONE, {}), (TWO, {}))
        except psycopg.Error as error:
            raise_meaning(error)
        assert second, "they are not asked together"


def a_begin(database: Database, falls_silent: Callable[[Any], None]) -> None:
    with database.connection() as connection:
        falls_silent(connection)
    write(SqlStore(primary=database, replica=database))


def a_commit(database: Database, falls_silent: Callable[[Any], None]) -> None:
    with SqlStore(primary=database, replica=database).transaction() as work:
        work.accounts.add(make.account())
        falls_silent(work._source.driver)


def a_savepoint(database: Database, falls_silent: Callable[[Any], None]) -> None:
    store = SqlStore(primary=database, replica=database)
    with store.ambient(), store.transaction() as work:
        falls_silent(work._source.driver)


def the_version(database: Database, falls_silent: Callable[[Any], None]) -> None:
    with database.connection() as connection:
        falls_silent(connection)
    is_current(database)


def readiness(database: Database, falls_silent: Callable[[Any], None]) -> None:
    with database.connection() as connection:
        falls_silent(connection)
    is_writable(database)


def a_migration(database: Database, falls_silent: Callable[[Any], None]) -> None:
    with database.connection() as connection:
        falls_silent(connection)
    migrate(database)


def what_a_start_asks(database: Database, falls_silent: Callable[[Any], None]) -> None:
    with database.connection() as connection:
        falls_silent(connection)
    has_current_keys(database)


def a_snapshot(database: Database, falls_silent: Callable[[Any], None]) -> None:
    with database.connection() as connection:
        falls_silent(connection)
    verify(database)


ASKING = [
    a_statement,
    a_pipeline,
    a_begin,
    a_commit,
    a_savepoint,
    the_version,
    readiness,
    a_migration,
    what_a_start_asks,
    a_snapshot,
]


def check_a_silent_server_is_given_up(
    database: Database, asking: Asking, other_thread: ThreadPoolExecutor, patience: float = PATIENCE_SECONDS
) -> None:
    with database.engine.connect():
        pass  # what is asked of an unknown server is over
    silent: list[Any] = []
    is_silent = threading.Event()

    def fall_silent(driver: Any) -> None:
        os.kill(driver.info.backend_pid, signal.SIGSTOP)
        silent.append(driver.info.backend_pid)
        is_silent.set()

    asked: Future[None] = other_thread.submit(asking, database, fall_silent)
    try:
        assert is_silent.wait(PATIENCE_SECONDS)
        with pytest.raises(Unavailable):
            try:
                asked.result(timeout=patience)
            except TimeoutError:
                raise AssertionError("it is waited for ever") from None
        write(SqlStore(primary=database, replica=database))
    finally:
        for pid in silent:
            os.kill(pid, signal.SIGCONT)


@pytest.mark.parametrize("asking", ASKING)
def test_a_server_that_says_nothing_any_more_is_given_up(
    url: str, asking: Asking, other_thread: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "LONGEST_SILENCE_SECONDS", AT_ONCE)
    monkeypatch.setattr(silence, "LOOK_EVERY_SECONDS", AT_ONCE)
    database = open_database(url, pool_size=2)
    check_a_silent_server_is_given_up(database, asking, other_thread)
    database.engine.dispose()


@pytest.mark.plants
@pytest.mark.parametrize("asking", ASKING)
def test_the_check_catches_a_driver_that_waits_for_ever(
    url: str, asking: Asking, other_thread: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the server is stopped, nothing but being given up can end it, however long one waits."""
    monkeypatch.setattr(silence, "LONGEST_SILENCE_SECONDS", NEVER)
    database = open_database(url, pool_size=2)
    with pytest.raises(AssertionError, match="waited for ever"):
        check_a_silent_server_is_given_up(database, asking, other_thread, patience=AT_ONCE)
    other_thread.shutdown()
    database.engine.dispose()


def check_others_go_on(database: Database, other_thread: ThreadPoolExecutor) -> None:
    """While one thread waits for the answers to two questions, a second long."""
    is_silent = threading.Event()
    goes_on: list[subprocess.Popen[bytes]] = []

    def fall_silent(driver: Any) -> None:
        pid = driver.info.backend_pid
        os.kill(pid, signal.SIGSTOP)
        # by another process: nothing of this one may go on
        goes_on.append(subprocess.Popen(["/bin/sh", "-c", f"sleep 1; kill -CONT {pid}"]))
        is_silent.set()

    asked = other_thread.submit(a_pipeline, database, fall_silent)
    assert is_silent.wait(PATIENCE_SECONDS)
    steps = 0
    while not asked.done():
        steps += 1
        time.sleep(0.01)
    asked.result()
    assert goes_on[0].wait() == 0
    assert steps > 20, "all threads wait"


def test_who_waits_for_a_pipeline_holds_up_nobody(
    database: Database, other_thread: ThreadPoolExecutor
) -> None:
    check_others_go_on(database, other_thread)


@pytest.mark.plants
def test_the_check_catches_waiting_with_everybody(
    database: Database, other_thread: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "_next_result", lambda pgconn: pgconn.get_result())
    with pytest.raises(AssertionError, match="all threads wait"):
        check_others_go_on(database, other_thread)


def check_a_long_statement_goes_on(database: Database) -> None:
    with snapshot(database) as connection:
        assert connection.scalar(sa.text("SELECT pg_sleep(1.5)::text")) == ""


def test_what_lasts_as_long_as_it_takes_is_not_given_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "LONGEST_SILENCE_SECONDS", AT_ONCE)
    monkeypatch.setattr(silence, "LOOK_EVERY_SECONDS", AT_ONCE)
    check_a_long_statement_goes_on(database)


@pytest.mark.plants
def test_the_check_catches_a_long_statement_that_is_given_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(silence, "LONGEST_SILENCE_SECONDS", AT_ONCE)
    monkeypatch.setattr(silence, "LOOK_EVERY_SECONDS", AT_ONCE)
    monkeypatch.setattr(verifying, "LASTS_ANY_TIME", "of no meaning")
    with pytest.raises(sa.exc.OperationalError):
        check_a_long_statement_goes_on(database)


@pytest.fixture
def waits_for_a_replica(server: postgres.Server) -> Iterator[psycopg.Connection[Any]]:
    """A server whose commits wait for a replica that there is not; its operator."""
    with psycopg.connect(server.url(), autocommit=True) as operator:

        def tell(names: str) -> None:
            operator.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{names}'".encode())
            operator.execute("SELECT pg_reload_conf()")
            until(lambda: operator.execute("SHOW synchronous_standby_names").fetchone() == (names,))

        tell("nobody")
        try:
            yield operator
        finally:
            tell("")


def check_a_commit_that_no_replica_has_is_not_acknowledged(
    store: SqlStore,
    write: Callable[[SqlStore], None],
    operator: psycopg.Connection[Any],
    other_thread: ThreadPoolExecutor,
) -> None:
    """PostgreSQL says that it was done, with a warning, when somebody ends the wait."""
    written = other_thread.submit(write, store)
    waiting = "FROM pg_stat_activity WHERE wait_event = 'SyncRep'"
    until(lambda: operator.execute(f"SELECT pid {waiting}".encode()).fetchone())
    operator.execute(f"SELECT pg_cancel_backend(pid) {waiting}".encode())
    with pytest.raises(Unavailable):
        written.result(timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize("write", WRITES)
def test_a_commit_that_stops_waiting_for_a_replica_is_not_acknowledged(
    store: SqlStore,
    write: Callable[[SqlStore], None],
    waits_for_a_replica: psycopg.Connection[Any],
    other_thread: ThreadPoolExecutor,
) -> None:
    check_a_commit_that_no_replica_has_is_not_acknowledged(store, write, waits_for_a_replica, other_thread)
    # the connection is as good as any
    with store.autocommit() as work:
        assert work.accounts.find_by_username("nobody") is None


@pytest.mark.plants
@pytest.mark.parametrize("write", WRITES)
def test_the_check_catches_a_store_that_takes_a_warning_for_nothing(
    store: SqlStore,
    write: Callable[[SqlStore], None],
    waits_for_a_replica: psycopg.Connection[Any],
    other_thread: ThreadPoolExecutor,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ServerConnection, "_note", lambda *_: None)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        check_a_commit_that_no_replica_has_is_not_acknowledged(
            store, write, waits_for_a_replica, other_thread
        )


def test_of_several_servers_the_one_that_answers_and_writes_is_taken(
    server: postgres.Server, made: PostgresDatabases
) -> None:
    name = sa.make_url(made.fresh()).database
    of_several = f"postgresql://postgres@/{name}?host={server.home}/none&host={server.home}"
    database = open_database(f"{of_several}&target_session_attrs=read-write", pool_size=1)
    write(SqlStore(primary=database, replica=database))
    with psycopg.connect(server.url(), autocommit=True) as operator:
        operator.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on".encode())
        database.engine.dispose()
        with pytest.raises(Unavailable):
            write(SqlStore(primary=database, replica=database))
        operator.execute(f"ALTER DATABASE {name} RESET default_transaction_read_only".encode())
    write(SqlStore(primary=database, replica=database))
    database.engine.dispose()


def test_connections_notice_what_is_gone_unless_the_url_says_otherwise(url: str) -> None:
    def said(url: str) -> dict[str, str]:
        database = open_database(url, pool_size=1)
        with database.connection() as connection:
            parameters: dict[str, str] = connection.info.get_parameters()
        database.engine.dispose()
        return parameters

    usual = {
        "connect_timeout": "3",
        "tcp_user_timeout": "6000",
        "keepalives_idle": "5",
        "keepalives_interval": "2",
        "keepalives_count": "3",
    }
    assert said(url).items() >= usual.items()
    assert said(f"{url}&connect_timeout=9").items() >= (usual | {"connect_timeout": "9"}).items()
