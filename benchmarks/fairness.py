"""An owner's list while somebody else asks for workbooks in 24 loops: threads apart, and without."""

import asyncio
import time
from dataclasses import asdict, dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from attendance.adapters.sql.accounts.accounts import SqlAccounts
from attendance.adapters.sql.engine.databases import open_database
from attendance.domain.permissions.roles import Role
from benchmarks.client import Connection, request
from benchmarks.contenders import OURS, serving_one
from benchmarks.figures import fill
from benchmarks.load import percentiles
from benchmarks.options import Options
from benchmarks.places import place
from benchmarks.seed import LONG_AGO, account, issuer, session

LOOPS = 24
MARKS = 50_000
EVERY_SECONDS = 0.02
LEAST_SECONDS = 10
WORKBOOK = "/api/v1/attendance?format=xlsx"
LIST = "/api/v1/clients?page=1"
SETTINGS = {
    "apart": {},
    "on 8 threads": {"exports": "8", "exports_per_person": "64"},
}
"""What the settings of the service are; the second is as good as none apart."""


@dataclass(frozen=True, slots=True)
class Answered:
    """How an owner's list was answered, asked for at most 50 times a second over one connection."""

    requests: int
    p50_ms: float
    p99_ms: float
    worst_ms: float
    errors: int


def measure(options: Options, home: Path) -> dict[str, Any]:
    return {kind: _on(kind, options, home) for kind in options.kinds}


def _on(kind: str, options: Options, home: Path) -> dict[str, Any]:
    owner = account("owner", role=Role.OWNER, email="owner@example.org", email_confirmed_at=LONG_AGO)
    other = replace(
        account("other", role=Role.HEAD_MANAGER), email="other@example.org", email_confirmed_at=LONG_AGO
    )
    own, others = session(owner), session(other)
    with place(kind, home) as where:
        url = where.databases.fresh()
        options.say(f"{kind}: storing {MARKS} marks")
        database = open_database(url, pool_size=1)
        people = [SqlAccounts.mapper.row(each) for each in (owner, other)]
        fill(database, MARKS, people, [asdict(own), asdict(others)])
        database.engine.dispose()
        found: dict[str, Any] = {}
        for name, settings in SETTINGS.items():
            with serving_one(OURS, url, home, **settings) as server:
                options.say(f"{kind}: {LOOPS} loops of workbooks {name}")
                tokens = issuer().issue(own), issuer().issue(others)
                seconds = max(options.seconds, LEAST_SECONDS)
                found[name] = asyncio.run(_through(server.port, *tokens, seconds))
        return found


async def _through(port: int, owners: str, others: str, seconds: float) -> dict[str, Any]:
    await listed(port, owners, 1)
    idle = await listed(port, owners, seconds)
    statuses: list[int] = []
    loops = [asyncio.create_task(_loop(port, others, statuses)) for _ in range(LOOPS)]
    await asyncio.sleep(1)
    during = await listed(port, owners, seconds)
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)
    return {
        "idle": asdict(idle),
        "during": asdict(during),
        "workbooks": {str(status): statuses.count(status) for status in sorted({*statuses})},
    }


async def listed(port: int, token: str, seconds: float) -> Answered:
    """How an owner's list is answered meanwhile."""
    taken: list[float] = []
    errors = 0
    asked = request("GET", LIST, token)
    async with Connection.opened(port) as connection:
        started = time.perf_counter()
        for number in count():
            await asyncio.sleep(started + number * EVERY_SECONDS - time.perf_counter())
            if (at := time.perf_counter()) > started + seconds and len(taken) > 1:
                break
            errors += await connection.ask(asked) != 200
            taken.append(time.perf_counter() - at)
    p50, p99 = percentiles(taken)
    return Answered(len(taken), p50, p99, max(taken) * 1e3, errors)


async def _loop(port: int, token: str, statuses: list[int]) -> None:
    """Ask for a workbook again and again, each time over a connection of its own, whatever is answered."""
    asked = request("GET", WORKBOOK, token).replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(asked)
            head = await reader.readline()
            while await reader.read(65536):
                pass
            statuses.append(int(head.split(b" ", 2)[1]))
        finally:
            writer.close()
