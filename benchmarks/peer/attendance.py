"""The two operations."""

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, HTTPException
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import select
from sqlalchemy.orm import contains_eager

from benchmarks.peer.database import Database
from benchmarks.peer.models import Account, Event, Lab, LabMark, LabMember, Status, now
from benchmarks.peer.security import CurrentUser

router = APIRouter(prefix="/labs/{lab_id}", tags=["Lab attendance"])


class MarkIn(BaseModel):
    model_config = ConfigDict(extra="forbid")

    user_id: UUID
    date: dt.date
    status: Status
    note: Annotated[str, Field(max_length=1000)] = ""


class MarkOut(BaseModel):
    attendance_id: UUID
    lab_id: UUID
    user_id: UUID
    date: dt.date
    status: Status
    note: str


class SheetRow(BaseModel):
    user_id: UUID
    username: str
    status: Status
    note: str


class Sheet(BaseModel):
    lab_id: UUID
    date: dt.date
    attendances: list[SheetRow]
    total: int


@router.put("/attendance")
async def mark_attendance(lab_id: UUID, sent: MarkIn, user: CurrentUser, database: Database) -> MarkOut:
    lab = await database.get(Lab, lab_id)
    if lab is None:
        raise HTTPException(404, "lab or user not found")
    if lab.owner_id != user.id:
        raise HTTPException(403, "only lab owner can manage attendance")
    member = await database.scalar(
        select(LabMember).where(LabMember.lab_id == lab_id, LabMember.user_id == sent.user_id)
    )
    if member is None:
        if await database.get(Account, sent.user_id) is None:
            raise HTTPException(404, "lab or user not found")
        raise HTTPException(409, "user is not a member of the lab")
    mark = await database.scalar(
        select(LabMark).where(
            LabMark.lab_id == lab_id, LabMark.user_id == sent.user_id, LabMark.date == sent.date
        )
    )
    before = mark.facts() if mark else None
    if mark is None:
        mark = LabMark(lab_id=lab_id, user_id=sent.user_id, date=sent.date)
        database.add(mark)
    if before is None or (mark.status, mark.note) != (sent.status, sent.note):
        mark.status, mark.note = sent.status, sent.note
        mark.marked_by, mark.marked_at = user.id, now()
        await database.flush()
        database.add(
            Event(
                actor_id=user.id,
                action="lab_attendance.marked",
                subject_kind="lab_attendance",
                subject_id=mark.id,
                before=before,
                after=mark.facts(),
            )
        )
        await database.commit()
    return MarkOut(
        attendance_id=mark.id,
        lab_id=mark.lab_id,
        user_id=mark.user_id,
        date=mark.date,
        status=Status(mark.status),
        note=mark.note,
    )


@router.get("/attendance")
async def attendance_by_date(lab_id: UUID, date: dt.date, user: CurrentUser, database: Database) -> Sheet:
    lab = await database.get(Lab, lab_id)
    if lab is None:
        raise HTTPException(404, "lab not found")
    if lab.owner_id != user.id:
        raise HTTPException(403, "only lab owner can view attendance")
    marks = await database.scalars(
        select(LabMark)
        .join(LabMark.user)
        .options(contains_eager(LabMark.user))
        .where(LabMark.lab_id == lab_id, LabMark.date == date)
        .order_by(Account.username_key, Account.id)
    )
    rows = [
        SheetRow(
            user_id=mark.user_id, username=mark.user.username, status=Status(mark.status), note=mark.note
        )
        for mark in marks
    ]
    return Sheet(lab_id=lab_id, date=date, attendances=rows, total=len(rows))
