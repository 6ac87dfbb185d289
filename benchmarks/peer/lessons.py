"""Marking whole lists of clients in a lesson."""

import datetime as dt
from collections import Counter, defaultdict
from typing import Annotated, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field, model_validator
from sqlalchemy import and_, func, or_, select

from benchmarks.peer.charging import NoCandidate, Pass, charge
from benchmarks.peer.database import Database, begin_writing
from benchmarks.peer.models import (
    Account,
    Attendance,
    Client,
    Event,
    GroupMember,
    GroupTeacher,
    Lesson,
    Status,
    Subscription,
    now,
)
from benchmarks.peer.security import CurrentUser

router = APIRouter(prefix="/api/v1/lessons/{lesson_id}", tags=["Attendance"])
LEVELS = {"user": 2, "employee": 3, "manager": 4, "head_manager": 5, "owner": 6, "admin": 7}
TEACHER_DAYS, MANAGER_DAYS = 7, 60
EARLY = dt.timedelta(minutes=15)


class EntryIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    client_id: UUID
    status: Status | None
    note: Annotated[str, Field(max_length=1000)] | None = None
    minutes_late: Annotated[int, Field(ge=1, le=600)] | None = None
    trial: bool | None = None
    subscription_id: UUID | None = None

    @model_validator(mode="after")
    def minutes_only_late(self) -> Self:
        if self.minutes_late is not None and self.status is not Status.LATE:
            raise ValueError("minutes_late must be given only for late")
        return self


class SheetIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    attendances: Annotated[list[EntryIn], Field(max_length=1000)]

    @model_validator(mode="after")
    def each_client_once(self) -> Self:
        if len({it.client_id for it in self.attendances}) < len(self.attendances):
            raise ValueError("client_id must not be repeated")
        return self


class EntryOut(BaseModel):
    client_id: UUID
    name: str
    status: Status | None = None
    note: str = ""
    minutes_late: int | None = None
    trial: bool = False
    guest: bool
    subscription_id: UUID | None = None
    unpaid: bool = False
    marked_by: UUID | None = None
    marked_at: dt.datetime | None = None


class CountsOut(BaseModel):
    present: int = 0
    late: int = 0
    absent: int = 0
    excused: int = 0
    unmarked: int = 0


class SheetOut(BaseModel):
    lesson_id: UUID
    group_id: UUID
    date: dt.date
    starts: str
    ends: str
    state: str
    attendances: list[EntryOut]
    total: int
    counts: CountsOut


@router.put("/attendance")
async def mark_attendance(lesson_id: UUID, sent: SheetIn, user: CurrentUser, database: Database) -> SheetOut:
    level = LEVELS[user.role] if user.email_confirmed_at else 1
    if level < LEVELS["employee"]:
        raise HTTPException(403, "insufficient permissions")
    await begin_writing(database)
    lesson = await database.get(Lesson, lesson_id, with_for_update={"key_share": True})
    if lesson is None:
        raise HTTPException(404, "lesson not found")
    at = now()
    await require_allowed(lesson, user, level, at, database)
    if at < lesson.starts_at - EARLY and any(
        it.status not in (None, Status.EXCUSED) for it in sent.attendances
    ):
        raise HTTPException(400, "malformed request")
    await apply(lesson, sent, user, at, database)
    await database.flush()
    rows = await sheet(lesson, database)
    await database.commit()
    counts = Counter(row.status.value if row.status else "unmarked" for row in rows)
    is_held = at >= lesson.starts_at and any(row.status for row in rows)
    return SheetOut(
        lesson_id=lesson.id,
        group_id=lesson.group_id,
        date=lesson.date,
        starts=lesson.starts.isoformat("minutes"),
        ends=lesson.ends.isoformat("minutes"),
        state="held" if is_held else "planned",
        attendances=rows,
        total=len(rows),
        counts=CountsOut(**counts),
    )


async def require_allowed(
    lesson: Lesson, user: Account, level: int, at: dt.datetime, database: Database
) -> None:
    if level < LEVELS["manager"] and str(user.id) not in lesson.teachers:
        teaching = await database.scalar(
            select(GroupTeacher).where(
                GroupTeacher.group_id == lesson.group_id,
                GroupTeacher.user_id == user.id,
                GroupTeacher.since <= lesson.date,
                or_(GroupTeacher.until.is_(None), GroupTeacher.until >= lesson.date),
            )
        )
        if teaching is None:
            raise HTTPException(403, "insufficient permissions")
    days = TEACHER_DAYS if level < LEVELS["manager"] else MANAGER_DAYS
    today = at.astimezone(ZoneInfo(lesson.timezone)).date()
    if level < LEVELS["head_manager"] and (today - lesson.date).days > days:
        raise HTTPException(403, "too late to change this lesson")
    if lesson.cancelled:
        raise HTTPException(409, "lesson is cancelled")


