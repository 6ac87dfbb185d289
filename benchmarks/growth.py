"""How everything grows with the number of marks, on PostgreSQL: the same asked of histories side by side."""

import asyncio
import random
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from datetime import timedelta
from decimal import Decimal
from itertools import count, islice
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from attendance.adapters.clock import new_id, utc_now
from attendance.adapters.sql import tables
from attendance.adapters.sql.accounts.accounts import SqlAccounts
from attendance.adapters.sql.club.locations import SqlLocations
from attendance.adapters.sql.club.prices import SqlPrices
from attendance.domain.club.locations import Location
from attendance.domain.club.prices import Price
from attendance.domain.ids import LocationId, PriceId
from attendance.domain.permissions.roles import Role
from benchmarks.client import Connection, request
from benchmarks.contenders import OURS, serving_one
from benchmarks.filling import store_rows
from benchmarks.histories import MEMBERS, PRICE_NAME, ZONE, History
from benchmarks.load import STATUSES, ask_for
from benchmarks.options import Options
from benchmarks.places import POSTGRESQL, Ask, Place, beside, place
from benchmarks.processes import MIB, Server
from benchmarks.seed import LONG_AGO, account, issuer, session

TIMES = 15
"""How often each question is asked in a round."""
LINES_AT_ONCE = 2000
COUNTED = ("attendance", "lab_marks", "events")
Requests = Iterator[bytes]


@dataclass(frozen=True, slots=True)
class Grown:
    """A service over a history. Filling took `seconds`; the process that filled grew by `grown_mib`."""

    history: History
    url: str
    server: Server
    token: str
    seconds: float
    grown_mib: float

    def loads(self, rng: random.Random) -> dict[str, Requests]:
        """What is asked over many connections: anywhere in the history, each time something else."""
        return {"W1": self._marking(rng), "W2": self._labs(rng), "W4": self._lists(rng)}

    def questions(self, rng: random.Random) -> dict[str, Requests]:
        """What is asked over one connection, one after the other."""
        month = self._month()
        alone = {f"{name} alone": requests for name, requests in self.loads(rng).items()}
        return alone | {
            "a lesson's sheet": self._of_lessons(rng, "attendance"),
            "a client's card: the client": self._of_clients(rng, ""),
            "a client's card: passes": self._of_clients(rng, "/subscriptions"),
            "a client's card: visits": self._of_clients(rng, "/attendance?page=1"),
            "a month's statistics": self._same(f"/api/v1/statistics?{month}"),
            "a month's statistics of a group": self._of_groups(rng, month),
            "a month's marks, page 1": self._same(f"/api/v1/attendance?page=1&{month}"),
            "the log, page 1": self._same("/api/v1/events?page=1"),
            "the log of a month, page 1": self._same(f"/api/v1/events?page=1&{month}"),
        }

    def _month(self) -> str:
        """The last whole one."""
        until = self.history.until.replace(day=1) - timedelta(days=1)
        return f"from={until.replace(day=1)}&to={until}"

    def _anywhere(self, rng: random.Random) -> tuple[int, int]:
        return rng.randrange(self.history.groups), rng.randrange(self.history.meetings_each)

    def _get(self, path: str) -> bytes:
        return request("GET", path, self.token)

    def _same(self, path: str) -> Requests:
        while True:
            yield self._get(path)

    def _marking(self, rng: random.Random) -> Requests:
        of = self.history
        for number in count(rng.randrange(10**9)):
            lab, meeting = self._anywhere(rng)
            body = {
                "user_id": of.account(lab, rng.randrange(MEMBERS)),
                "date": str(of.meeting(lab, meeting).date),
                "status": rng.choice(STATUSES),
                "note": f"the {number}th",
            }
            yield request("PUT", f"/labs/{of.lab(lab)}/attendance", self.token, body)

    def _labs(self, rng: random.Random) -> Requests:
        while True:
            lab, meeting = self._anywhere(rng)
            on = self.history.meeting(lab, meeting).date
            yield self._get(f"/labs/{self.history.lab(lab)}/attendance?date={on}")

    def _lists(self, rng: random.Random) -> Requests:
        """A whole lesson: all of a group of 30."""
        of = self.history
        for number in count(rng.randrange(10**9)):
            group, meeting = self._anywhere(rng)
            entries = [
                {
                    "client_id": of.client(group, place),
                    "status": rng.choice(STATUSES),
                    "note": f"the {number}th",
                }
                for place in range(MEMBERS)
            ]
            path = f"/api/v1/lessons/{of.meeting(group, meeting).id}/attendance"
            yield request("PUT", path, self.token, {"attendances": entries})

    def _of_lessons(self, rng: random.Random, what: str) -> Requests:
        while True:
            lesson = self.history.meeting(*self._anywhere(rng)).id
            yield self._get(f"/api/v1/lessons/{lesson}/{what}")

    def _of_clients(self, rng: random.Random, what: str) -> Requests:
        while True:
            client = self.history.client(rng.randrange(self.history.groups), rng.randrange(MEMBERS))
            yield self._get(f"/api/v1/clients/{client}{what}")

    def _of_groups(self, rng: random.Random, month: str) -> Requests:
        while True:
            group = self.history.group(rng.randrange(self.history.groups))
            yield self._get(f"/api/v1/statistics/groups/{group}?{month}")


def measure(options: Options, home: Path) -> dict[str, Any]:
    with place(POSTGRESQL, home) as where, ExitStack() as stack:
        all_sizes = [stack.enter_context(_grown(size, where, home, options)) for size in options.sizes]
        sizes = _measured(all_sizes, where, options)
    return {POSTGRESQL: {"sizes": sizes}}


