"""Attendance in labs, kept by their owners."""

import datetime as dt
from typing import Annotated
from uuid import UUID

import msgspec

from attendance.adapters.http.server.answers import view_of
from attendance.adapters.http.server.bodies.meaning import Body, Fields
from attendance.adapters.http.server.fields.ids import AnyId
from attendance.adapters.http.server.fields.texts import prose
from attendance.adapters.http.server.operations.declaration import Room
from attendance.application.use_cases import UseCases
from attendance.domain.attendance.status import Status
from attendance.domain.ids import AccountId, LabId, LabMarkId
from attendance.domain.labs.marks import LONGEST_NOTE
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

MARKS = "/labs/{lab_id}/attendance"

room = Room("Lab attendance", prefix="", is_of_labs=True)


class MarkBody(Body):
    user_id: AnyId
    date: dt.date
    status: Status
    note: Annotated[str, prose(LONGEST_NOTE)] = ""


class MarkView(msgspec.Struct):
    attendance_id: UUID
    lab_id: UUID
    user_id: UUID
    date: dt.date
    status: Status
    note: str


class LabSheetRowView(msgspec.Struct):
    user_id: UUID
    username: str
    status: Status
    note: str


class SheetView(msgspec.Struct):
    """The marks of one date, by username."""

    lab_id: UUID
    date: dt.date
    attendances: list[LabSheetRowView]
    total: int


class LabHistoryRowView(msgspec.Struct):
    date: dt.date
    status: Status
    note: str


class HistoryView(msgspec.Struct):
    """One user's marks in a lab, by date."""

    lab_id: UUID
    user_id: UUID
    username: str
    attendances: list[LabHistoryRowView]
    total: int


@room.operation("PUT", MARKS, Permission.MARK_LAB_ATTENDANCE, refuses=(403, 409))
def mark_lab_attendance(
    use_cases: UseCases, actor: Actor, lab_id: LabId, fields: Fields[MarkBody]
) -> MarkView:
    """Record or revise a member's attendance on a date; the same again changes nothing."""
    mark = use_cases.mark_lab_attendance(actor, lab_id=lab_id, **fields)
    return view_of(MarkView, mark, attendance_id=mark.id, status=mark.entry.status, note=mark.entry.note)


@room.operation("GET", MARKS, Permission.READ_LAB_ATTENDANCE, refuses=(403,))
def lab_attendance_by_date(use_cases: UseCases, actor: Actor, lab_id: LabId, date: dt.date) -> SheetView:
    """The marks of one date, by username."""
    sheet = use_cases.lab_attendance_by_date(actor, lab_id=lab_id, date=date)
    return view_of(SheetView, sheet, total=len(sheet.attendances))


@room.operation(
    "GET", "/labs/{lab_id}/users/{user_id}/attendance", Permission.READ_LAB_ATTENDANCE, refuses=(403,)
)
def lab_attendance_history(
    use_cases: UseCases,
    actor: Actor,
    lab_id: LabId,
    user_id: AccountId,
    since: dt.date | None = None,
    until: dt.date | None = None,
) -> HistoryView:
    """One user's marks in a lab by date; `from` and `to` are included and optional."""
    history = use_cases.lab_attendance_history(
        actor, lab_id=lab_id, user_id=user_id, since=since, until=until
    )
    return view_of(HistoryView, history, total=len(history.attendances))


@room.operation("DELETE", f"{MARKS}/{{attendance_id}}", Permission.DELETE_LAB_ATTENDANCE, refuses=(403,))
def delete_lab_attendance(use_cases: UseCases, actor: Actor, lab_id: LabId, attendance_id: LabMarkId) -> None:
    """Remove a mark. What happened to it stays in the log."""
    use_cases.delete_lab_attendance(actor, lab_id=lab_id, attendance_id=attendance_id)
