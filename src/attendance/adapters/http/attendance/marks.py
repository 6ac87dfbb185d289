"""Attendance of everybody: all marks, one by one."""

import datetime as dt
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from attendance.adapters.http.attendance.sheets import TAGS
from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.exports import Format, InFormat
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.lists import Paged, PageNumber, listing
from attendance.adapters.http.server.paths import API
from attendance.adapters.http.server.queries import DATE, ID
from attendance.adapters.http.server.times import shown_time
from attendance.application.attendance.read_models import MarkDetails
from attendance.application.use_cases import UseCases
from attendance.domain.ids import GroupId
from attendance.domain.permissions.table import Permission
from attendance.domain.status import Status


class MarkView(msgspec.Struct, kw_only=True):
    """What is known of a client in a lesson."""

    lesson_id: UUID
    group_id: UUID
    date: dt.date
    starts: str
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
    """Marks by date, start, lesson and client."""

    attendances: list[MarkView]


def _view(mark: MarkDetails) -> MarkView:
    return MarkView(
        lesson_id=mark.lesson_id,
        group_id=mark.group_id,
        date=mark.date,
        starts=shown_time(mark.starts),
        client_id=mark.client_id,
        name=mark.name,
        status=mark.status,
        note=mark.note,
        minutes_late=mark.minutes_late,
        trial=mark.trial,
        subscription_id=mark.subscription_id,
        unpaid=mark.unpaid,
        marked_by=mark.marked_by,
        marked_at=mark.marked_at,
    )


def mark_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    @get(
        f"{API}/attendance",
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_MARKS),
    )
    def list_marks(
        caller: FromCaller,
        since: Annotated[dt.date | None, QueryParameter(name="from", schema_extra=DATE)] = None,
        until: Annotated[dt.date | None, QueryParameter(name="to", schema_extra=DATE)] = None,
        group_id: Annotated[str | None, QueryParameter(schema_extra=ID)] = None,
        page: PageNumber = None,
        form: InFormat = Format.JSON,
    ) -> Response[MarksView]:
        """Attendance of all, to employees of the groups they taught then; `from` and `to` are optional."""
        marks = use_cases.list_marks(
            caller.actor(),
            since=since,
            until=until,
            group_id=None if group_id is None else GroupId(sent_id(group_id)),
            page=page,
        )
        return listing(MarksView, marks, _view, form)

    return [list_marks]
