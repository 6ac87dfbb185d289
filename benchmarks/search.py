"""Searching users by a part of their name, beside looking one up by the whole name: through the store."""

import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

from attendance.adapters.sql import SqlStore, tables
from attendance.adapters.sql.accounts.accounts import SqlAccounts
from attendance.adapters.sql.engine.databases import open_database
from attendance.application.pagination import Page
from attendance.application.ports import Store
from benchmarks.filling import store_rows
from benchmarks.options import Options
from benchmarks.places import place
from benchmarks.seed import account, username

FEW = 20  # names of all of them
MANY = 0.01  # of the names
TIMES = 50
SCREEN = Page(limit=20)
ALL_SHOWN = Page()


@dataclass(frozen=True, slots=True)
class Case:
    """A search for each of some parts, a page of each."""

    parts: list[str]
    page: Page = ALL_SHOWN


def measure(options: Options, home: Path) -> dict[str, Any]:
    rng = random.Random(2026)
    names = [username(rng, number) for number in range(options.people)]
    return {kind: _on(kind, names, cases(names, rng), options, home) for kind in options.kinds}


def cases(names: list[str], rng: random.Random) -> dict[str, Case]:
    """Parts of names that are there, by their length and by how many names hold them."""
    held = {length: _held(names, length) for length in (1, 2, 3, 5)}
    few = {length: [part for part, count in held[length].items() if count <= FEW] for length in (3, 5)}
    many = [part for part, count in held[3].items() if count >= MANY * len(names)]
    some = {length: _some([*held[length]], rng) for length in (1, 2)}
    return {
        "3 characters, few matches": Case(_some(few[3], rng)),
        "5 characters, few matches": Case(_some(few[5], rng)),
        "3 characters, many matches, 20 shown": Case(_some(many, rng), SCREEN),
        "3 characters, many matches, 1000 shown": Case(_some(many, rng)),
        "2 characters, 20 shown": Case(some[2], SCREEN),
        "2 characters, 1000 shown": Case(some[2]),
        "1 character, 20 shown": Case(some[1], SCREEN),
        "nothing, 20 shown": Case([""], SCREEN),
    }


def _on(kind: str, names: list[str], asked: dict[str, Case], options: Options, home: Path) -> dict[str, Any]:
    with place(kind, home) as where:
        url = where.databases.fresh()
        options.say(f"{kind}: storing {len(names)} users")
        store_rows(url, {tables.accounts: map(SqlAccounts.mapper.row, map(account, names))})
        database = open_database(url, pool_size=1)
        store = SqlStore(primary=database, replica=database)
        exact = _milliseconds(lambda name: _look_up(store, name), random.Random(1).sample(names, TIMES))
        found = {}
        for name, case in asked.items():
            options.say(f"{kind}: {name}")
            took = _milliseconds(lambda part, page=case.page: _search(store, part, page), case.parts)
            matches = mean(_search(store, part, case.page) for part in case.parts)
            found[name] = {"ms": took, "times_exact": took / exact, "matches": matches}
        database.engine.dispose()
    return {"people": len(names), "exact_ms": exact, "searches": found}


def _held(names: list[str], length: int) -> Counter[str]:
    """How many names hold each run of so many characters."""
    return Counter(
        part for name in names for part in {name[at : at + length] for at in range(len(name) - length + 1)}
    )


def _some(parts: list[str], rng: random.Random) -> list[str]:
    return rng.sample(sorted(parts), min(TIMES, len(parts)))


def _look_up(store: Store, name: str) -> int:
    with store.autocommit() as work:
        assert work.accounts.find_by_username(name)
    return 1


def _search(store: Store, part: str, page: Page) -> int:
    with store.read() as work:
        found = work.accounts.search(part, page)
    assert found.users or page.offset
    return found.total


def _milliseconds(call: Callable[[str], int], arguments: list[str]) -> float:
    """The median of single calls, after one round of them to warm up."""
    for argument in arguments:
        call(argument)
    taken = []
    for argument in arguments:
        started = time.perf_counter()
        call(argument)
        taken.append(time.perf_counter() - started)
    return median(taken) * 1e3
