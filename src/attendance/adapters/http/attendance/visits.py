"""Attendance of one client: its marks in lessons, and how it attended in all."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from attendance.adapters.http.attendance.sheets import TAGS, CountsView, counts_view
from attendance.adapters.http.club.clients import CLIENT
from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.exports import Format, InFormat
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.lists import Paged, PageNumber, listing
from attendance.adapters.http.server.queries import DATE
from attendance.adapters.http.server.times import shown_time
from attendance.application.attendance.read_models import VisitDetails, VisitsDetails
from attendance.application.ports.attendance import VisitsSummary
from attendance.application.use_cases import UseCases
from attendance.domain.ids import ClientId
from attendance.domain.permissions.table import Permission
from attendance.domain.status import Status


class VisitView(msgspec.Struct, kw_only=True):
    """A mark; without `note` to a parent."""

    lesson_id: UUID
    group_id: UUID
    date: dt.date
    starts: str
    status: Status
    note: str | msgspec.UnsetType = msgspec.UNSET
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


def _visit(mark: VisitDetails) -> VisitView:
    return VisitView(
        lesson_id=mark.lesson_id,
        group_id=mark.group_id,
        date=mark.date,
        starts=shown_time(mark.starts),
        status=mark.status,
        note=msgspec.UNSET if mark.note is None else mark.note,
        minutes_late=mark.minutes_late,
        trial=mark.trial,
        subscription_id=mark.subscription_id,
        unpaid=mark.unpaid,
    )


def _figures(summary: VisitsSummary) -> dict[str, Any]:
    rate = summary.counts.attendance_rate
    return {
        "counts": counts_view(summary.counts),
        "attendance_rate": None if rate is None else float(rate),
        "consecutive_absences": summary.consecutive_absences,
    }


def _shown(visits: VisitsDetails, form: Format) -> Response[VisitsView]:
    return listing(VisitsView, visits.attendances, _visit, form, beside=_figures(visits.summary))


def visit_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    @get(
        f"{CLIENT}/attendance",
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_CLIENT),
    )
    def visits_of_client(
        caller: FromCaller,
        client_id: FromPath[str],
        since: Annotated[dt.date | None, QueryParameter(name="from", schema_extra=DATE)] = None,
        until: Annotated[dt.date | None, QueryParameter(name="to", schema_extra=DATE)] = None,
        page: PageNumber = None,
        form: InFormat = Format.JSON,
    ) -> Response[VisitsView]:
        """A client's attendance by date, for the client or a parent too; `from` and `to` are optional."""
        actor, client = caller.actor(), ClientId(sent_id(client_id))
        visits = use_cases.visits_of_client(actor, client_id=client, since=since, until=until, page=page)
        return _shown(visits, form)

    return [visits_of_client]
