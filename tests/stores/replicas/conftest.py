"""A primary, and a replica of it that streams."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.adapters.sql.engine.replica import Outcome, Replica
from tests import postgres
from tests.databases import PostgresDatabases

SETTINGS = "-c fsync=off -c full_page_writes=off"
"""Commits wait for the log, as they do where nobody has said otherwise."""
LONGEST = 30.0


@dataclass
class Streaming:
    primary: postgres.Server
    standby: postgres.Server
    is_paused: bool = False

    def said(self, server: postgres.Server, statement: str) -> Any:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
        return row and row[0]

    def catch_up(self) -> None:
        """Wait until all that was written so far is replayed."""
        end, given_up = (
            self.said(self.primary, "SELECT pg_current_wal_flush_lsn()::text"),
            monotonic() + LONGEST,
        )
        while not self.said(self.standby, f"SELECT pg_last_wal_replay_lsn() >= '{end}'"):
            assert monotonic() < given_up, "the replica does not replay"
            sleep(0.02)

    def pause(self) -> None:
        """Replay nothing from here on."""
        self.catch_up()
        self.said(self.standby, "SELECT pg_wal_replay_pause()::text")
        given_up = monotonic() + LONGEST
        while self.said(self.standby, "SELECT pg_get_wal_replay_pause_state()") != "paused":
            assert monotonic() < given_up, "replaying is not paused"
            sleep(0.02)
        self.is_paused = True

    def resume(self) -> None:
        self.said(self.standby, "SELECT pg_wal_replay_resume()::text")
        self.is_paused = False


@dataclass
class Given:
    """A store over both, with what it notes, and time that stands still.

    Whoever waits has what was written so far replayed, unless replaying is paused.
    """

    streaming: Streaming
    primary: Database
    standby: Database
    kind: type[Replica] = Replica
    noted: list[Outcome] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    now: float = 1000.0
    beside: list[Any] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.replica = self.kind(
            self.standby,
            self.primary,
            now=lambda: self.now,
            wait=self._wait,
            beside=self.beside.append,
        )
        self.replica.noted = self.noted.append
        self.store = SqlStore(primary=self.primary, replica=self.replica)

    def _wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        if not self.streaming.is_paused:
            self.streaming.catch_up()


class Ungated(Replica):
    """Breaks the protection: the replica is taken to have everything."""

    def _has_replayed(self, driver: Any, position: dict[str, Any]) -> bool:
        return super()._has_replayed(driver, position) or True


@pytest.fixture(scope="session")
def streaming() -> Iterator[Streaming]:
    with (
        postgres.running(SETTINGS) as primary,
        postgres.running(SETTINGS, following=primary) as standby,
    ):
        yield Streaming(primary, standby)


@pytest.fixture(scope="session")
def replicated(streaming: Streaming) -> PostgresDatabases:
    return PostgresDatabases(streaming.primary.url())


@pytest.fixture
def urls(streaming: Streaming, replicated: PostgresDatabases) -> Iterator[tuple[str, str]]:
    """A database of the current shape with nothing in it: where it is written, and where it is replayed."""
    url = replicated.fresh()
    streaming.catch_up()
    yield url, streaming.standby.url(str(make_url(url).database))
    streaming.resume()


@pytest.fixture
def opened(urls: tuple[str, str]) -> Iterator[tuple[Database, Database]]:
    both = open_database(urls[0], pool_size=4), open_database(urls[1], pool_size=4)
    yield both
    for database in both:
        database.engine.dispose()


@pytest.fixture
def given(streaming: Streaming, opened: tuple[Database, Database]) -> Given:
    return Given(streaming, *opened)


@pytest.fixture
def ungated(streaming: Streaming, opened: tuple[Database, Database]) -> Given:
    return Given(streaming, *opened, kind=Ungated)
