"""What every store promises of a unit of work inside another, and of several use cases in one transaction."""

import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import nullcontext, suppress
from contextvars import copy_context
from typing import Any, get_type_hints

import psycopg
import pytest

from attendance.adapters.memory import MemoryStore
from attendance.adapters.memory.tables import Journal
from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database
from attendance.application.pagination import Page
from attendance.application.ports import Contended, NestedUnitOfWork, Store, UnitOfWork
from attendance.application.retrying import retried
from attendance.domain.accounts.accounts import UsernameTaken, UserNotFound
from attendance.domain.errors import Unavailable
from attendance.domain.ids import AccountId
from tests import make
from tests.fakes import World

UNITS = ("transaction", "autocommit", "read")


def number(store: Store) -> int:
    """How many accounts there are."""
    with store.read() as work:
        return work.accounts.search("", Page()).total


def add(store: Store, **changes: Any) -> None:
    with store.transaction() as work:
        work.accounts.add(make.account(**changes))


def test_a_unit_has_every_repository(store: Store) -> None:
    for unit in UNITS:
        with getattr(store, unit)() as work:
            for name in get_type_hints(UnitOfWork):
                assert getattr(work, name) is getattr(work, name), (unit, name)


def test_a_unit_makes_only_the_repositories_that_are_asked_for() -> None:
    made: list[str] = []

    def maker(name: str) -> Callable[[Any], Any]:
        return lambda source: made.append(name) or source

    work = UnitOfWork({name: maker(name) for name in ("accounts", "clients", "more")}, "source")
    assert (work.clients, work.clients) == ("source", "source")
    assert made == ["clients"]
    with pytest.raises(AttributeError):
        _ = work.more  # type: ignore[attr-defined]


@pytest.mark.parametrize("inner", [*UNITS, "ambient"])
@pytest.mark.parametrize("outer", UNITS)
def test_a_unit_inside_a_unit_is_refused(store: Store, outer: str, inner: str) -> None:
    with getattr(store, outer)() as work:
        with pytest.raises(NestedUnitOfWork), getattr(store, inner)():
            pass
        # and the outer one is as good as before
        assert work.accounts.search("", Page()).total == 0
    add(store)
    assert number(store) == 1


def test_what_an_outer_unit_did_is_undone_whatever_was_refused_inside(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as work:
        work.accounts.add(make.account())
        with pytest.raises(NestedUnitOfWork), store.transaction():
            pass
        raise ZeroDivisionError
    assert number(store) == 0


def test_units_of_two_stores_may_be_inside_each_other() -> None:
    one, other = MemoryStore(), MemoryStore()
    with one.transaction() as work, other.transaction() as others:
        work.accounts.add(make.account())
        others.accounts.add(make.account())
        with pytest.raises(NestedUnitOfWork), one.read():
            pass
    assert (number(one), number(other)) == (1, 1)


def test_an_ambient_transaction_commits_all_or_nothing(store: Store) -> None:
    with store.ambient():
        add(store)
        assert number(store) == 1
        with store.autocommit() as work:
            work.accounts.add(make.account())
        assert number(store) == 2
    assert number(store) == 2
    with pytest.raises(ZeroDivisionError), store.ambient():
        add(store)
        add(store)
        raise ZeroDivisionError
    assert number(store) == 2


def refused_inside(store: Store) -> None:
    """What is refused inside an ambient transaction leaves no trace; what is done before and after stays."""
    add(store, username="ada")
    with store.ambient():
        add(store)
        with pytest.raises(UsernameTaken), store.transaction() as work:
            work.accounts.add(make.account())
            work.accounts.add(make.account(username="ada"))
        with pytest.raises(ZeroDivisionError), store.autocommit() as work:
            work.accounts.add(make.account())
            raise ZeroDivisionError
        assert number(store) == 2
        add(store)
    assert number(store) == 3


def test_what_is_refused_and_caught_leaves_no_trace(store: Store) -> None:
    refused_inside(store)


def test_the_check_catches_a_memory_that_undoes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Journal, "undo", lambda *_: None)
    with pytest.raises(AssertionError):
        refused_inside(MemoryStore())


