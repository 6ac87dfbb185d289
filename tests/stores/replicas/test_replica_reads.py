"""Reads from a replica miss nothing that was committed before, whatever the replica does."""

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.adapters.sql.engine.drivers.postgres import ServerConnection
from attendance.adapters.sql.engine.replica import IMPATIENT_SECONDS, REST_SECONDS, WAITS_SECONDS, Outcome
from attendance.application.forms.listing import Reading
from attendance.application.pagination import Page
from attendance.application.ports import Contended, Store, UnitOfWork
from attendance.domain.errors import Unavailable
from attendance.domain.labs.labs import Lab
from attendance.entrypoints.settings import SettingsError, settings_of
from tests import make, postgres
from tests.stores.replicas.conftest import SETTINGS, Given, Streaming, Ungated

LOGGER = "attendance.adapters.sql.engine.replica"


def written(store: Store) -> Lab:
    owner = make.account()
    lab = make.lab(owner)
    with store.transaction() as work:
        work.accounts.add(owner)
        work.labs.add(lab)
    return lab


def seen(store: Store) -> set[str]:
    with store.read() as work:
        return names_in(work)


def names_in(work: UnitOfWork) -> set[str]:
    return {row.name for row in work.labs.search("", Page(100, 0)).labs}


def sees_ones_own_write_while_nothing_is_replayed(given: Given) -> None:
    given.streaming.pause()
    lab = written(given.store)
    assert lab.name in seen(given.store)


def test_ones_own_write_is_seen_while_nothing_is_replayed(given: Given) -> None:
    sees_ones_own_write_while_nothing_is_replayed(given)
    assert given.noted == [Outcome.BEHIND]


@pytest.mark.plants
def test_without_the_look_at_what_is_replayed_it_is_not(ungated: Given) -> None:
    with pytest.raises(AssertionError):
        sees_ones_own_write_while_nothing_is_replayed(ungated)
    assert ungated.noted == [Outcome.ANSWERED]


def test_what_another_service_wrote_is_seen_as_well(
    given: Given, streaming: Streaming, opened: tuple[Database, Database]
) -> None:
    """They share nothing but the database."""
    primary, standby = (
        open_database(it.engine.url.render_as_string(hide_password=False), pool_size=1) for it in opened
    )
    other = Given(streaming, primary, standby)
    streaming.pause()
    lab = written(other.store)
    assert lab.name in seen(given.store)
    primary.engine.dispose()
    standby.engine.dispose()


def test_a_replica_that_has_it_all_answers(given: Given) -> None:
    lab = written(given.store)
    given.streaming.catch_up()
    with given.store.read() as work:
        source = work._source
        assert source.driver.execute("SELECT pg_is_in_recovery()").fetchone() == (True,)
        assert names_in(work) == {lab.name}
    assert given.noted == [Outcome.ANSWERED]


def test_one_that_replays_nothing_answers_as_long_as_it_misses_nothing(given: Given) -> None:
    # the server itself writes to its log now and then
    position = given.replica._position()
    given.replica._position = lambda: position
    given.streaming.pause()
    assert seen(given.store) == set()
    assert given.noted == [Outcome.ANSWERED]


def test_what_is_about_to_be_replayed_is_waited_for(given: Given) -> None:
    given.streaming.pause()
    lab = written(given.store)

    def wait(seconds: float) -> None:
        given.streaming.resume()
        given._wait(seconds)

    given.replica._wait = wait
    assert lab.name in seen(given.store)
    assert given.waits == [WAITS_SECONDS[0]]
    assert given.noted == [Outcome.ANSWERED]


def test_commits_that_do_not_wait_for_the_disk_are_not_missed(
    streaming: Streaming, urls: tuple[str, str]
) -> None:
    at_once = "options=-c%20synchronous_commit%3Doff"
    opened = open_database(f"{urls[0]}&{at_once}", pool_size=1), open_database(urls[1], pool_size=1)
    given = Given(streaming, *opened)
    streaming.pause()
    lab = written(given.store)
    written_to = streaming.said(streaming.primary, "SELECT pg_current_wal_insert_lsn()::text")
    position = given.replica._position()
    assert position is not None
    assert streaming.said(streaming.primary, f"SELECT '{position['lsn']}'::pg_lsn >= '{written_to}'")
    assert lab.name in seen(given.store)
    for database in opened:
        database.engine.dispose()