@contextmanager
def _grown(size: int, where: Place, home: Path, options: Options) -> Iterator[Grown]:
    options.say(f"storing {size} marks")
    url, started, before = where.databases.fresh(), time.perf_counter(), _peak_mib()
    history, token = fill(url, size, options.say)
    seconds, grown = time.perf_counter() - started, _peak_mib() - before
    options.say(f"stored {history.stored} marks in {seconds:.0f} s; {grown:.0f} MiB more than before at most")
    with serving_one(OURS, url, home) as server:
        yield Grown(history, url, server, token, seconds, grown)


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB


def fill(url: str, size: int, say: Callable[[str], None]) -> tuple[History, str]:
    """A history of so many marks up to yesterday, and a token of the owner's."""
    owner = account("owner", role=Role.OWNER, email="owner@example.org", email_confirmed_at=LONG_AGO)
    own = session(owner)
    at = {"created_at": LONG_AGO, "updated_at": LONG_AGO}
    hall = Location(id=LocationId(new_id()), name="Hall", address="Langer Weg 1", timezone=ZONE, **at)
    price = Price(id=PriceId(new_id()), name=PRICE_NAME, amount=Decimal(800), currency="EUR", **at)
    store_rows(
        url,
        {
            tables.accounts: [SqlAccounts.mapper.row(owner)],
            tables.sessions: [asdict(own)],
            tables.locations: [SqlLocations.mapper.row(hall)],
            tables.prices: [SqlPrices.mapper.row(price)],
        },
    )
    history = History(size, str(owner.id), str(hall.id), str(price.id), utc_now().date())
    with psycopg.connect(url, autocommit=True) as connection:
        # keys would be looked up for each row
        connection.execute("SET session_replication_role = replica")
        for table, (columns, rows) in history.tables():
            started = time.perf_counter()
            with connection.cursor().copy(f"COPY {table} ({columns}) FROM STDIN") as copy:
                while block := list(islice(rows, LINES_AT_ONCE)):
                    copy.write("\n".join(block) + "\n")
            say(f"  {table}: {time.perf_counter() - started:.0f} s")
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")
    return history, issuer().issue(own)


def _measured(all_sizes: list[Grown], where: Place, options: Options) -> dict[str, Any]:
    """By the number of marks; sizes in turn, round after round."""
    rng = random.Random(2026)
    loads = [grown.loads(rng) for grown in all_sizes]
    questions = [grown.questions(rng) for grown in all_sizes]
    asked: list[dict[str, list[dict[str, float]]]] = [{} for _ in all_sizes]
    answered: list[dict[str, list[float]]] = [{} for _ in all_sizes]
    disk = [_disk(grown) for grown in all_sizes]
    for number in range(-1, options.rounds):
        for place_, grown in enumerate(all_sizes):
            for name, requests in loads[place_].items():
                seconds = options.seconds if number >= 0 else options.warm_up
                measured = _loaded(grown, requests, where, seconds, options)
                options.say(f"{number + 1}/{options.rounds} {grown.history.stored} {name}: {measured}")
                if number >= 0:
                    asked[place_].setdefault(name, []).append(measured)
            for name, requests in questions[place_].items():
                taken = asyncio.run(_milliseconds(grown.server.port, list(islice(requests, TIMES))))
                if number >= 0:
                    answered[place_].setdefault(name, []).extend(taken)
    return {
        str(grown.history.stored): {
            "fill_seconds": grown.seconds,
            "fill_grown_mib": grown.grown_mib,
            "groups": grown.history.groups,
            "rss_mib": grown.server.tree.worker_rss(),
            "loads": {
                name: {figure: median(each[figure] for each in rounds) for figure in rounds[0]}
                for name, rounds in asked[n].items()
            },
            "ms": {name: median(taken) for name, taken in answered[n].items()},
            "disk": disk[n],
        }
        for n, grown in enumerate(all_sizes)
    }


def _loaded(
    grown: Grown, requests: Requests, where: Place, seconds: float, options: Options
) -> dict[str, float]:
    cpu, database_cpu = grown.server.tree.cpu(), where.cpu()
    done = asyncio.run(ask_for(grown.server.port, requests, options.connections, seconds))
    assert not done.errors, f"{done.errors} errors"
    return {
        "requests_per_second": done.requests / done.seconds,
        "p50_ms": done.p50_ms,
        "p99_ms": done.p99_ms,
        "cpu_ms": (grown.server.tree.cpu() - cpu) / done.requests * 1e3,
        "database_cpu_ms": (where.cpu() - database_cpu) / done.requests * 1e3,
    }


async def _milliseconds(port: int, requests: list[bytes]) -> list[float]:
    taken = []
    async with Connection.opened(port) as connection:
        for asked in requests:
            started = time.perf_counter()
            status = await connection.ask(asked)
            assert status == 200, (status, asked)
            taken.append((time.perf_counter() - started) * 1e3)
    return taken


def _disk(grown: Grown) -> dict[str, float]:
    """Bytes for each mark: of one table for each of its own, of events and of everything for each of both."""
    marks = grown.history.stored

    def size(ask: Ask, function: str, table: str) -> float:
        return float(ask(f"SELECT {function}('{table}')").scalar_one())

    with beside(grown.url) as ask:
        found = {
            f"{table}: {what}": size(ask, function, table) / (marks if table == "events" else marks / 2)
            for table in COUNTED
            for what, function in (("rows", "pg_table_size"), ("indexes", "pg_indexes_size"))
        }
        events = ask("SELECT count(*) FROM events").scalar_one()
        whole = ask("SELECT pg_database_size(current_database())").scalar_one()
    return found | {"events": events / marks, "everything": whole / marks, "everything_mib": whole / MIB}
