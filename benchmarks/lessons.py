"""Lessons of a day among those of many groups, over HTTP, beside the sheet of 30 that is opened from them."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, time as clock_time, timedelta
from pathlib import Path
from statistics import fmean, median
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from attendance.adapters.clock import new_id
from attendance.adapters.sql import tables
from attendance.adapters.sql.accounts.accounts import SqlAccounts
from attendance.adapters.sql.club.clients import SqlClients
from attendance.adapters.sql.club.groups import SqlGroups
from attendance.adapters.sql.club.lessons import SqlLessons
from attendance.adapters.sql.club.locations import SqlLocations
from attendance.adapters.sql.engine.databases import open_database
from attendance.domain.accounts.accounts import Account
from attendance.domain.club.clients import Client
from attendance.domain.club.groups import Group
from attendance.domain.club.lessons import made
from attendance.domain.club.locations import Location
from attendance.domain.ids import ClientId, GroupId, LessonId, LocationId
from attendance.domain.permissions.roles import Role
from benchmarks.client import Connection, request
from benchmarks.contenders import OURS, serving_one
from benchmarks.options import Options
from benchmarks.places import Place, place
from benchmarks.processes import Server
from benchmarks.seed import LONG_AGO, account, issuer, session

MEMBERS, LESSONS_EACH, LOCATIONS = 30, 200, 50
CLIENTS_OF_A_GROUP = 3
"""So many new ones for each group; its other members are in others, too."""
GROUPS_OF_A_TEACHER = 10
FIRST, ZONE = date(2024, 1, 1), ZoneInfo("UTC")
DAY = FIRST + timedelta(weeks=LESSONS_EACH // 4)
"""In the middle of all; two days of each week are a group's."""
MARKED = {DAY - timedelta(days=days) for days in range(14)}
SHEET, WHOLE = "sheet of 30", "the whole day"
TIMES, WARM_UP = 9, 20
IN_A_ROW = {WHOLE: 4}
"""So many of each are asked for, one after the other, before it is the others' turn; else 40."""

Row = dict[str, Any]


def measure(options: Options, home: Path) -> dict[str, Any]:
    return {kind: _on(kind, options, home) for kind in options.kinds}