def test_nobody_waits_once_somebody_has_waited_in_vain(given: Given) -> None:
    given.streaming.pause()
    written(given.store)
    for _ in range(3):
        seen(given.store)
    assert given.waits == [*WAITS_SECONDS]
    given.now += IMPATIENT_SECONDS
    seen(given.store)
    assert given.waits == [*WAITS_SECONDS] * 2
    assert given.noted == [Outcome.BEHIND] * 4


def test_inside_a_transaction_the_primary_is_read(given: Given) -> None:
    given.streaming.pause()
    with given.store.ambient():
        lab = written(given.store)
        assert lab.name in seen(given.store)
    assert given.noted == []


def counted_connects(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    connects: list[object] = []
    connect, host = ServerConnection.connect, database.engine.url.query["host"]

    def counted(*arguments: Any, **named: Any) -> ServerConnection:
        if named["host"] == host:
            connects.append(None)
        return connect(*arguments, **named)

    monkeypatch.setattr(ServerConnection, "connect", counted)
    return connects


@pytest.fixture
def away(streaming: Streaming, opened: tuple[Database, Database]) -> "tuple[Given, Callable[[], None]]":
    """One whose replica is not there until the other is called."""
    primary, standby = opened
    home = standby.engine.url.query["host"]
    nowhere = open_database(
        standby.engine.url.update_query_dict({"host": f"{home}-gone"}).render_as_string(), pool_size=4
    )

    def comes() -> None:
        nowhere.engine.dispose()
        given.replica.database = standby

    given = Given(streaming, primary, nowhere)
    return given, comes


def test_a_replica_that_is_away_is_asked_once_and_told_of_once(
    away: tuple[Given, Callable[[], None]],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given, comes = away
    lab = written(given.store)
    connects = counted_connects(given.replica.database, monkeypatch)
    with caplog.at_level(logging.WARNING, LOGGER):
        for _ in range(10):
            assert seen(given.store) == {lab.name}
    assert len(connects) == 1
    assert given.noted == [Outcome.AWAY] * 10
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "the replica fails, the primary is asked instead"
    ]

    given.now += REST_SECONDS
    assert seen(given.store) == {lab.name}
    (try_again,) = given.beside
    try_again()
    assert len(connects) == 2
    # it still was away: one further look for each time of rest
    seen(given.store)
    assert len(given.beside) == 1

    given.now += REST_SECONDS
    comes()
    seen(given.store)
    given.beside[-1]()
    given.streaming.catch_up()
    assert seen(given.store) == {lab.name}
    assert given.noted[-1] is Outcome.ANSWERED
    assert caplog.records[-1].message == "the replica answers again"


def test_a_read_that_loses_its_replica_is_answered_by_the_primary(given: Given) -> None:
    lab = written(given.store)
    given.streaming.catch_up()
    tries: list[Outcome] = []

    def read(work: UnitOfWork) -> set[str]:
        tries.append(given.noted[-1])
        if len(tries) == 1:
            pid = work._source.driver.info.backend_pid
            given.streaming.said(given.streaming.standby, f"SELECT pg_terminate_backend({pid}, 10000)")
        return names_in(work)

    assert Reading(given.store).one(read) == {lab.name}
    assert given.noted == [Outcome.ANSWERED, Outcome.AWAY]


def test_a_question_that_takes_too_long_is_not_asked_again(given: Given) -> None:
    given.streaming.catch_up()
    with pytest.raises(Unavailable), given.store.read() as work:
        work._source.driver.execute("SET LOCAL statement_timeout = 1")
        work._source.driver.execute("SELECT pg_sleep(10)")
    seen(given.store)
    assert given.noted == [Outcome.ANSWERED] * 2


def test_what_the_replica_has_to_take_back_for_replaying_is_asked_of_the_primary(given: Given) -> None:
    """As where a row is read that the primary has cleaned away since."""
    with pytest.raises(Contended), given.store.read():
        raise psycopg.errors.SerializationFailure("canceling statement due to conflict with recovery")
    seen(given.store)
    assert given.noted == [Outcome.ANSWERED, Outcome.AWAY]


@pytest.mark.parametrize("what", ["the primary itself", "another server"])
@pytest.mark.attacks
def test_what_follows_another_primary_or_none_is_not_read(
    what: str, streaming: Streaming, opened: tuple[Database, Database], caplog: pytest.LogCaptureFixture
) -> None:
    primary, standby = opened
    with postgres.running(SETTINGS) as other:
        url = streaming.primary.url() if what == "the primary itself" else other.url()
        # where the primary is the other server, the standby follows another one
        wrong = Given(
            streaming,
            primary if what == "the primary itself" else open_database(url, pool_size=1),
            open_database(url, pool_size=1) if what == "the primary itself" else standby,
        )
        with caplog.at_level(logging.WARNING, LOGGER), wrong.replica.transaction() as connection:
            assert connection is None
        assert wrong.noted == [Outcome.AWAY]
        assert "it is no replica of the primary" in caplog.text
        for database in (wrong.primary, wrong.standby):
            database.engine.dispose()


@pytest.mark.long
@pytest.mark.parametrize("kind", ["as it is", pytest.param("ungated", marks=pytest.mark.plants)])
def test_a_replica_of_what_was_lost_in_a_failover_is_not_read(kind: str) -> None:
    """It follows the old primary, and is further in a log that the new one has not."""
    with (
        postgres.running(SETTINGS) as old,
        postgres.running(SETTINGS, following=old) as new,
        postgres.running(SETTINGS, following=old) as left_behind,
    ):
        both = Streaming(old, left_behind)
        Streaming(old, new).catch_up()
        new.promote()
        both.said(old, "SELECT pg_logical_emit_message(true, 'lost', repeat('x', 100000))::text")
        both.catch_up()
        databases = open_database(new.url(), pool_size=1), open_database(left_behind.url(), pool_size=1)
        end = both.said(new, "SELECT pg_current_wal_insert_lsn()::text")
        assert both.said(left_behind, f"SELECT pg_last_wal_replay_lsn() >= '{end}'")
        given = Given(both, *databases, kind=Ungated if kind == "ungated" else Given.kind)
        with given.replica.transaction() as connection:
            assert (connection is not None) == (kind == "ungated")
        for database in databases:
            database.engine.dispose()


@pytest.mark.long
def test_a_replica_of_a_promoted_one_is_read() -> None:
    with postgres.running(SETTINGS) as old, postgres.running(SETTINGS, following=old) as new:
        Streaming(old, new).catch_up()
        new.promote()
        with postgres.running(SETTINGS, following=new) as follower:
            Streaming(new, follower).catch_up()
            primary, standby = (
                open_database(new.url(), pool_size=1),
                open_database(follower.url(), pool_size=1),
            )
            given = Given(Streaming(new, follower), primary, standby)
            with given.replica.transaction() as connection:
                assert connection is not None
            for database in (primary, standby):
                database.engine.dispose()


def test_only_postgresql_has_replicas(tmp_path: Path) -> None:
    files = [open_database(f"sqlite:///{tmp_path}/{name}.db", pool_size=1) for name in "ab"]
    with pytest.raises(ValueError, match="a replica is one of PostgreSQL's"):
        SqlStore(primary=files[0], replica=files[1])
    for file in files:
        file.engine.dispose()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (
            {"database_url": "sqlite:///a.db", "read_database_url": "sqlite:///b.db"},
            "ATTENDANCE_READ_DATABASE_URL: only",
        ),
        (
            {"database_url": "sqlite:///a.db", "read_database_url": "postgresql://h/b"},
            "ATTENDANCE_DATABASE_URL: only",
        ),
        (
            {"database_url": "memory", "read_database_url": "postgresql://h/b"},
            "ATTENDANCE_DATABASE_URL: only",
        ),
    ],
)
def test_the_setting_is_refused_elsewhere(settings: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=f"^{said} a database on PostgreSQL has a replica to read from"):
        settings_of(settings)
