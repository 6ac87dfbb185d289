"""What is committed is told once it is, and each failure once, over every store."""

import sqlite3
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from attendance.adapters.sql.engine.errors import kind_of
from attendance.application.ports import Contended, Store
from attendance.domain.accounts.accounts import UsernameTaken
from attendance.domain.errors import Unavailable
from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import OPERATOR_ID
from attendance.entrypoints.watching import store as watching
from attendance.entrypoints.watching.store import WatchedStore
from tests import make


class Watching:
    """A store, and what was told of it."""

    def __init__(self, inner: Store) -> None:
        self.events: list[Event] = []
        self.errors: list[BaseException] = []
        self.inner = inner
        self.store = WatchedStore(inner, committed=self.events.extend, failed=self.errors.append)


@pytest.fixture
def watched(store: Store) -> Watching:
    return Watching(store)


def event() -> Event:
    context = ChangeContext(OPERATOR_ID, make.NOON, make.new_id)
    return context.event(Action.CLIENT_ADDED, make.new_id(), after={})


def test_events_are_told_when_they_are_committed_in_their_order(watched: Watching) -> None:
    first, second, third = event(), event(), event()
    with watched.store.transaction() as work:
        work.events.add(first)
        work.events.add_all([second, third])
        assert watched.events == []
        assert work.events.of(first.subject_id) == (first,)
    assert watched.events == [first, second, third]
    with watched.inner.transaction() as work:
        work.events.add(event())
    assert len(watched.events) == 3


def test_of_what_is_taken_back_nothing_is_told(watched: Watching) -> None:
    with pytest.raises(UsernameTaken), watched.store.transaction() as work:
        work.events.add(event())
        raise UsernameTaken
    assert watched.events == []
    assert [type(error) for error in watched.errors] == [UsernameTaken]


def test_what_joins_a_transaction_is_told_with_it_or_not_at_all(watched: Watching) -> None:
    kept, undone = event(), event()
    with watched.store.ambient():
        with watched.store.transaction() as work:
            work.events.add(kept)
        with pytest.raises(UsernameTaken), watched.store.transaction() as work:
            work.events.add(undone)
            raise UsernameTaken
        assert watched.events == []
    assert watched.events == [kept]
    with pytest.raises(Unavailable), watched.store.ambient():
        with watched.store.transaction() as work:
            work.events.add(undone)
        raise Unavailable
    assert watched.events == [kept]


def test_what_ends_a_part_and_the_whole_is_told_once(watched: Watching) -> None:
    with pytest.raises(Unavailable), watched.store.ambient(), watched.store.transaction():
        raise Contended
    assert len(watched.errors) == 1


@pytest.mark.plants
def test_without_remembering_it_would_be_told_twice(
    watched: Watching, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Forgetful(watching.Noted):
        def __getattribute__(self, name: str) -> Any:
            return set() if name == "told" else super().__getattribute__(name)

    monkeypatch.setattr(watching, "Noted", Forgetful)
    with pytest.raises(Unavailable), watched.store.ambient(), watched.store.transaction():
        raise Contended
    assert len(watched.errors) == 2


def test_what_fails_at_the_beginning_is_told_too(watched: Watching) -> None:
    with pytest.raises(RuntimeError), watched.store.autocommit(), watched.store.read():
        pass
    # the inner one could not begin, which ended the outer one
    assert len(watched.errors) == 2


def test_a_unit_outside_transactions_does_what_it_does_elsewhere(watched: Watching) -> None:
    with watched.store.autocommit() as work:
        assert work.outbox.backlog().waiting == 0
        assert work.rate_limit_windows.find("nobody").times == ()
        assert not work.sign_in_addresses.has("x", since=make.NOON.date() - timedelta(days=1))
    with watched.store.read() as work:
        assert work.events.numbers_of([]) == {}
    assert (watched.events, watched.errors) == ([], [])


def of_sqlite(code: int, kind: type[sqlite3.Error] = sqlite3.OperationalError) -> sqlite3.Error:
    error = kind("said")
    error.sqlite_errorcode = code
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (of_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), "contended"),
        (of_sqlite(sqlite3.SQLITE_FULL), "full"),
        (of_sqlite(sqlite3.SQLITE_READONLY_DBMOVED), "read_only"),
        (of_sqlite(sqlite3.SQLITE_IOERR_FSYNC), "io"),
        (of_sqlite(sqlite3.SQLITE_CORRUPT, sqlite3.DatabaseError), "corrupt"),
        (of_sqlite(sqlite3.SQLITE_ERROR), "other"),
        (of_sqlite(sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.IntegrityError), None),
        (psycopg.errors.DiskFull(), "full"),
        (psycopg.errors.ReadOnlySqlTransaction(), "read_only"),
        (psycopg.errors.DeadlockDetected(), "contended"),
        (psycopg.errors.LockNotAvailable(), "timeout"),
        (psycopg.errors.QueryCanceled(), "timeout"),
        (psycopg.errors.TooManyConnections(), "resources"),
        (psycopg.errors.AdminShutdown(), "away"),
        (psycopg.errors.UniqueViolation(), None),
        (psycopg.errors.UndefinedTable(), "other"),
        (psycopg.OperationalError("connection refused"), "away"),
        (sa.exc.TimeoutError(), "pool"),
        (sa.exc.DBAPIError("", {}, of_sqlite(sqlite3.SQLITE_FULL)), "full"),
        (Unavailable(), "timeout"),
        (Contended(), "contended"),
        (UsernameTaken(), None),
        (RuntimeError(), None),
    ],
    ids=repr,
)
def test_failures_of_databases_are_told_apart(error: Exception, kind: str | None) -> None:
    assert kind_of(error) == kind
    around = Unavailable()
    around.__cause__ = error
    assert kind_of(around) == kind
