"""Whoever follows the log gets every event once, though transactions commit in another order."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from attendance.adapters.sql import SqlStore, events as sql_events
from attendance.adapters.sql.engine.connection import Connection
from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.adapters.sql.reporting import final_events
from attendance.application.ports import Store
from attendance.application.ports.events import EventCriteria
from attendance.domain.events import Action, ChangeContext, Event
from tests import make
from tests.databases import PostgresDatabases


@pytest.fixture
def postgresql(postgres: PostgresDatabases) -> Iterator[Database]:
    database = open_database(postgres.fresh(), pool_size=5)
    yield database
    database.engine.dispose()


class Writer:
    """Somebody who writes to the log in a transaction of their own, which stays open."""

    def __init__(self, database: Database) -> None:
        self._store = SqlStore(primary=database, replica=database)
        self._open = ExitStack()
        self._work = self._open.enter_context(self._store.transaction())

    def writes(self, action: Action = Action.LAB_JOINED) -> Event:
        event = ChangeContext(None, make.NOON, make.new_id).event(action, make.new_id())
        self._work.events.add(event)
        return event

    def commits(self) -> None:
        self._open.close()

    def takes_it_back(self) -> None:
        class TakenBack(Exception): ...

        with pytest.raises(TakenBack), self._open:
            raise TakenBack


class Follower:
    """Somebody who reads on and on."""

    def __init__(self, database: Database, **criteria: Action) -> None:
        self._store: Store = SqlStore(primary=database, replica=database)
        self._criteria = EventCriteria(**criteria)
        self.position = 0
        self.got: list[Event] = []

    def reads_on(self, limit: int = 1000) -> None:
        with self._store.autocommit() as work:
            stretch = work.events.read_on(self._criteria, after=self.position, limit=limit)
        self.got += [logged.event for logged in stretch.events]
        self.position = stretch.position


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(final_events, "LONGEST_WAIT_SECONDS", 0)


def committed_out_of_order(database: Database, follower: Follower) -> list[Event]:
    """What two wrote, in the order of the log; the later one commits first, and is looked for then."""
    early, late = Writer(database), Writer(database)
    first = early.writes()
    second = late.writes()
    late.commits()
    follower.reads_on()
    early.commits()
    follower.reads_on()
    return [first, second]


def test_an_event_that_appears_late_is_neither_lost_nor_out_of_place(
    postgresql: Database, impatient: None
) -> None:
    follower = Follower(postgresql)
    assert committed_out_of_order(postgresql, follower) == follower.got


def test_the_same_where_only_some_events_are_asked_for(postgresql: Database, impatient: None) -> None:
    follower = Follower(postgresql, action=Action.LAB_JOINED)
    assert committed_out_of_order(postgresql, follower) == follower.got


@pytest.mark.plants
def test_whoever_reads_all_that_is_seen_loses_an_event(
    postgresql: Database, impatient: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def all_that_is_seen(connection: Connection, *, after: int, limit: int | None) -> int:
        return int(connection.run(final_events.LAST, {}).rows[0].position)

    monkeypatch.setattr(sql_events, "final_position", all_that_is_seen)
    follower = Follower(postgresql)
    _, second = committed_out_of_order(postgresql, follower)
    assert follower.got == [second]


def test_a_gap_that_nobody_fills_holds_nobody_up(postgresql: Database, impatient: None) -> None:
    early, late = Writer(postgresql), Writer(postgresql)
    early.writes()
    second = late.writes()
    early.takes_it_back()
    late.commits()
    for criteria in ({}, {"action": Action.LAB_JOINED}):
        follower = Follower(postgresql, **criteria)
        follower.reads_on()
        assert follower.got == [second]


def test_what_comes_before_a_gap_is_read_while_it_may_be_filled(
    postgresql: Database, impatient: None
) -> None:
    done = Writer(postgresql)
    before = [done.writes() for _ in range(3)]
    done.commits()
    early, late = Writer(postgresql), Writer(postgresql)
    first, second = early.writes(), late.writes()
    late.commits()
    follower = Follower(postgresql)
    follower.reads_on(limit=2)
    assert follower.got == before[:2]
    follower.reads_on()
    assert follower.got == before
    follower.reads_on()
    assert follower.got == before
    early.commits()
    follower.reads_on(limit=1)
    follower.reads_on()
    assert follower.got == [*before, first, second]


def test_whoever_begins_to_write_later_is_not_waited_for(postgresql: Database) -> None:
    """An old gap, and somebody who writes all the time: those who began before it was seen have ended."""
    early, late = Writer(postgresql), Writer(postgresql)
    early.writes()
    second = late.writes()
    early.takes_it_back()
    late.commits()
    writer = Writer(postgresql)
    writer.writes()
    follower = Follower(postgresql)
    with replaced_while_it_is_waited_for(writer, lambda: Writer(postgresql)):
        follower.reads_on()
    assert follower.got == [second]


@contextmanager
def replaced_while_it_is_waited_for(writer: Writer, another: Callable[[], Writer]) -> Iterator[None]:
    """Somebody commits, but not before another has begun to write, when the follower pauses to wait."""
    others: list[Writer] = []

    def pause(_: float) -> None:
        if not others:
            others.append(another())
            others[0].writes()
            writer.commits()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(final_events.time, "sleep", pause)
        yield
    for other in others:
        other.commits()
    assert others
