"""A stranger who keeps the database locked: whoever waits for it is told to come back, and may."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import psycopg
import pytest
from sqlalchemy import make_url

from tests.databases import PostgresDatabases, SqliteDatabases
from tests.faults.clients import Answer, Request, connected, patiently
from tests.faults.conftest import running, service_of
from tests.faults.records import records
from tests.faults.scene import Scene, set_scene

PassPeriod: TypeAlias = Callable[[str, Scene], AbstractContextManager[Any]]
"""Locks something of a scene's for as long as the context lasts."""

# far more than has_little_patience takes
LONGEST_WAIT_SECONDS = 60
HOPELESS_WAIT_SECONDS = 2
ANOTHER_DATE = "2026-03-03"


@contextmanager
def row_held(database_url: str, statement: str, *keys: str) -> Iterator[None]:
    with psycopg.connect(database_url) as stranger:
        assert stranger.execute(statement.encode(), keys).rowcount == 1
        yield


def mark_held(database_url: str, scene: Scene) -> AbstractContextManager[None]:
    return row_held(database_url, "SELECT FROM lab_marks WHERE user_id = %s FOR UPDATE", scene.member.id)


def membership_held(database_url: str, scene: Scene) -> AbstractContextManager[None]:
    return row_held(database_url, "SELECT FROM lab_members WHERE user_id = %s FOR UPDATE", scene.member.id)


@contextmanager
def file_held(database_url: str, _: Scene) -> Iterator[None]:
    path = make_url(database_url).database
    assert path
    stranger = sqlite3.connect(path, isolation_level=None)
    try:
        stranger.execute("BEGIN IMMEDIATE")
        yield
    finally:
        stranger.close()


@dataclass(frozen=True, slots=True)
class Case:
    """What is held, and a PUT that has to wait for it: a mark's revision, or a first mark."""

    held: PassPeriod
    date: str


CASES = {
    "postgresql, the mark": Case(mark_held, "2026-03-02"),
    "postgresql, the membership": Case(membership_held, ANOTHER_DATE),
    "sqlite, the file": Case(file_held, "2026-03-02"),
}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def database_url(case: Case, request: pytest.FixtureRequest) -> str:
    of: SqliteDatabases | PostgresDatabases = request.getfixturevalue(
        "sqlite_databases" if case.held is file_held else "postgres"
    )
    return of.fresh()


async def asked(port: int, request: Request, backoff: float) -> Answer:
    try:
        async with asyncio.timeout(backoff), connected(port) as client:
            return await client.ask(request)
    except TimeoutError as error:
        raise AssertionError("kept waiting without an answer") from error


def check_lock_is_survived(port: int, database_url: str, scene: Scene, case: Case, *, backoff: float) -> None:
    """503 while it is held, reading goes on, nothing is left of what was refused, and then all is well."""
    put = scene.mark("after all", date=case.date)
    before = records(database_url)
    with case.held(database_url, scene):
        refused = patiently(asked(port, put, backoff))
        read = patiently(asked(port, scene.sheet(), backoff))
    assert (refused.status, refused.error) == (503, "temporarily unavailable")
    assert int(refused.headers["retry-after"]) > 0
    assert read.status == 200
    assert records(database_url) == before
    assert patiently(asked(port, put, backoff)).status == 200
    assert len(records(database_url).events) == len(before.events) + 1


def test_a_stranger_who_holds_a_lock_means_503_until_it_is_given_back(
    case: Case, database_url: str, tmp_path: Path
) -> None:
    scene = set_scene(database_url, note="the first")
    with running(service_of(tmp_path, database_url, "has_little_patience")) as service:
        check_lock_is_survived(service.port, database_url, scene, case, backoff=LONGEST_WAIT_SECONDS)


@pytest.mark.plants
@pytest.mark.parametrize("case", ["postgresql, the mark", "sqlite, the file"], indirect=True)
def test_without_an_end_to_patience_a_stranger_stops_the_service(
    case: Case, database_url: str, tmp_path: Path
) -> None:
    scene = set_scene(database_url, note="the first")
    with (
        running(service_of(tmp_path, database_url, "has_endless_patience")) as service,
        pytest.raises(AssertionError, match="kept waiting without an answer"),
    ):
        check_lock_is_survived(service.port, database_url, scene, case, backoff=HOPELESS_WAIT_SECONDS)


@pytest.mark.long
def test_a_stranger_who_holds_a_lock_means_503_at_the_end_of_real_patience(
    case: Case, database_url: str, tmp_path: Path
) -> None:
    scene = set_scene(database_url, note="the first")
    with running(service_of(tmp_path, database_url)) as service:
        check_lock_is_survived(service.port, database_url, scene, case, backoff=50)
