"""Figures of a month and of a year over HTTP, beside one statement written by hand for the same counts."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, time as clock_time, timedelta
from pathlib import Path
from statistics import median
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from attendance.adapters.clock import new_id
from attendance.adapters.sql import tables
from attendance.adapters.sql.accounts.accounts import SqlAccounts
from attendance.adapters.sql.club.clients import SqlClients
from attendance.adapters.sql.club.groups import SqlGroups
from attendance.adapters.sql.club.lessons import SqlLessons
from attendance.adapters.sql.club.locations import SqlLocations
from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.domain.club.clients import Client
from attendance.domain.club.groups import Group
from attendance.domain.club.lessons import Lesson, made
from attendance.domain.club.locations import Location
from attendance.domain.ids import ClientId, GroupId, LessonId, LocationId
from attendance.domain.permissions.roles import Role
from benchmarks.client import Connection, request
from benchmarks.contenders import OURS, serving_one
from benchmarks.options import Options
from benchmarks.places import place
from benchmarks.seed import LONG_AGO, account, issuer, session

MEMBERS = 30
LESSONS = 100
FIRST = date(2025, 1, 6)
ZONE = ZoneInfo("Europe/Berlin")
MONTH = (date(2025, 10, 1), date(2025, 10, 31))
YEAR = (date(2025, 1, 1), date(2025, 12, 31))
TIMES = 9
STATUSES = ("present",) * 15 + ("late", "absent", "absent", "excused", None)
BY_HAND = """
SELECT count(CASE a.status WHEN 'present' THEN 1 END), count(CASE a.status WHEN 'late' THEN 1 END),
       count(CASE a.status WHEN 'absent' THEN 1 END), count(CASE a.status WHEN 'excused' THEN 1 END),
       count(*) - count(a.status), count(CASE WHEN a.unpaid THEN 1 END), count(DISTINCT l.id)
FROM lessons l
JOIN group_members m
  ON m.group_id = l.group_id AND m.since <= l.date AND (m.until IS NULL OR m.until >= l.date)
LEFT JOIN attendance a ON a.lesson_id = l.id AND a.client_id = m.client_id
WHERE l.date BETWEEN {since} AND {until} AND NOT l.cancelled AND l.starts_at <= {at}
"""
"""Who was what, of all on a roster. Guests are left out, which makes it cheaper: there are none of here."""


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
        with serving_one(OURS, url, home) as server:
            found = asyncio.run(_through(server.port, database, issuer().issue(own), kind, options))
        database.engine.dispose()
    return {"marks": marks} | found


def fill(database: Database, marks: int, accounts: Any, sessions: Any) -> int:
    """Groups of 30 with two lessons a week for a year, each lesson marked; how many marks there are."""
    rng, written = random.Random(2026), 0
    house = Location(
        id=LocationId(new_id()),
        name="Hall",
        address="Langer Weg 1",
        timezone=ZONE.key,
        created_at=LONG_AGO,
        updated_at=LONG_AGO,
    )
    with database.engine.connect() as connection:
        driver = connection.connection.dbapi_connection

        def write(table: sa.Table, rows: list[dict[str, Any]]) -> None:
            with database.transaction(driver):
                connection.execute(sa.insert(table), rows)

        write(tables.accounts, accounts)
        write(tables.sessions, sessions)
        write(tables.locations, [SqlLocations.mapper.row(house)])
        while written < marks:
            rows = _group(rng, house, accounts[0]["id"])
            for table, of_table in rows.items():
                write(table, of_table)
            written += len(rows[tables.attendance])
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")
    return written


def _group(rng: random.Random, house: Location, teacher: Any) -> dict[sa.Table, list[dict[str, Any]]]:
    at = {"created_at": LONG_AGO, "updated_at": LONG_AGO}
    group = Group(id=GroupId(new_id()), name="Group", location_id=house.id, capacity=MEMBERS, **at)
    clients = [Client(id=ClientId(new_id()), name=f"Client {n}", **at) for n in range(MEMBERS)]
    lessons = [_lesson(group, house, n) for n in range(LESSONS)]
    return {
        tables.clients: [*map(SqlClients.mapper.row, clients)],
        tables.groups: [SqlGroups.mapper.row(group)],
        tables.group_members: [
            {"group_id": group.id, "client_id": it.id, "since": FIRST, "until": None} for it in clients
        ],
        tables.lessons: [*map(SqlLessons.mapper.row, lessons)],
        tables.attendance: [*_marks(rng, lessons, clients, teacher)],
    }


def _lesson(group: Group, house: Location, number: int) -> Lesson:
    day = FIRST + timedelta(days=number // 2 * 7 + number % 2 * 2)
    times = (clock_time(17), clock_time(18))
    return made(group, house, day, *times, zone=ZONE, lesson_id=LessonId(new_id()), at=LONG_AGO)


def _marks(
    rng: random.Random, lessons: list[Lesson], clients: list[Client], teacher: Any
) -> Iterator[dict[str, Any]]:
    for lesson in lessons:
        for client in clients:
            if (status := rng.choice(STATUSES)) is not None:
                yield {
                    "lesson_id": lesson.id,
                    "client_id": client.id,
                    "date": lesson.date,
                    "starts": lesson.starts,
                    "status": status,
                    "note": "",
                    "minutes_late": None,
                    "trial": False,
                    "subscription_id": None,
                    "unpaid": status != "excused" and rng.random() < 0.1,
                    "marked_by": teacher,
                    "marked_at": lesson.ends_at,
                }


async def _through(port: int, database: Database, token: str, kind: str, options: Options) -> dict[str, Any]:
    found: dict[str, Any] = {}
    async with Connection.opened(port) as connection:
        for name, (since, until) in {"month": MONTH, "year": YEAR}.items():
            options.say(f"{kind}: figures of a {name}")
            asked = request("GET", f"/api/v1/statistics?from={since}&to={until}", token)
            ours, hand = [], []
            for _ in range(TIMES):
                started = time.perf_counter()
                assert await connection.ask(asked) == 200
                ours.append((time.perf_counter() - started) * 1e3)
                started = time.perf_counter()
                by_hand(database, since, until)
                hand.append((time.perf_counter() - started) * 1e3)
            found[name] = {"ms": median(ours), "by_hand_ms": median(hand)}
            found[name]["times_by_hand"] = found[name]["ms"] / found[name]["by_hand_ms"]
    found["year_times_month"] = found["year"]["ms"] / found["month"]["ms"]
    return found


def by_hand(database: Database, since: date, until: date) -> Any:
    """The counts, straight from the driver."""
    at = LONG_AGO.replace(year=2026, month=6)
    with database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            text = BY_HAND.format(since="%s", until="%s", at="%s")
            return connection.exec_driver_sql(text, (since, until, at)).one()
        text = BY_HAND.format(since="?", until="?", at="?")
        values = (since.isoformat(), until.isoformat(), at.strftime("%Y-%m-%d %H:%M:%S.%f"))
        return connection.exec_driver_sql(text, values).one()
