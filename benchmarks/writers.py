"""Threads that mark at once on SQLite, through the use case: committing together, and each by itself."""

import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from attendance.adapters.clock import new_id, utc_now
from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import open_database
from attendance.adapters.sql.engine.drivers import group_commit, sqlite
from attendance.application.labs.marks import MarkLabAttendance
from attendance.domain.attendance.status import Status
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Level
from benchmarks.filling import fill
from benchmarks.options import Options
from benchmarks.places import SQLITE, place
from benchmarks.seed import WRITE_ON, World, world

THREADS = (1, 4, 16)
TOGETHER, APART, FORGETFUL = "together", "apart", "not durable"
STATUSES = tuple(Status)


def measure(options: Options, home: Path) -> dict[str, Any]:
    return {kind: _on(kind, options, home) for kind in options.kinds if kind == SQLITE}


def _on(kind: str, options: Options, home: Path) -> dict[str, Any]:
    seeded = world()
    found: dict[int, dict[str, list[float]]] = {}
    with place(kind, home) as where:
        urls = {name: where.databases.fresh() for name in (TOGETHER, APART, FORGETFUL)}
        for url in urls.values():
            fill(url, seeded)
        walks = {name: itertools.count() for name in urls}
        for threads in THREADS:
            found[threads] = {name: [] for name in urls}
            for number in range(options.rounds):
                options.say(f"{kind}: {threads} writers, round {number + 1}/{options.rounds}")
                for name, url in urls.items():
                    with _as(name):
                        rate = _marks_per_second(url, seeded, walks[name], threads, options.seconds)
                    found[threads][name].append(rate)
    return {
        "marks_per_second": {
            threads: {name: median(rates) for name, rates in of.items()} for threads, of in found.items()
        }
    }


@contextmanager
def _as(name: str) -> Iterator[None]:
    most, settings = group_commit.MOST_MEMBERS, dict(sqlite.SQLITE_SETTINGS)
    if name == APART:
        group_commit.MOST_MEMBERS = 1
    if name == FORGETFUL:
        sqlite.SQLITE_SETTINGS["synchronous"] = 0
    try:
        yield
    finally:
        group_commit.MOST_MEMBERS = most
        sqlite.SQLITE_SETTINGS.update(settings)


def _marks_per_second(url: str, seeded: World, walk: Iterator[int], threads: int, seconds: float) -> float:
    """Each mark is another than before; neighbours in time are in different labs."""
    database = open_database(url, pool_size=threads)
    mark = MarkLabAttendance(store=SqlStore(primary=database, replica=database), clock=utc_now, new_id=new_id)
    actor = Actor(seeded.owner.id, None, Level.USER)
    cells, is_over, next_one = seeded.cells, threading.Event(), threading.Lock()

    def work() -> int:
        done = 0
        while not is_over.is_set():
            with next_one:
                number = next(walk)
            (lab_id, user_id), times = cells[number % len(cells)], number // len(cells)
            status = STATUSES[times % len(STATUSES)]
            mark(actor, lab_id=lab_id, user_id=user_id, date=WRITE_ON, status=status, note=f"{times}")
            done += 1
        return done

    with ThreadPoolExecutor(threads) as pool:
        started = time.perf_counter()
        working = [pool.submit(work) for _ in range(threads)]
        time.sleep(seconds)
        is_over.set()
        total = sum(each.result() for each in working)
        taken = time.perf_counter() - started
    database.engine.dispose()
    return total / taken
