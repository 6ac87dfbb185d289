"""Attendance of lessons: the sheet, and the history of a mark."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from attendance.adapters.http.reporting.events import EventView, event_view
from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.changes import changes_in
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.etag import Versions, etag
from attendance.adapters.http.server.exports import Format, InFormat, exported
from attendance.adapters.http.server.fields import Text, prose
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.paths import API
from attendance.adapters.http.server.strict_json import StrictJson
from attendance.adapters.http.server.times import shown_time
from attendance.application.attendance.read_models import SheetDetails
from attendance.application.use_cases import UseCases
from attendance.domain.attendance.marks import LONGEST_DELAY, LONGEST_NOTE, MOST_ENTRIES
from attendance.domain.club.lessons import LessonState
from attendance.domain.ids import ClientId, LessonId, SubscriptionId
from attendance.domain.permissions.table import Permission
from attendance.domain.reporting.statistics import Counts
from attendance.domain.status import Status

TAGS = ["Attendance"]
SHEET = f"{API}/lessons/{{lesson_id:str}}/attendance"

Note = Annotated[str, prose(LONGEST_NOTE)]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=LONGEST_DELAY)]


class EntryBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays as it is; null resets it. `status` null clears the mark.

    `subscription_id` names the pass that is to pay.
    """

    client_id: Text
    status: Status | None
    note: Note | msgspec.UnsetType | None = msgspec.UNSET
    minutes_late: Minutes | msgspec.UnsetType | None = msgspec.UNSET
    trial: bool | msgspec.UnsetType | None = msgspec.UNSET
    subscription_id: Text | msgspec.UnsetType | None = msgspec.UNSET


class MarkAttendanceBody(msgspec.Struct, forbid_unknown_fields=True):
    attendances: Annotated[list[EntryBody], msgspec.Meta(max_length=MOST_ENTRIES)]


class CountsView(msgspec.Struct, kw_only=True):
    present: int
    late: int
    absent: int
    excused: int
    unmarked: int


class EntryView(msgspec.Struct, kw_only=True):
    """One client: `status` null of whoever is not marked, `guest` who is not on the roster."""

    client_id: UUID
    name: str
    status: Status | None
    note: str
    minutes_late: int | None
    trial: bool
    guest: bool
    subscription_id: UUID | None
    unpaid: bool
    marked_by: UUID | None
    marked_at: dt.datetime | None


class LessonSheetView(msgspec.Struct, kw_only=True):
    """Everybody on the lesson's roster, then guests; each by name."""

    lesson_id: UUID
    group_id: UUID
    date: dt.date
    starts: str
    ends: str
    state: LessonState
    attendances: list[EntryView]
    total: int
    counts: CountsView


class MarkHistoryView(msgspec.Struct):
    """What happened to a mark, oldest first."""

    events: list[EventView]
    total: int


def counts_view(counts: Counts) -> CountsView:
    return msgspec.convert(counts, CountsView, from_attributes=True)


def _meant(sent: EntryBody) -> Any:
    """A malformed id becomes one that nothing has, so that it is told like any other unknown one."""
    entry = changes_in(sent)
    entry["client_id"] = ClientId(sent_id(sent.client_id))
    if entry.get("subscription_id") is not None:
        entry["subscription_id"] = SubscriptionId(sent_id(entry["subscription_id"]))
    return entry


def attendance_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    def shown(sheet: SheetDetails, form: Format = Format.JSON) -> Response[LessonSheetView]:
        entries = msgspec.convert(sheet.attendances, list[EntryView], from_attributes=True)
        if form is not Format.JSON:
            return exported("attendances", EntryView, entries, form)
        view = LessonSheetView(
            lesson_id=sheet.lesson_id,
            group_id=sheet.group_id,
            date=sheet.date,
            starts=shown_time(sheet.starts),
            ends=shown_time(sheet.ends),
            state=sheet.state,
            attendances=entries,
            total=sheet.total,
            counts=counts_view(sheet.counts),
        )
        return Response(view, headers=etag(sheet.version))

    @get(
        SHEET,
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_ATTENDANCE),
    )
    def show_sheet(
        caller: FromCaller, lesson_id: FromPath[str], form: InFormat = Format.JSON
    ) -> Response[LessonSheetView]:
        """Who is to be at a lesson or was, marked or not."""
        return shown(use_cases.show_sheet(caller.actor(), lesson_id=LessonId(sent_id(lesson_id))), form)

    @put(
        SHEET,
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 409, 412, 415),
        tags=TAGS,
        **permitted(Permission.MARK_ATTENDANCE),
    )
    def mark_attendance(
        caller: FromCaller, versions: Versions, lesson_id: FromPath[str], data: JSONBody[MarkAttendanceBody]
    ) -> Response[LessonSheetView]:
        """Mark whom is listed, all or nothing; the same again changes nothing."""
        actor, sought = caller.actor(), LessonId(sent_id(lesson_id))
        sent = [_meant(it) for it in data.attendances]
        return shown(use_cases.mark_attendance(actor, lesson_id=sought, versions=versions, attendances=sent))

    @get(
        f"{SHEET}/{{client_id:str}}/history",
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_ATTENDANCE),
    )
    def attendance_history(
        caller: FromCaller,
        lesson_id: FromPath[str],
        client_id: FromPath[str],
        form: InFormat = Format.JSON,
    ) -> Response[MarkHistoryView]:
        """What happened to the mark of a client, oldest first."""
        lesson, client = LessonId(sent_id(lesson_id)), ClientId(sent_id(client_id))
        history = use_cases.attendance_history(caller.actor(), lesson_id=lesson, client_id=client)
        views = [event_view(it) for it in history]
        if form is not Format.JSON:
            return exported("events", EventView, views, form)
        return Response(MarkHistoryView(views, len(views)))

    return [show_sheet, mark_attendance, attendance_history]
