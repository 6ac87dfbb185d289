"""What every store must do with links, role changes, favorites, tallies and mails."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import psycopg
import pytest
import sqlalchemy as sa

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.accounts import (
    rate_limit_windows as rate_limit_windows,
    sessions as sql_sessions,
)
from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.application.ports import Contended
from attendance.domain.accounts.accounts import InvalidCredentials
from attendance.domain.accounts.sessions import SessionLifetimes
from attendance.domain.errors import Unavailable
from attendance.testing import make
from attendance.testing.contract.account_records import added
from tests.conftest import emptied
from tests.databases import KeptDatabase, PostgresDatabases
from tests.fakes import PASSWORD, World
from tests.stores.test_statements import counted


def test_a_tally_that_is_purged_while_it_is_looked_for_is_counted_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between finding that the row is there and locking it, it may go: the use case is tried again."""
    store = SqlStore(primary=database, replica=database)
    monkeypatch.setattr(rate_limit_windows, "PREPARE", rate_limit_windows.FIND)
    with pytest.raises(Contended), store.transaction() as work:
        work.rate_limit_windows.save(
            replace(work.rate_limit_windows.get_for_update("key"), times=(make.NOON,))
        )


@pytest.fixture
def on_postgres(request: pytest.FixtureRequest, postgres: object) -> KeptDatabase:
    return emptied(request, "postgresql")


def check_purged_around_a_writer(kept: KeptDatabase) -> None:
    """Somebody else has one of two sessions locked that are over: the other one goes at once."""
    store = SqlStore(primary=kept.database, replica=kept.database)
    ada = make.account()
    used, other = make.session(ada), make.session(ada)
    with store.transaction() as work:
        work.accounts.add(ada)
        for session in (used, other):
            work.sessions.add(session)
    later = make.NOON + timedelta(days=1)
    with psycopg.connect(kept.url) as writer:
        writer.execute("SELECT FROM sessions WHERE id = %s FOR UPDATE", [used.id])
        with store.transaction() as work:
            assert work.sessions.purge(later, SessionLifetimes(), most=10) == 1
    with store.transaction() as work:
        assert work.sessions.of(ada.id) == (used,)
        assert work.sessions.purge(later, SessionLifetimes(), most=10) == 1


def test_what_somebody_has_locked_is_not_waited_for_to_be_purged(on_postgres: KeptDatabase) -> None:
    check_purged_around_a_writer(on_postgres)


@pytest.mark.plants
def test_a_purge_that_waits_is_seen_to_be_kept_waiting(
    on_postgres: KeptDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    over = sql_sessions.sessions.c.expires_at <= sa.bindparam("at")
    waiting = sa.delete(sql_sessions.sessions).where(over)
    monkeypatch.setattr(sql_sessions, "PURGE", waiting)
    with pytest.raises((Contended, Unavailable)):
        check_purged_around_a_writer(on_postgres)


def test_a_sign_in_that_fails_takes_the_same_statements_for_everybody(database: Database) -> None:
    """So that the time it takes does not tell whether somebody has the name."""
    world = World(SqlStore(primary=database, replica=database))
    world.account(username="ada", password_hash=world.hasher.hash(PASSWORD))
    world.account(username="gone", password_hash=world.hasher.hash(PASSWORD), active=False)
    taken = []
    for username, password in [("nobody", PASSWORD), ("ada", "wrong"), ("gone", PASSWORD), ("ada", "wrong")]:
        with counted(database) as statements, pytest.raises(InvalidCredentials):
            world.use_cases.sign_in(username=username, password=password, address="192.0.2.7")
        taken.append(statements)
    assert taken == [taken[0]] * 4
    # whose it is, whether the address is known, and three counts: made where it is missing, locked, saved
    assert len(taken[0]) == 2 + 3 * 3


@contextmanager
def store_of(url: str) -> Iterator[SqlStore]:
    """As another process has it: with connections of its own."""
    database = open_database(url, pool_size=2)
    yield SqlStore(primary=database, replica=database)
    database.engine.dispose()


def test_whoever_claims_a_key_is_the_only_one_until_its_unit_ends(postgres: PostgresDatabases) -> None:
    """And nobody waits: SQLite's writers are one after the other, PostgreSQL's are not."""
    with store_of(url := postgres.fresh()) as here, store_of(url) as there:
        ada, bob = added(here), added(here)
        with suppress(ZeroDivisionError), here.transaction() as work:
            assert work.kept_answers.claim(ada.id, "key")
            assert work.kept_answers.claim(ada.id, "key")
            for account_id, key, is_free in (
                (ada.id, "key", False),
                (ada.id, "KEY", True),
                (bob.id, "key", True),
            ):
                with there.transaction() as other:
                    assert other.kept_answers.claim(account_id, key) is is_free
            raise ZeroDivisionError
        with there.transaction() as work:
            assert work.kept_answers.claim(ada.id, "key")
