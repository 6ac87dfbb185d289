"""Attendance in labs, kept by their owners."""

import datetime as dt
from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import delete, get, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.queries import DATE
from attendance.adapters.http.server.strict_json import StrictJson
from attendance.adapters.http.server.texts import ANY_TEXT, PROSE
from attendance.application.ports.labs import LabHistoryRow, LabSheetRow
from attendance.application.use_cases import UseCases
from attendance.domain.ids import AccountId, LabId, LabMarkId
from attendance.domain.labs.marks import LONGEST_NOTE
from attendance.domain.permissions.table import Permission
from attendance.domain.status import Status

TAGS = ["Lab attendance"]


class MarkBody(msgspec.Struct, forbid_unknown_fields=True):
    user_id: Annotated[str, msgspec.Meta(extra_json_schema={"extra": ANY_TEXT})]
    date: dt.date
    status: Status
    note: Annotated[str, msgspec.Meta(max_length=LONGEST_NOTE, extra_json_schema={"extra": PROSE})] = ""


class MarkView(msgspec.Struct):
    attendance_id: UUID
    lab_id: UUID
    user_id: UUID
    date: dt.date
    status: Status
    note: str


class SheetView(msgspec.Struct):
    """The marks of one date, by username."""

    lab_id: UUID
    date: dt.date
    attendances: Sequence[LabSheetRow]
    total: int


class HistoryView(msgspec.Struct):
    """One user's marks in a lab, by date."""

    lab_id: UUID
    user_id: UUID
    username: str
    attendances: Sequence[LabHistoryRow]
    total: int


def lab_attendance_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    @put(
        "/labs/{lab_id:str}/attendance",
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 409, 415),
        tags=TAGS,
        **permitted(Permission.MARK_LAB_ATTENDANCE),
    )
    def mark_lab_attendance(caller: FromCaller, lab_id: FromPath[str], data: JSONBody[MarkBody]) -> MarkView:
        """Record or revise a member's attendance on a date; the same again changes nothing."""
        mark = use_cases.mark_lab_attendance(
            caller.actor(),
            lab_id=LabId(sent_id(lab_id)),
            user_id=AccountId(sent_id(data.user_id)),
            date=data.date,
            status=data.status,
            note=data.note,
        )
        return MarkView(mark.id, mark.lab_id, mark.user_id, mark.date, mark.entry.status, mark.entry.note)

    @get(
        "/labs/{lab_id:str}/attendance",
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_LAB_ATTENDANCE),
    )
    def lab_attendance_by_date(
        caller: FromCaller, lab_id: FromPath[str], date: FromQuery[dt.date]
    ) -> SheetView:
        """The marks of one date, by username."""
        sheet = use_cases.lab_attendance_by_date(caller.actor(), lab_id=LabId(sent_id(lab_id)), date=date)
        return SheetView(sheet.lab_id, sheet.date, sheet.attendances, len(sheet.attendances))

    @get(
        "/labs/{lab_id:str}/users/{user_id:str}/attendance",
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_LAB_ATTENDANCE),
    )
    def lab_attendance_history(
        caller: FromCaller,
        lab_id: FromPath[str],
        user_id: FromPath[str],
        since: Annotated[dt.date | None, QueryParameter(name="from", schema_extra=DATE)] = None,
        until: Annotated[dt.date | None, QueryParameter(name="to", schema_extra=DATE)] = None,
    ) -> HistoryView:
        """One user's marks in a lab by date; `from` and `to` are included and optional."""
        history = use_cases.lab_attendance_history(
            caller.actor(),
            lab_id=LabId(sent_id(lab_id)),
            user_id=AccountId(sent_id(user_id)),
            since=since,
            until=until,
        )
        return HistoryView(
            history.lab_id,
            history.user_id,
            history.username,
            history.attendances,
            len(history.attendances),
        )

    @delete(
        "/labs/{lab_id:str}/attendance/{attendance_id:str}",
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.DELETE_LAB_ATTENDANCE),
    )
    def delete_lab_attendance(
        caller: FromCaller, lab_id: FromPath[str], attendance_id: FromPath[str]
    ) -> None:
        """Remove a mark. What happened to it stays in the log."""
        use_cases.delete_lab_attendance(
            caller.actor(), lab_id=LabId(sent_id(lab_id)), attendance_id=LabMarkId(sent_id(attendance_id))
        )

    return [mark_lab_attendance, lab_attendance_by_date, lab_attendance_history, delete_lab_attendance]
