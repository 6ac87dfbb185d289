"""Attendance of one client: its marks in lessons, and how it attended in all."""

import datetime as dt
from uuid import UUID

import msgspec
from litestar import Response
from msgspec import UNSET

from attendance.adapters.http.attendance.sheets import CountsView
from attendance.adapters.http.club.clients import CLIENT
from attendance.adapters.http.server.answers import Paged, listing, view_of
from attendance.adapters.http.server.bodies.meaning import Sent
from attendance.adapters.http.server.exports.tables import Format, InFormat
from attendance.adapters.http.server.fields.queries import PageNumber
from attendance.adapters.http.server.fields.times import TimeOfDay
from attendance.adapters.http.server.operations.declaration import Room
from attendance.application.use_cases import UseCases
from attendance.domain.attendance.status import Status
from attendance.domain.ids import ClientId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

room = Room("Attendance")


class VisitView(msgspec.Struct, kw_only=True):
    """A mark; without `note` to a parent."""

    lesson_id: UUID
    group_id: UUID
    date: dt.date
    starts: TimeOfDay
    status: Status
    note: Sent[str] = UNSET
    minutes_late: int | None
    trial: bool
    subscription_id: UUID | None
    unpaid: bool


class VisitsView(Paged, kw_only=True):
    """Marks by date; counts and rate of the whole range, the newest run of absences up to its end."""

    attendances: list[VisitView]
    counts: CountsView
    attendance_rate: float | None
    consecutive_absences: int


@room.operation("GET", f"{CLIENT}/attendance", Permission.READ_CLIENT)
def visits_of_client(
    use_cases: UseCases,
    actor: Actor,
    client_id: ClientId,
    since: dt.date | None = None,
    until: dt.date | None = None,
    page: PageNumber | None = None,
    form: InFormat = Format.JSON,
) -> Response[VisitsView]:
    """A client's attendance by date, for the client or a parent too; `from` and `to` are optional."""
    visits = use_cases.visits_of_client(actor, client_id=client_id, since=since, until=until, page=page)
    counts, rate = visits.summary.counts, visits.summary.counts.attendance_rate
    summary = {
        "counts": view_of(CountsView, counts),
        "attendance_rate": None if rate is None else float(rate),
        "consecutive_absences": visits.summary.consecutive_absences,
    }
    return listing(VisitsView, visits.attendances, form, beside=summary)
