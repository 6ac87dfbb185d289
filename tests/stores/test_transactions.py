"""What a unit of work promises, on every store; and what a database connection is set to."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.adapters.sql.engine.drivers.postgres import POSTGRES_SETTINGS
from attendance.adapters.sql.engine.drivers.sqlite import SQLITE_SETTINGS
from attendance.adapters.sql.engine.errors import raise_meaning
from attendance.domain.errors import Unavailable
from attendance.testing.contract.labs import Given, marked


@pytest.fixture
def other_thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_an_exhausted_pool_is_unavailable(
    database_url: str, monkeypatch: pytest.MonkeyPatch, other_thread: ThreadPoolExecutor
) -> None:
    monkeypatch.setattr("attendance.adapters.sql.engine.databases.LONGEST_WAIT_SECONDS", 0.1)
    database = open_database(database_url, pool_size=1)
    store = SqlStore(primary=database, replica=database)

    def look() -> None:
        with store.autocommit():
            pass

    with store.autocommit(), pytest.raises(Unavailable):
        other_thread.submit(look).result()
    with store.autocommit() as work:
        assert work.accounts.find_by_username("nobody") is None
    database.engine.dispose()


@pytest.mark.parametrize(
    "url",
    ["postgresql://nobody@127.0.0.1:1/none", "sqlite:////proc"],
    ids=["postgresql", "sqlite"],
)
def test_a_database_that_is_away_is_unavailable(url: str) -> None:
    with pytest.raises(Unavailable):
        database = open_database(url, pool_size=1)
        with SqlStore(primary=database, replica=database).autocommit() as work:
            work.accounts.find_by_username("nobody")


def test_events_are_never_changed_or_removed(database: Database) -> None:
    store = SqlStore(primary=database, replica=database)
    given = Given(store)
    mark, event = marked(given, given.members[0])
    with store.autocommit() as work:
        work.lab_attendance.save(mark, event)
    statements = ["UPDATE events SET action = 'x'", "DELETE FROM events"]
    if database.engine.dialect.name == "postgresql":
        statements.append("TRUNCATE events")
    else:
        statements.append("INSERT OR REPLACE INTO events SELECT * FROM events")
    for statement in statements:
        with database.engine.connect() as connection, pytest.raises(sa.exc.DBAPIError, match="never changed"):
            connection.exec_driver_sql(statement)
    with store.autocommit() as work:
        assert work.events.of(mark.id) == (event,)


def _settings(engine: sa.Engine, connection: sa.Connection) -> dict[str, Any]:
    def one(statement: str) -> Any:
        return connection.exec_driver_sql(statement).scalar_one()

    if engine.dialect.name == "sqlite":
        return {name: one(f"PRAGMA {name}") for name in SQLITE_SETTINGS}
    return {name: one(f"SELECT current_setting('{name}')") for name in POSTGRES_SETTINGS}


def _expected(engine: sa.Engine) -> dict[str, Any]:
    if engine.dialect.name == "sqlite":
        return {
            "journal_mode": "wal",
            "synchronous": 2,
            "foreign_keys": 1,
            "busy_timeout": 100,
            "cache_size": -1024,
        }
    return {
        "statement_timeout": "10s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "15s",
        "default_transaction_isolation": "read committed",
        "timezone": "UTC",
    }


def wrong_settings(engine: sa.Engine, connections: int = 3) -> list[dict[str, Any]]:
    """The settings of each of several pooled connections that are not as they must be."""
    opened = [engine.connect() for _ in range(connections)]
    expected = _expected(engine)
    try:
        found = [_settings(engine, connection) for connection in opened]
    finally:
        for connection in opened:
            connection.close()
    return [settings for settings in found if settings != expected]


def test_every_pooled_connection_is_set_as_it_must_be(database: Database) -> None:
    assert wrong_settings(database.engine) == []
    assert wrong_settings(database.engine, connections=6) == []


@pytest.mark.plants
def test_the_check_of_settings_catches_a_plain_connection(database_url: str) -> None:
    url = sa.make_url(database_url)
    driver = "psycopg" if url.get_backend_name() == "postgresql" else "pysqlite"
    plain = sa.create_engine(url.set(drivername=f"{url.get_backend_name()}+{driver}"))

    assert len(wrong_settings(plain)) == 3
    plain.dispose()


def test_an_error_that_means_nothing_else_is_not_its_own_cause() -> None:
    """Whoever looks for the first cause of it would look for ever."""
    error = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        raise_meaning(error)
    assert error.__cause__ is None
    with pytest.raises(Unavailable) as raised:
        raise_meaning(sa.exc.TimeoutError())
    assert isinstance(raised.value.__cause__, sa.exc.TimeoutError)
