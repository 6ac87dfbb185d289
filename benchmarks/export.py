"""All marks as CSV and as a workbook over HTTP: how soon it begins, how long it takes, and memory."""

import asyncio
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from attendance.adapters.sql.accounts.accounts import SqlAccounts
from attendance.adapters.sql.engine.databases import open_database
from attendance.domain.permissions.roles import Role
from benchmarks.client import Connection, request
from benchmarks.contenders import OURS, serving_one
from benchmarks.figures import fill
from benchmarks.options import Options
from benchmarks.places import place
from benchmarks.processes import MIB, Server
from benchmarks.seed import LONG_AGO, account, issuer, session


def measure(options: Options, home: Path) -> dict[str, Any]:
    return {kind: _on(kind, options, home) for kind in options.kinds}


def _on(kind: str, options: Options, home: Path) -> dict[str, Any]:
    owner = account("owner", role=Role.OWNER, email="owner@example.org", email_confirmed_at=LONG_AGO)
    own = session(owner)
    with place(kind, home) as where:
        url = where.databases.fresh()
        options.say(f"{kind}: storing {options.marks} marks")
        database = open_database(url, pool_size=1)
        marks = fill(database, options.marks, [SqlAccounts.mapper.row(owner)], [asdict(own)])
        database.engine.dispose()
        with serving_one(OURS, url, home) as server:
            token = issuer().issue(own)
            found: dict[str, Any] = {"marks": marks}
            for form in ("csv", "xlsx"):
                options.say(f"{kind}: all marks as {form}")
                found[form] = asyncio.run(_exported(server, token, marks, form))
            return found


async def _exported(server: Server, token: str, marks: int, form: str) -> dict[str, float]:
    """Read as it comes. Asked for once: nothing is warm but what was asked for before."""
    before, started = server.tree.worker_rss(), time.perf_counter()
    asked = request("GET", f"/api/v1/attendance?format={form}", token)

    async def read() -> tuple[float, int, int]:
        first, length, lines = 0.0, 0, 0
        async with Connection.opened(server.port) as connection:
            async for piece in connection.pieces(asked):
                first = first or time.perf_counter() - started
                length += len(piece)
                lines += piece.count(b"\r\n")
        return first, length, lines

    reading = asyncio.create_task(read())
    peak = await server.tree.peak_rss(until=reading)
    first, length, lines = await reading
    assert form != "csv" or lines == marks + 1, lines
    return {
        "first_byte_ms": first * 1e3,
        "seconds": time.perf_counter() - started,
        "mib": length / MIB,
        "before_rss_mib": before,
        "added_rss_mib": peak - before,
    }