async def apply(lesson: Lesson, sent: SheetIn, user: Account, at: dt.datetime, database: Database) -> None:
    ids = [it.client_id for it in sent.attendances]
    held = select(Client).where(Client.id.in_(ids)).order_by(Client.id).with_for_update(key_share=True)
    clients = {client.id for client in await database.scalars(held)}
    if clients != {*ids}:
        raise HTTPException(400, "malformed request")
    found = await database.scalars(
        select(Attendance).where(Attendance.lesson_id == lesson.id, Attendance.client_id.in_(ids))
    )
    marks = {mark.client_id: mark for mark in found}
    charged = (
        select(func.count())
        .select_from(Attendance)
        .where(Attendance.subscription_id == Subscription.id)
        .scalar_subquery()
    )
    sold = await database.execute(
        select(Subscription, charged).where(
            Subscription.client_id.in_(ids),
            Subscription.starts_on <= lesson.date,
            or_(Subscription.valid_until.is_(None), Subscription.valid_until >= lesson.date),
        )
    )
    passes: dict[UUID, list[Pass]] = defaultdict(list)
    for subscription, visits in sold:
        passes[subscription.client_id].append(Pass(subscription, visits))
    for entry in sent.attendances:
        try:
            await apply_entry(
                entry, lesson, marks.get(entry.client_id), passes[entry.client_id], user, at, database
            )
        except NoCandidate:
            raise HTTPException(400, "malformed request") from None


async def apply_entry(
    entry: EntryIn,
    lesson: Lesson,
    mark: Attendance | None,
    passes: list[Pass],
    user: Account,
    at: dt.datetime,
    database: Database,
) -> None:
    def tell(action: str, of: Attendance, before: object, after: object) -> None:
        database.add(
            Event(
                at=at,
                actor_id=user.id,
                action=action,
                subject_kind="attendance",
                subject_id=of.event_id,
                before=before,
                after=after,
            )
        )

    given = entry.model_fields_set
    if entry.status is None:
        if mark is not None:
            tell("attendance.cleared", mark, mark.facts() | mark.charge(), None)
            await database.delete(mark)
        return
    before = mark.facts() if mark else None
    if mark is None:
        mark = Attendance(
            lesson_id=lesson.id,
            client_id=entry.client_id,
            date=lesson.date,
            starts=lesson.starts,
            note="",
            minutes_late=None,
            trial=False,
            subscription_id=None,
            unpaid=False,
        )
        database.add(mark)
    costs = mark.charge()
    mark.status = entry.status.value
    mark.note = (entry.note or "") if "note" in given else mark.note
    minutes = entry.minutes_late if "minutes_late" in given else mark.minutes_late
    mark.minutes_late = minutes if entry.status is Status.LATE else None
    mark.trial = bool(entry.trial) if "trial" in given else mark.trial
    mark.subscription_id, mark.unpaid = charge(
        mark.status,
        lesson,
        passes,
        trial=mark.trial,
        payer_id=mark.subscription_id,
        unpaid=mark.unpaid,
        named=entry.subscription_id,
        anew="subscription_id" in given and entry.subscription_id is None,
    )
    if mark.facts() != before:
        mark.marked_by, mark.marked_at = user.id, at
        tell("attendance.marked", mark, before, mark.facts())
    if mark.charge() != costs:
        tell("attendance.charged", mark, costs, {"lesson_id": str(lesson.id)} | mark.charge())


async def sheet(lesson: Lesson, database: Database) -> list[EntryOut]:
    is_member = and_(
        GroupMember.group_id == lesson.group_id,
        GroupMember.client_id == Client.id,
        GroupMember.since <= lesson.date,
        or_(GroupMember.until.is_(None), GroupMember.until >= lesson.date),
    )
    is_marked = and_(Attendance.lesson_id == lesson.id, Attendance.client_id == Client.id)
    members = await database.execute(
        select(Client, Attendance)
        .join(GroupMember, is_member)
        .outerjoin(Attendance, is_marked)
        .order_by(Client.name_key, Client.id)
    )
    guests = await database.execute(
        select(Client, Attendance)
        .join(Attendance, is_marked)
        .where(~select(GroupMember).where(is_member).exists())
        .order_by(Client.name_key, Client.id)
    )
    return [
        entry_out(client, mark, guest=guest)
        for guest, found in ((False, members), (True, guests))
        for client, mark in found
    ]


def entry_out(client: Client, mark: Attendance | None, *, guest: bool) -> EntryOut:
    if mark is None:
        return EntryOut(client_id=client.id, name=client.name, guest=guest)
    return EntryOut(
        client_id=client.id,
        name=client.name,
        status=Status(mark.status),
        note=mark.note,
        minutes_late=mark.minutes_late,
        trial=mark.trial,
        guest=guest,
        subscription_id=mark.subscription_id,
        unpaid=mark.unpaid,
        marked_by=mark.marked_by,
        marked_at=mark.marked_at,
    )
