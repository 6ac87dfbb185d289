"""An owner's list beside thousands of connections on which nothing comes, or half a request."""

import asyncio
import resource
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from attendance.adapters.sql.accounts.accounts import SqlAccounts
from attendance.adapters.sql.engine.databases import open_database
from attendance.domain.permissions.roles import Role
from benchmarks.contenders import OURS, serving_one
from benchmarks.fairness import listed
from benchmarks.figures import fill
from benchmarks.options import Options
from benchmarks.places import SQLITE, place
from benchmarks.seed import LONG_AGO, account, issuer, session

MARKS = 5_000
HEAD = b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Half: "
BODY = b"POST /login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{"
STALLED = {"nothing": (5_000, b""), "half a head": (1_100, HEAD), "half a body": (200, BODY)}
PATIENCE_SECONDS = 60


def measure(options: Options, home: Path) -> dict[str, Any]:
    """On SQLite alone: none of their requests gets as far as a database."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    owner = account("owner", role=Role.OWNER, email="owner@example.org", email_confirmed_at=LONG_AGO)
    own = session(owner)
    found: dict[str, Any] = {}
    with place(SQLITE, home) as where:
        url = where.databases.fresh()
        database = open_database(url, pool_size=1)
        fill(database, MARKS, [SqlAccounts.mapper.row(owner)], [asdict(own)])
        database.engine.dispose()
        for sent, (number, data) in STALLED.items():
            options.say(f"{number} connections with {sent}")
            with serving_one(OURS, url, home) as server:
                through = _beside(server.port, issuer().issue(own), number, data, options.seconds)
                found[sent] = asyncio.run(through)
    return {SQLITE: found}


async def _beside(port: int, token: str, number: int, data: bytes, seconds: float) -> dict[str, Any]:
    await listed(port, token, 1)
    idle = await listed(port, token, seconds)
    started = time.perf_counter()
    stalled = [asyncio.create_task(_until_closed(port, data)) for _ in range(number)]
    await asyncio.sleep(1)
    during = await listed(port, token, seconds)
    done, open_still = await asyncio.wait(stalled, timeout=PATIENCE_SECONDS)
    for task in open_still:
        task.cancel()
    return {
        "connections": number,
        "idle": asdict(idle),
        "during": asdict(during),
        "closed": len(done),
        "last_closed_after_s": max((task.result() for task in done), default=started) - started,
    }


async def _until_closed(port: int, data: bytes) -> float:
    """When it was."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(data)
    try:
        await reader.read()
        return time.perf_counter()
    finally:
        writer.close()