def _on(kind: str, options: Options, home: Path) -> dict[str, Any]:
    owner = account("owner", role=Role.OWNER, email="owner@example.org", email_confirmed_at=LONG_AGO)
    own = session(owner)
    with place(kind, home) as where:
        url = where.databases.fresh()
        options.say(f"{kind}: storing {options.lessons} lessons")
        teacher, lesson = fill(url, options.lessons // LESSONS_EACH, owner, [asdict(own)])
        day = f"/api/v1/lessons?from={DAY}&to={DAY}"
        paths = {
            SHEET: f"/api/v1/lessons/{lesson}/attendance",
            "mine": f"{day}&teacher={teacher}",
            "a page of 20": f"{day}&page=1",
            "a page of untaken": f"{day}&page=1&untaken=true",
            WHOLE: day,
        }
        with serving_one(OURS, url, home) as server:
            token = issuer().issue(own)
            asked = {name: request("GET", path, token) for name, path in paths.items()}
            found = asyncio.run(_through(server, where, asked, options))
    return {"lessons": options.lessons, "of_the_day": _of_the_day(options.lessons), "asked": found}


def _of_the_day(lessons: int) -> int:
    """How many of so many lessons: of those groups whose first or second weekday it is."""
    return sum(_weekday(number) in (0, 3) for number in range(lessons // LESSONS_EACH))


async def _through(
    server: Server, where: Place, asked: dict[str, bytes], options: Options
) -> dict[str, dict[str, float]]:
    """CPU of each request, the service's and its database's: some of each in turn, again and again."""
    taken: dict[str, list[tuple[float, float, float]]] = {name: [] for name in asked}
    async with Connection.opened(server.port) as connection:
        for wanted in asked.values():
            for _ in range(WARM_UP):
                assert await connection.ask(wanted) == 200
        for number in range(TIMES):
            options.say(f"{where.kind}: lessons of a day, {number + 1}/{TIMES}")
            for name, wanted in asked.items():
                in_a_row = IN_A_ROW.get(name, 40)
                cpu, database_cpu, started = server.tree.cpu(), where.cpu(), time.perf_counter()
                for _ in range(in_a_row):
                    assert await connection.ask(wanted) == 200
                spent = (time.perf_counter() - started, server.tree.cpu() - cpu, where.cpu() - database_cpu)
                taken[name].append(tuple(1e3 * it / in_a_row for it in spent))  # type: ignore[arg-type]
    # CPU is told in steps of 10 ms: that of all of them is told apart
    found = {
        name: {
            "ms": median(ms for ms, _, _ in of),
            "cpu_ms": fmean(cpu for _, cpu, _ in of),
            "database_cpu_ms": fmean(database_cpu for _, _, database_cpu in of),
        }
        for name, of in taken.items()
    }
    sheet = _cpu(found[SHEET])
    return {name: of | {"times_sheet": _cpu(of) / sheet} for name, of in found.items()}


def _cpu(of: dict[str, float]) -> float:
    return of["cpu_ms"] + of["database_cpu_ms"]


def fill(url: str, groups: int, owner: Account, sessions: list[dict[str, Any]]) -> tuple[UUID, UUID]:
    """A teacher, and a lesson of the day that is marked whole."""
    rng, at = random.Random(2026), {"created_at": LONG_AGO, "updated_at": LONG_AGO}
    teachers = [account(f"teacher{n}", role=Role.EMPLOYEE) for n in range(-(-groups // GROUPS_OF_A_TEACHER))]
    clients = [
        Client(id=ClientId(new_id()), name=f"Client {n}", **at)
        for n in range(max(MEMBERS, groups * CLIENTS_OF_A_GROUP))
    ]
    houses = [
        Location(id=LocationId(new_id()), name=f"Hall {n}", address=f"{n}", timezone=ZONE.key, **at)
        for n in range(LOCATIONS)
    ]
    database = open_database(url, pool_size=1)
    of_the_day: list[Row] = []
    with database.engine.connect() as connection:
        driver = connection.connection.dbapi_connection

        def write(rows: dict[sa.Table, list[dict[str, Any]]]) -> None:
            with database.transaction(driver):
                for table, of_table in rows.items():
                    if of_table:
                        connection.execute(sa.insert(table), of_table)

        write(
            {
                tables.accounts: [*map(SqlAccounts.mapper.row, [owner, *teachers])],
                tables.sessions: sessions,
                tables.locations: [*map(SqlLocations.mapper.row, houses)],
                tables.clients: [*map(SqlClients.mapper.row, clients)],
            }
        )
        for number in range(groups):
            house, teacher = houses[number % LOCATIONS], teachers[number // GROUPS_OF_A_TEACHER]
            group = Group(id=GroupId(new_id()), name=f"Group {number}", location_id=house.id, **at)
            members = rng.sample(clients, MEMBERS)
            lessons = [*_lessons(group, number, house, teacher)]
            of_the_day += [it for it in lessons if it["date"] == DAY]
            write(
                {
                    tables.groups: [SqlGroups.mapper.row(group)],
                    tables.group_members: [
                        {"group_id": group.id, "client_id": it.id, "since": FIRST, "until": None}
                        for it in members
                    ],
                    tables.lessons: lessons,
                    tables.attendance: [*_marks(lessons, members, teacher)],
                }
            )
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM ANALYZE")
    database.engine.dispose()
    marked = next(it for it in of_the_day if _is_marked(it))
    return marked["teachers"][0], marked["id"]


def _weekday(number: int) -> int:
    return number % 5


def _lessons(group: Group, number: int, house: Location, teacher: Account) -> Iterator[Row]:
    """Two a week, on weekdays, each like the first."""
    starts = clock_time(8 + number // 5 % 12)
    times, more = (starts, starts.replace(minute=50)), {"zone": ZONE, "at": LONG_AGO}
    first = made(group, house, FIRST, *times, lesson_id=LessonId(new_id()), teachers=(teacher.id,), **more)
    row = SqlLessons.mapper.row(first)
    for count in range(LESSONS_EACH):
        after = timedelta(weeks=count // 2, days=(_weekday(number) + count % 2 * 2) % 5)
        yield {
            **row,
            "id": new_id(),
            "date": FIRST + after,
            "starts_at": first.starts_at + after,
            "ends_at": first.ends_at + after,
        }


def _is_marked(lesson: Row) -> bool:
    """Of the last two weeks all but one in five."""
    return lesson["date"] in MARKED and lesson["id"].int % 5 > 0


def _marks(lessons: list[Row], members: list[Client], teacher: Account) -> Iterator[Row]:
    for lesson in filter(_is_marked, lessons):
        for client in members:
            yield {
                "lesson_id": lesson["id"],
                "client_id": client.id,
                "date": lesson["date"],
                "starts": lesson["starts"],
                "status": "present",
                "note": "",
                "minutes_late": None,
                "trial": False,
                "subscription_id": None,
                "unpaid": False,
                "marked_by": teacher.id,
                "marked_at": lesson["ends_at"],
            }
