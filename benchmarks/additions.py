"""What a sheet costs with all it shows, beside the marks alone: in process, with HTTP but no server."""

import asyncio
import datetime as dt
import gc
import marshal
import time
from dataclasses import replace
from functools import partial
from hashlib import blake2b
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID

import msgspec
import sqlalchemy as sa
import uvloop
from litestar import Litestar

from attendance.adapters.http.attendance import sheets
from attendance.adapters.http.server.answers import Resource, view_of
from attendance.adapters.sql.attendance.sheets import LESSON_ID, OWN
from attendance.adapters.sql.club.groups import is_member_on
from attendance.adapters.sql.tables import attendance, clients, group_members
from attendance.application.use_cases import UseCases
from attendance.domain.ids import LessonId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission
from attendance.entrypoints.asgi import application
from attendance.entrypoints.container import Container
from attendance.entrypoints.settings import Settings
from benchmarks.club import ZONE, Club, club, fill
from benchmarks.layer import Asked, answered
from benchmarks.options import Options
from benchmarks.places import Place, place
from benchmarks.seed import SECRET

MEMBERS = 30
REQUESTS = 300
"""In a round, of each kind."""

LESSON = "/lessons/{lesson_id}"
ALONE, WHOLE = "marks alone", "with all it shows"
MARKS = [column for column in OWN if column.name not in ("lesson_id", "client_id", "version", "announced")]


class MarkAlone(msgspec.Struct):
    client_id: UUID
    name: str
    status: str | None
    note: str | None
    minutes_late: int | None
    trial: bool | None
    guest: bool
    subscription_id: UUID | None
    unpaid: bool | None
    marked_by: UUID | None
    marked_at: dt.datetime | None


class MarksAlone(msgspec.Struct):
    lesson_id: UUID
    group_id: UUID
    date: dt.date
    starts: str
    ends: str
    state: str
    attendances: list[MarkAlone]
    total: int


def measure(options: Options, home: Path) -> dict[str, Any]:
    sheets.room.operation("GET", f"{LESSON}/marks", Permission.READ_ATTENDANCE)(show_marks_alone)
    return {kind: uvloop.run(_on(kind, options, home)) for kind in options.kinds}


def show_marks_alone(use_cases: UseCases, actor: Actor, lesson_id: LessonId) -> Resource[MarksAlone]:
    """The marks of a lesson with the names of its clients, by one statement, and a version of them."""
    with use_cases.show_sheet.store.autocommit() as work:
        taught_lesson = work.lessons.with_teachers(lesson_id, for_update=False)
        lesson = taught_lesson.lesson
        require_level(actor, Permission.READ_ATTENDANCE, own=actor.id in taught_lesson.teachers)
        parameters = {"lesson_id": lesson.id, "group_id": lesson.group_id, "date": lesson.date}
        rows = work.attendance.connection.run(STATEMENTS, parameters).rows  # type: ignore[attr-defined]
    keys = [(row.client_id.int, row.name, row.status, row.note, row.minutes_late) for row in rows]
    version = int.from_bytes(blake2b(marshal.dumps(keys, 0), digest_size=4).digest(), "big")
    state = lesson.state(at=use_cases.show_sheet.clock())
    shown = {"lesson_id": lesson.id, "attendances": [view_of(MarkAlone, row) for row in rows]}
    return Resource(view_of(MarksAlone, lesson, state=state, total=len(rows), **shown), version)


def _statement(dialect: str) -> sa.Select[Any]:
    """Roster and guests with their names and marks."""
    date = sa.bindparam("date", type_=sa.Date)
    member = sa.select(group_members.c.client_id, sa.literal_column("0").label("guest")).where(
        group_members.c.group_id == sa.bindparam("group_id"), is_member_on(date)
    )
    marked = sa.select(attendance.c.client_id, sa.literal_column("1")).where(
        attendance.c.lesson_id == LESSON_ID
    )
    either = sa.union_all(member, marked).subquery()
    listed = (
        sa.select(either.c.client_id, sa.func.min(either.c.guest).label("guest"))
        .group_by(either.c.client_id)
        .cte("listed")
    )
    is_client = clients.c.id == listed.c.client_id
    if dialect == "postgresql":
        client_ids = sa.select(listed.c.client_id).correlate(None).scalar_subquery()
        is_client = sa.and_(is_client, clients.c.id == sa.any_(sa.func.array(client_ids)))
    mark = sa.and_(attendance.c.lesson_id == LESSON_ID, attendance.c.client_id == listed.c.client_id)
    return (
        sa.select(listed.c.client_id, clients.c.name, listed.c.guest, *MARKS)
        .select_from(listed.join(clients, is_client).outerjoin(attendance, mark))
        .order_by(listed.c.guest, clients.c.name_key, clients.c.id)
    )


STATEMENTS = {dialect: _statement(dialect) for dialect in ("postgresql", "sqlite")}


def _small() -> Club:
    """One group of 30: what is marked of it, and a lesson that nobody has marked yet."""
    whole = club()
    group = replace(whole.groups[0], members=whole.groups[0].members[:MEMBERS])
    ids = {member.client_id for member in group.members}
    lessons = [lesson for lesson in whole.lessons if lesson.group_id == group.id]
    unmarked = max(lessons, key=lambda lesson: (lesson.date, lesson.starts))
    return replace(
        whole,
        clients=tuple(client for client in whole.clients if client.id in ids),
        groups=(group,),
        lessons=(unmarked, *(lesson for lesson in lessons if lesson is not unmarked)),
        passes=tuple(it for it in whole.passes if it.client_id in ids),
        marks=tuple(it for it in whole.marks if it.client_id in ids and it.lesson_id != unmarked.id),
    )


async def _on(kind: str, options: Options, home: Path) -> dict[str, Any]:
    small = _small()
    with place(kind, home) as where:
        url = where.databases.fresh()
        fill(url, small)
        settings = Settings(database_url=url, secret_key=SECRET, timezone=ZONE)
        app = application(Container(settings=settings))
        found = {}
        async with app.lifespan():
            for name, lesson in (("unmarked", small.lessons[0]), ("marked", small.lessons[1])):
                path = f"/api/v1/lessons/{lesson.id}"
                asked = {
                    what: Asked(method="GET", path=f"{path}/{last}", token=small.tokens[0])
                    for what, last in ((ALONE, "marks"), (WHOLE, "attendance"))
                }
                found[name] = await _compared(where, app, asked, options)
                options.say(f"{kind}: a sheet of {MEMBERS}, {name}")
    return {"members": MEMBERS, "sheets": found}


async def _compared(
    where: Place, app: Litestar, asked: dict[str, Asked], options: Options
) -> dict[str, float]:
    rounds: dict[str, list[float]] = {what: [] for what in asked}
    for number in range(options.rounds + 1):
        for what, request in asked.items():
            taken = await _milliseconds(where, partial(answered, app, *request.request(0)))
            # the first is not counted: what is made once is made in it
            if number:
                rounds[what].append(taken)
    cpu = {what: median(taken) for what, taken in rounds.items()}
    return {**{f"{what}, CPU ms": taken for what, taken in cpu.items()}, "ratio": cpu[WHOLE] / cpu[ALONE]}


async def _milliseconds(where: Place, ask: Any) -> float:
    """CPU for each request, the database's included."""
    gc.collect()
    started = time.process_time() + where.cpu()
    for _ in range(REQUESTS):
        if (status := await asyncio.ensure_future(ask())) != 200:
            raise RuntimeError(f"answered {status}")
    return (time.process_time() + where.cpu() - started) / REQUESTS * 1e3
