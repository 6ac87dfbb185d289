"""Attendance of lessons: the sheet, and the history of a mark."""

import datetime as dt
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from msgspec import UNSET

from attendance.adapters.http.events import EventView, event_view
from attendance.adapters.http.server.answers import Resource, resource
from attendance.adapters.http.server.bodies.meaning import Body, Clearable, Fields, cleared
from attendance.adapters.http.server.callers.versions import Versions
from attendance.adapters.http.server.exports.tables import Format, InFormat, exported
from attendance.adapters.http.server.fields.ids import AnyId
from attendance.adapters.http.server.fields.texts import prose
from attendance.adapters.http.server.operations.declaration import Room
from attendance.application.use_cases import UseCases
from attendance.domain.attendance.marks import LONGEST_DELAY, LONGEST_NOTE, MOST_ENTRIES
from attendance.domain.attendance.status import Status
from attendance.domain.club.lessons import LessonState
from attendance.domain.ids import ClientId, LessonId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

SHEET = "/lessons/{lesson_id}/attendance"

room = Room("Attendance")


class EntryBody(Body):
    """What is left out stays as it is; null resets it. `status` null clears the mark.

    `subscription_id` names the pass that is to pay. `if_version`: nothing is saved (412) unless the mark has
    this version or is what is sent already. `if_unmarked`: whoever is marked is left alone.
    `noted_at`: when it was noted down, an instant with its zone, at most 7 days ago.
    """

    client_id: AnyId
    status: Status | None
    note: Clearable[Annotated[str, prose(LONGEST_NOTE), cleared(None)]] = UNSET
    minutes_late: Clearable[Annotated[int, msgspec.Meta(ge=1, le=LONGEST_DELAY)]] = UNSET
    trial: Clearable[bool] = UNSET
    subscription_id: Clearable[AnyId] = UNSET
    if_version: Clearable[Annotated[int, msgspec.Meta(ge=0)]] = UNSET
    if_unmarked: Clearable[bool] = UNSET
    noted_at: Clearable[Annotated[dt.datetime, msgspec.Meta(tz=True)]] = UNSET


class MarkAttendanceBody(Body):
    attendances: Annotated[list[EntryBody], msgspec.Meta(max_length=MOST_ENTRIES)]


class CountsView(msgspec.Struct, kw_only=True):
    present: int
    late: int
    absent: int
    excused: int
    unmarked: int


class PayerView(msgspec.Struct):
    """A pass, what it is called, how many visits are left (null: any number), and its last day, if any."""

    subscription_id: UUID
    price_name: str
    visits_left: int | None
    valid_until: dt.date | None


class EntryView(msgspec.Struct):
    """One client: `status` null of whoever is not marked, `guest` who is not on the roster.

    `version` of the mark, 0 where there is none. `announced`: the client or a parent said so beforehand, and
    nobody else has changed it. `first_visit` and `last_visit_on` tell of lessons of any group before this.
    `unpaid_visits`: all of the client's, now. `pass`: what pays or would pay on that date.
    """

    client_id: UUID
    name: str
    birthday: dt.date | None
    status: Status | None
    note: str
    minutes_late: int | None
    trial: bool
    guest: bool
    announced: bool
    version: int
    subscription_id: UUID | None
    unpaid: bool
    marked_by: UUID | None
    marked_by_name: str | None
    marked_at: dt.datetime | None
    first_visit: bool
    last_visit_on: dt.date | None
    unpaid_visits: int
    payer: PayerView | None = msgspec.field(name="pass")


class LessonSheetView(msgspec.Struct, kw_only=True):
    """Everybody on the lesson's roster, then guests; each by name.

    `may_mark`: whether the caller may mark now who came; `may_excuse`: whether they may excuse clients now,
    before the lesson, too; `marking_ends_on`: the last day, null without limit.
    """

    lesson_id: UUID
    group_id: UUID
    group_name: str
    location_name: str
    timezone: str
    date: dt.date
    starts: str
    ends: str
    state: LessonState
    may_mark: bool
    may_excuse: bool
    marking_ends_on: dt.date | None
    attendances: list[EntryView]
    total: int
    counts: CountsView


class MarkHistoryView(msgspec.Struct):
    """What happened to a mark, oldest first."""

    events: list[EventView]
    total: int


@room.operation("GET", SHEET, Permission.READ_ATTENDANCE)
def show_sheet(
    use_cases: UseCases, actor: Actor, lesson_id: LessonId, form: InFormat = Format.JSON
) -> Resource[LessonSheetView] | Response[LessonSheetView]:
    """Who is to be at a lesson or was, marked or not."""
    sheet = resource(LessonSheetView, use_cases.show_sheet(actor, lesson_id=lesson_id))
    if form is Format.JSON:
        return sheet
    return exported("attendances", EntryView, sheet.view.attendances, form)


@room.operation("PUT", SHEET, Permission.MARK_ATTENDANCE, refuses=(409,))
def mark_attendance(
    use_cases: UseCases,
    actor: Actor,
    lesson_id: LessonId,
    versions: Versions,
    fields: Fields[MarkAttendanceBody],
) -> Resource[LessonSheetView]:
    """Mark whom is listed, all or nothing; the same again changes nothing."""
    sheet = use_cases.mark_attendance(actor, lesson_id=lesson_id, versions=versions, **fields)
    return resource(LessonSheetView, sheet)


@room.operation("GET", f"{SHEET}/{{client_id}}/history", Permission.READ_ATTENDANCE)
def attendance_history(
    use_cases: UseCases,
    actor: Actor,
    lesson_id: LessonId,
    client_id: ClientId,
    form: InFormat = Format.JSON,
) -> MarkHistoryView | Response[MarkHistoryView]:
    """What happened to the mark of a client, oldest first."""
    history = use_cases.attendance_history(actor, lesson_id=lesson_id, client_id=client_id)
    events = [event_view(logged) for logged in history]
    if form is Format.JSON:
        return MarkHistoryView(events, len(events))
    return exported("events", EventView, events, form)