def test_the_check_catches_a_database_without_savepoints(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Database, "savepoint", lambda *_: nullcontext())
    with pytest.raises((AssertionError, psycopg.errors.InFailedSqlTransaction)):
        refused_inside(SqlStore(primary=database, replica=database))


def test_use_cases_join_an_ambient_transaction(store: Store) -> None:
    world = World(store)
    owner = world.account()
    with pytest.raises(ZeroDivisionError), store.ambient():
        world.use_cases.register(username="grace", password="correct horse battery")
        with pytest.raises(UsernameTaken):
            world.use_cases.register(username="grace", password="correct horse battery")
        assert world.use_cases.search_accounts(None, name="grace").total == 1
        raise ZeroDivisionError
    assert world.use_cases.search_accounts(None).users[0].id == owner.id
    assert world.use_cases.search_accounts(None).total == 1


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_inside_one_that_joined_is_refused(store: Store, unit: str) -> None:
    with store.ambient():
        with store.transaction() as work:
            work.accounts.add(make.account())
            with pytest.raises(NestedUnitOfWork), getattr(store, unit)():
                pass
        assert number(store) == 1
    assert number(store) == 1


def test_an_ambient_transaction_inside_another_is_refused(store: Store) -> None:
    with store.ambient():
        add(store)
        with pytest.raises(NestedUnitOfWork), store.ambient():
            pass
        add(store)
    assert number(store) == 2


class Losing:
    """A use case that is always Contended."""

    def __init__(self, store: Store) -> None:
        self.store, self.tries = store, 0

    @retried
    def __call__(self) -> None:
        with self.store.transaction() as work:
            self.tries += 1
            work.accounts.add(make.account())
            raise Contended


def test_what_is_contended_is_not_tried_again_inside_an_ambient_transaction(store: Store) -> None:
    losing = Losing(store)
    with store.ambient():
        add(store)
        with pytest.raises(Unavailable):
            losing()
    assert (losing.tries, number(store)) == (1, 1)
    with pytest.raises(Unavailable), store.ambient():
        add(store)
        raise Contended
    assert number(store) == 1


def test_other_threads_do_not_join(store: Store) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def roll_back() -> None:
        with store.ambient():
            add(store)
            begun.set()
            go_on.wait(5)
            raise ZeroDivisionError

    with ThreadPoolExecutor(2) as pool:
        rolled_back = pool.submit(roll_back)
        begun.wait(5)
        added = pool.submit(add, store)
        wait([added], timeout=0.1)
        go_on.set()
        added.result()
        with pytest.raises(ZeroDivisionError):
            rolled_back.result()
    assert number(store) == 1


def test_what_was_started_inside_and_goes_on_afterwards_has_units_of_its_own(store: Store) -> None:
    with store.ambient():
        context = copy_context()
        assert context.run(number, store) == 0
        add(store)
    with pytest.raises(ZeroDivisionError), store.ambient():
        add(store)
        raise ZeroDivisionError
    context.run(add, store)
    assert context.run(number, store) == number(store) == 2


def test_a_statement_that_fails_does_not_end_the_transaction_around_it(store: Store) -> None:
    """On PostgreSQL nothing more could be said in it, were there no savepoint."""
    with store.ambient():
        add(store)
        with pytest.raises(UserNotFound), store.autocommit() as work:
            work.accounts.get(AccountId(make.new_id()))
        with pytest.raises(UsernameTaken), store.autocommit() as work:
            work.accounts.add(make.account(username="ada"))
            work.accounts.add(make.account(username="ada"))
        add(store)
    assert number(store) == 2


def given_up(store: SqlStore) -> None:
    """A transaction that the database ended by itself takes nothing more and is not taken for committed."""
    with pytest.raises(Unavailable), store.ambient():
        add(store)
        with suppress(psycopg.Error, sqlite3.Error), store.transaction() as work:
            work._source.driver.execute("ROLLBACK")
        with pytest.raises(Unavailable):
            add(store)
    assert number(store) == 0


def test_a_transaction_that_the_database_gave_up_is_unavailable(database: Database) -> None:
    given_up(SqlStore(primary=database, replica=database))


def test_the_check_catches_a_store_that_does_not_ask_the_connection(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(database), "is_in_transaction", lambda *_: True)
    with pytest.raises((pytest.fail.Exception, psycopg.Error)):
        given_up(SqlStore(primary=database, replica=database))
