"""The service at work over one database, and what can be done to it."""

import asyncio
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, TypeAlias

import httpx
import psycopg
from sqlalchemy import make_url

from tests import postgres
from tests.campaigns.loads import Load, check_each_is_sold_once, lost_marks, lost_sales
from tests.faults.books import books, check_books
from tests.faults.clients import Answer
from tests.faults.clubs import set_club
from tests.faults.conftest import oldest_worker, service_of, workers
from tests.faults.ledgers import check_answers_were_expected, check_nothing_acknowledged_is_lost
from tests.faults.processes import started
from tests.faults.records import records
from tests.faults.scene import set_scene
from tests.networks import Network
from tests.service import Service

MARKERS = 6
CLIENTS = 6
PATIENCE_SECONDS = 90
CLOCK = "clock"
"""A file in the home of a service that is sabotaged so: by how many seconds its clock is off."""


@dataclass(eq=False)
class Stage:
    service: Service
    database_url: str
    """As it is reached without a detour."""
    load: Load
    server: postgres.Server | None = None
    network: Network | None = None
    disk: Path | None = None
    chance: Random = field(default_factory=lambda: Random(20_260_302))


Strike: TypeAlias = Callable[[Stage], Coroutine[Any, Any, None]]


@contextmanager
def staged(
    home: Path,
    database_url: str,
    *sabotage: str,
    server: postgres.Server | None = None,
    network: Network | None = None,
    disk: Path | None = None,
    **settings: str,
) -> Iterator[Stage]:
    """Two workers over a database with a lab and a club."""
    scene, club = set_scene(database_url, members=MARKERS + 1), set_club(database_url, clients=CLIENTS)
    service = service_of(home, network.url if network else database_url, *sabotage, **settings)
    try:
        service.start(backoff=PATIENCE_SECONDS)
        yield Stage(service, database_url, Load(service.port, scene, club), server, network, disk)
    finally:
        if service.process and service.process.poll() is None:
            service.kill()


async def struck(stage: Stage, strike: Strike, rounds: int) -> None:
    """Struck again and again, each time once work goes on. Raises AssertionError where it does not."""
    async with stage.load.going_on():
        await stage.load.until(acknowledged=100)
        for _ in range(rounds):
            await strike(stage)
            await stage.load.until(acknowledged=100)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a strike came to: what was lost, and what else must not be."""

    lost: list[str]
    unexpected: list[Answer]
    seconds: float


def outcome_of(stage: Stage, strike: Strike, rounds: int) -> Outcome:
    """What is lost of what was acknowledged once the service was killed in the end."""
    began = time.monotonic()
    asyncio.run(struck(stage, strike, rounds))
    check_connections_are_given_back(stage.service)
    stage.service.kill()
    lost = lost_marks(stage.load, records(stage.database_url, stage.load.scene))
    lost += lost_sales(stage.load, books(stage.database_url, stage.load.club))
    unexpected = [*stage.load.marks.unexpected, *stage.load.others.unexpected]
    return Outcome(lost, unexpected, time.monotonic() - began)


def check_all_is_well(stage: Stage) -> None:
    """Each acknowledged write is there once, with its event, and nothing else is wrong."""
    load = stage.load
    check_nothing_acknowledged_is_lost(load.marks, records(stage.database_url, load.scene))
    check_answers_were_expected(load.others)
    found = books(stage.database_url, load.club)
    check_each_is_sold_once(load, found)
    check_books(found)
    check_log(stage.service.log)
    check_verified(stage.service.home, stage.database_url)


def check_log(log: str) -> None:
    """Nothing that nobody foresaw."""
    for sign in ("Traceback", '"exception"', '"status":500', "panicked"):
        assert sign not in log, log[max(0, log.index(sign) - 500) :][:3000]


def check_verified(home: Path, database_url: str) -> str:
    """`attendance verify` finds nothing; what it says."""
    settings = {"ATTENDANCE_DATABASE_URL": database_url}
    process = started(home, ["-m", "attendance", "verify"], settings)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, out + err
    return out


def check_connections_are_given_back(service: Service) -> None:
    """Nobody keeps a connection to the database whose request is over."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while in_use := _in_use(service):
        assert time.monotonic() < deadline, f"{in_use} connections are in use and nobody asks"
        time.sleep(0.1)


