"""Long lists over HTTP: a page far behind beside the first, and memory while the whole list is streamed."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from attendance.adapters.clock import new_id
from attendance.adapters.sql import tables
from attendance.adapters.sql.accounts.accounts import SqlAccounts
from attendance.adapters.sql.club.clients import SqlClients
from attendance.application.pagination import PAGE_LENGTH
from attendance.domain.club.clients import Client
from attendance.domain.ids import ClientId
from attendance.domain.permissions.roles import Role
from benchmarks.client import Connection, request
from benchmarks.contenders import OURS, serving_one
from benchmarks.filling import store_rows
from benchmarks.options import Options
from benchmarks.places import place
from benchmarks.processes import MIB, Server
from benchmarks.seed import LONG_AGO, account, issuer, session, username

SORTS = (
    "name", "-name", "birthday", "-birthday", "created_at", "-created_at",
    "birthday,name", "-birthday,name", "name,-birthday",
)  # fmt: skip
NARROWINGS = ("", "&active=true", "&q=an")
WHOLE = ("name", "-birthday")
TIMES = 15
BORN = date(2008, 1, 1)
DAYS = 4000
WITHOUT_BIRTHDAY = 0.1
ARCHIVED = 0.2


def measure(options: Options, home: Path) -> dict[str, Any]:
    return {kind: _on(kind, options, home) for kind in options.kinds}


def _on(kind: str, options: Options, home: Path) -> dict[str, Any]:
    owner = account("owner", role=Role.OWNER, email="owner@example.org", email_confirmed_at=LONG_AGO)
    own = session(owner)
    with place(kind, home) as where:
        url = where.databases.fresh()
        options.say(f"{kind}: storing {options.clients} clients")
        rows = {
            tables.accounts: [SqlAccounts.mapper.row(owner)],
            tables.sessions: [asdict(own)],
            tables.clients: map(SqlClients.mapper.row, clients(options.clients)),
        }
        store_rows(url, rows)
        with serving_one(OURS, url, home) as server:
            return asyncio.run(_through(server, issuer().issue(own), kind, options))


def clients(number: int) -> Iterator[Client]:
    """Names nobody shares, birthdays that many share or lack, rows as long as they are in a club."""
    rng = random.Random(2026)
    for n in range(number):
        at = LONG_AGO + timedelta(seconds=rng.randrange(number))
        yield Client(
            id=ClientId(new_id()),
            name=username(rng, n).title(),
            guardian_name=username(rng, n).title(),
            birthday=None if rng.random() < WITHOUT_BIRTHDAY else BORN + timedelta(days=rng.randrange(DAYS)),
            phone=f"+49 30 {n:07}",
            address=f"Langer Weg {n}\n10115 Berlin",
            notes="is fetched by the grandmother on Tuesdays, " * rng.randrange(5),
            active=rng.random() >= ARCHIVED,
            created_at=at,
            updated_at=at,
        )


async def _through(server: Server, token: str, kind: str, options: Options) -> dict[str, Any]:
    last = options.clients // PAGE_LENGTH
    numbers = (1, last // 2, last)
    pages = {}
    async with Connection.opened(server.port) as connection:
        for sort, narrowing in product(SORTS, NARROWINGS):
            query = f"sort={sort}{narrowing}"
            options.say(f"{kind}: pages, {query}")
            first, far, end = await _milliseconds(connection, token, [f"page={n}&{query}" for n in numbers])
            pages[query] = {"first_ms": first, "far_ms": far, "last_ms": end, "far_times_first": far / first}
        whole = {}
        for sort in WHOLE:
            options.say(f"{kind}: the whole list, sort={sort}")
            whole[f"sort={sort}"] = await _streamed(
                server, connection, _request(f"sort={sort}", token), options
            )
    return {"clients": options.clients, "far": numbers[1], "last": last, "pages": pages, "whole": whole}


async def _milliseconds(connection: Connection, token: str, queries: list[str]) -> list[float]:
    """Medians, asked in turn, so that whatever else the machine does falls on all of them."""
    taken: list[list[float]] = []
    for _ in range(TIMES):
        taken.append([])
        for query in queries:
            started = time.perf_counter()
            assert await connection.ask(_request(query, token)) == 200, query
            taken[-1].append((time.perf_counter() - started) * 1e3)
    return [median(of) for of in zip(*taken, strict=True)]


async def _streamed(
    server: Server, connection: Connection, asked: bytes, options: Options
) -> dict[str, float]:
    """The whole list, read as it comes, and what the worker has meanwhile beside just before."""
    before, started = server.tree.worker_rss(), time.perf_counter()

    async def length() -> int:
        length, first, last = 0, b"", b""
        async for last in connection.pieces(asked):
            first = first or last
            length += len(last)
        assert first.startswith(b'{"total":%d,' % options.clients), first[:100]
        assert last.endswith(b"]}"), last[-100:]
        return length

    reading = asyncio.create_task(length())
    peak = await server.tree.peak_rss(until=reading)
    return {
        "mib": await reading / MIB,
        "seconds": time.perf_counter() - started,
        "before_rss_mib": before,
        "added_rss_mib": peak - before,
    }


def _request(query: str, token: str) -> bytes:
    return request("GET", f"/api/v1/clients?{query}", token)
