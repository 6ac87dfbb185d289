"""A wave of sign-ins at the service's own hashing costs, while sheets are asked for at a modest rate."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from attendance.adapters.security.passwords import Argon2Hasher
from attendance.entrypoints.settings import Settings
from benchmarks.client import Connection, request
from benchmarks.contenders import OURS, serving_one
from benchmarks.filling import fill
from benchmarks.load import READING, LabPlan, percentiles
from benchmarks.options import Options
from benchmarks.places import place
from benchmarks.processes import Server
from benchmarks.seed import account, world

SIGN_INS = 200
PER_SECOND = 40
CONNECTIONS = 20
IDLE_SECONDS = 5
PASSWORD = "correct horse battery staple"


@dataclass(frozen=True, slots=True)
class Steady:
    """How sheets were answered, timed from when they were due, late starts included."""

    requests: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    errors: int


def measure(options: Options, home: Path) -> dict[str, Any]:
    return {kind: _on(kind, options, home) for kind in options.kinds}


def _on(kind: str, options: Options, home: Path) -> dict[str, Any]:
    defaults = Settings()
    hasher = Argon2Hasher(
        time_cost=defaults.argon2_time_cost,
        memory_kib=defaults.argon2_memory_kib,
        parallelism=defaults.argon2_parallelism,
        longest_queue=1,
        longest_wait=10,
    )
    password_hash = hasher.hash(PASSWORD)
    seeded = world()
    guests = [account(f"guest{number}", password_hash=password_hash) for number in range(SIGN_INS)]
    with place(kind, home) as where:
        url = where.databases.fresh()
        fill(url, replace(seeded, accounts=(*seeded.accounts, *guests)))
        with serving_one(OURS, url, home) as server:
            plan = LabPlan(READING, seeded, home / "wave.plan")
            options.say(f"{kind}: {SIGN_INS} sign-ins, {PER_SECOND} sheets a second")
            return asyncio.run(_through(server, plan.requests(), [guest.username for guest in guests]))


async def _through(server: Server, sheets: Iterator[bytes], guests: list[str]) -> dict[str, Any]:
    await _steady(server.port, sheets, seconds=1)
    before = server.tree.worker_rss()
    idle = await _steady(server.port, sheets, seconds=IDLE_SECONDS)
    wave = asyncio.create_task(_wave(server.port, guests))
    peak = asyncio.create_task(server.tree.peak_rss(until=wave))
    during = await _steady(server.port, sheets, until=wave)
    seconds, statuses = await wave
    return {
        "idle": asdict(idle),
        "during": asdict(during),
        "wave_seconds": seconds,
        "sign_ins": {str(status): statuses.count(status) for status in sorted({*statuses})},
        "rss_mib": {"before": before, "peak": await peak, "after": server.tree.worker_rss()},
    }


async def _steady(
    port: int, sheets: Iterator[bytes], *, seconds: float = 60, until: asyncio.Task[Any] | None = None
) -> Steady:
    """Ask at fixed instants, whatever became of the requests before."""
    taken: list[float] = []
    errors = 0
    idle: asyncio.LifoQueue[Connection] = asyncio.LifoQueue()

    async def ask(due: float) -> None:
        nonlocal errors
        connection = await idle.get()
        status = await connection.ask(next(sheets))
        taken.append(time.perf_counter() - due)
        errors += status != 200
        idle.put_nowait(connection)

    async with AsyncExitStack() as stack:
        for _ in range(CONNECTIONS):
            idle.put_nowait(await stack.enter_async_context(Connection.opened(port)))
        started = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for number in count():
                due = started + number / PER_SECOND
                await asyncio.sleep(due - time.perf_counter())
                if due > started + seconds or (until and until.done()):
                    break
                group.create_task(ask(due))
    p50, p99 = percentiles(taken)
    return Steady(len(taken), p50, p99, max(taken) * 1e3, errors)


async def _wave(port: int, guests: list[str]) -> tuple[float, list[int]]:
    """All at once, each over a connection of its own."""

    async def sign_in(guest: str) -> int:
        async with Connection.opened(port) as connection:
            body = {"username": guest, "password": PASSWORD}
            return await connection.ask(request("POST", "/login", None, body))

    started = time.perf_counter()
    statuses = await asyncio.gather(*map(sign_in, guests))
    return time.perf_counter() - started, statuses
