"""Attendance of everybody: all marks, one by one."""

import datetime as dt
from uuid import UUID

import msgspec
from litestar import Response

from attendance.adapters.http.server.answers import Paged, listing
from attendance.adapters.http.server.exports.tables import Format, InFormat
from attendance.adapters.http.server.fields.queries import PageNumber, Sort
from attendance.adapters.http.server.fields.times import TimeOfDay
from attendance.adapters.http.server.operations.declaration import Room
from attendance.application.use_cases import UseCases
from attendance.domain.attendance.status import Status
from attendance.domain.ids import ClientId, GroupId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

room = Room("Attendance")


class MarkView(msgspec.Struct, kw_only=True):
    """What is known of a client in a lesson."""

    lesson_id: UUID
    group_id: UUID
    date: dt.date
    starts: TimeOfDay
    client_id: UUID
    name: str
    status: Status
    note: str
    minutes_late: int | None
    trial: bool
    subscription_id: UUID | None
    unpaid: bool
    marked_by: UUID
    marked_at: dt.datetime


class MarksView(Paged, kw_only=True):
    """Marks by date and start, ties by lesson and client."""

    attendances: list[MarkView]


@room.operation("GET", "/attendance", Permission.READ_MARKS, refuses=(404,))
def list_marks(
    use_cases: UseCases,
    actor: Actor,
    since: dt.date | None = None,
    until: dt.date | None = None,
    group_id: GroupId | None = None,
    client_id: ClientId | None = None,
    status: Status | None = None,
    unpaid: bool | None = None,
    page: PageNumber | None = None,
    sort: Sort = "",
    form: InFormat = Format.JSON,
) -> Response[MarksView]:
    """Attendance of all, to employees of the groups they taught then; `sort` knows date, by which it is."""
    marks = use_cases.list_marks(
        actor,
        since=since,
        until=until,
        group_id=group_id,
        client_id=client_id,
        status=status,
        unpaid=unpaid,
        page=page,
        sort=sort,
    )
    return listing(MarksView, marks, form)