def _in_use(service: Service) -> float:
    metrics = httpx.get(f"{service.url}/metrics").text
    found = re.findall(r"^attendance_database_connections_in_use\S* (\S+)$", metrics, re.MULTILINE)
    assert found
    return sum(map(float, found))


# What is done to it


async def kill_a_worker(stage: Stage) -> None:
    while not workers(stage.service):  # noqa: ASYNC110 # it happens in another process
        await asyncio.sleep(0.01)
    os.kill(oldest_worker(stage.service), signal.SIGKILL)


async def kill_the_service(stage: Stage) -> None:
    stage.service.kill()
    await asyncio.to_thread(stage.service.start, backoff=PATIENCE_SECONDS)


def restart(mode: str) -> Strike:
    """PostgreSQL is told to stop, in one of its ways, and stays away until that was noticed."""

    async def strike(stage: Stage) -> None:
        assert stage.server
        await asyncio.to_thread(stage.server.stop, mode)
        await stage.load.until(refused=10)
        await asyncio.to_thread(stage.server.start)

    return strike


async def kill_postmaster(stage: Stage) -> None:
    assert stage.server
    os.kill(postmaster(stage.server), signal.SIGKILL)
    await stage.load.until(refused=10)
    await asyncio.to_thread(start_again, stage.server)


async def kill_a_backend(stage: Stage) -> None:
    """One that works for the service: the postmaster ends all others and recovers."""
    name = make_url(stage.database_url).database
    asked = "SELECT pid FROM pg_stat_activity WHERE datname = %s AND backend_type = 'client backend'"
    assert stage.server
    with psycopg.connect(stage.server.url(), autocommit=True) as operator:
        pids = [pid for (pid,) in operator.execute(asked, [name])]
    os.kill(stage.chance.choice(pids), signal.SIGKILL)


def postmaster(server: postgres.Server) -> int:
    return int((server.home / "data" / "postmaster.pid").read_text().split()[0])


def start_again(server: postgres.Server) -> None:
    """As whoever operates it would: as soon as what is left of the one before has gone."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        with suppress(subprocess.CalledProcessError):
            server.start()
            return
        time.sleep(0.2)
    raise AssertionError((server.home / "log").read_text()[-3000:])


async def fill_the_disk(stage: Stage) -> None:
    """Until that was noticed. A PostgreSQL that gave up meanwhile is started again by whoever operates it."""
    assert stage.disk
    filler = stage.disk / "filler"
    await asyncio.to_thread(fill, filler)
    await stage.load.until(refused=20)
    filler.unlink()
    if stage.server and not is_up(stage.server):
        await asyncio.to_thread(start_again, stage.server)


def fill(filler: Path) -> None:
    """Take what room there is, to the last block, though others take some of it meanwhile."""
    with filler.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))


def is_up(server: postgres.Server) -> bool:
    try:
        os.kill(postmaster(server), 0)
    except (OSError, ValueError):
        return False
    return True


async def lose_what_is_sent(stage: Stage) -> None:
    """Connections that there are lead nowhere for ever, new ones until that was noticed."""
    assert stage.network
    stage.network.swallow()
    await stage.load.until(refused=10)
    stage.network.heal()


async def keep_what_is_sent(stage: Stage) -> None:
    """What is sent arrives when those who sent it have given up."""
    assert stage.network
    stage.network.delay()
    await stage.load.until(refused=10)
    stage.network.go_on()


def shift_the_clock(*hours: float) -> Strike:
    """The clock of the service jumps to be off by so many hours, one after the other."""

    async def strike(stage: Stage) -> None:
        for each in hours:
            shifted = stage.service.home / f"{CLOCK}.new"
            shifted.write_text(str(each * 3600))
            shifted.rename(stage.service.home / CLOCK)
            await stage.load.until(acknowledged=100)

    return strike


def cancel(number: int) -> Strike:
    async def strike(stage: Stage) -> None:
        await stage.load.cancel(number, stage.chance)

    return strike
