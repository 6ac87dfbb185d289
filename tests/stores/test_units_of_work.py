"""What every store promises of a unit of work inside another, and of several use cases in one transaction."""

import sqlite3
from collections.abc import Callable
from contextlib import nullcontext, suppress
from typing import Any

import psycopg
import pytest

from attendance.adapters.memory import MemoryStore
from attendance.adapters.memory.tables import Journal
from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database
from attendance.application.ports import NestedUnitOfWork, Store, UnitOfWork
from attendance.domain.accounts.accounts import UsernameTaken
from attendance.domain.errors import Unavailable
from attendance.testing import make
from attendance.testing.contract.units_of_work import add, number, refused_inside
from tests.fakes import World


def test_a_unit_makes_only_the_repositories_that_are_asked_for() -> None:
    made: list[str] = []

    def maker(name: str) -> Callable[[Any], Any]:
        return lambda source: made.append(name) or source

    work = UnitOfWork({name: maker(name) for name in ("accounts", "clients", "more")}, "source")
    assert (work.clients, work.clients) == ("source", "source")
    assert made == ["clients"]
    with pytest.raises(AttributeError):
        _ = work.more  # type: ignore[attr-defined]


def test_units_of_two_stores_may_be_inside_each_other() -> None:
    one, other = MemoryStore(), MemoryStore()
    with one.transaction() as work, other.transaction() as others:
        work.accounts.add(make.account())
        others.accounts.add(make.account())
        with pytest.raises(NestedUnitOfWork), one.read():
            pass
    assert (number(one), number(other)) == (1, 1)


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
