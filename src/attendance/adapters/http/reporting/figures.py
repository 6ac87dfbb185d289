"""Figures as JSON: of everything, of each of a list, of one."""

import datetime as dt
from collections.abc import Collection
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from litestar import Response

from attendance.adapters.http.attendance.sheets import CountsView
from attendance.adapters.http.server.answers import Paged, listing, view_of
from attendance.adapters.http.server.exports.rows import collection_of
from attendance.adapters.http.server.exports.tables import Format, exported
from attendance.application.reporting.figures import Overview, StatisticsList, StatisticsOfOne, StatisticsRow
from attendance.domain.reporting.at_risk import Rule
from attendance.domain.reporting.statistics import Figures

IDS = ("user_id", "location_id", "group_id")
IN_FRONT = (*IDS, "name", "from", "to")


class LessonNumbersView(msgspec.Struct, kw_only=True):
    """Planned, held and cancelled are all; `untaken` of the planned have begun and have no mark."""

    planned: int
    held: int
    cancelled: int
    untaken: int


class FiguresView(msgspec.Struct, kw_only=True):
    """Rates are to four decimals, null where there is nothing to divide by."""

    counts: CountsView
    attendance_rate: float | None
    punctuality_rate: float | None
    marking_coverage: float | None
    fill_rate: float | None
    average_attendance: float | None
    lessons: LessonNumbersView
    taught_hours: float
    unpaid_visits: int


class BucketView(FiguresView, kw_only=True):
    """A day, ISO week or month, clipped to the range."""

    since: dt.date = msgspec.field(name="from")
    until: dt.date = msgspec.field(name="to")


class OneView(BucketView, kw_only=True):
    """`trend` where it is asked for."""

    trend: list[BucketView] | msgspec.UnsetType = msgspec.UNSET


class SaleView(msgspec.Struct):
    currency: str
    amount: str


class ReasonView(msgspec.Struct):
    """The absences, oldest first; of who is long away the last visit, or since when there could be one.

    `long_away`: 21 days without a visit while a pass is active, and marked absent at least once since then.
    """

    rule: Rule
    dates: list[dt.date]


class AtRiskView(msgspec.Struct):
    client_id: UUID
    name: str
    reasons: list[ReasonView]


class StatisticsView(OneView, kw_only=True):
    """`sales` for head managers and above."""

    sales: list[SaleView] | msgspec.UnsetType = msgspec.UNSET
    at_risk: list[AtRiskView]


class EmployeeRowView(FiguresView, kw_only=True):
    user_id: UUID
    name: str


class LocationRowView(FiguresView, kw_only=True):
    location_id: UUID
    name: str


class GroupRowView(FiguresView, kw_only=True):
    group_id: UUID
    name: str


class RowsView(Paged, kw_only=True):
    since: dt.date = msgspec.field(name="from")
    until: dt.date = msgspec.field(name="to")


class EmployeeRowsView(RowsView, kw_only=True):
    employees: list[EmployeeRowView]


class LocationRowsView(RowsView, kw_only=True):
    locations: list[LocationRowView]


class GroupRowsView(RowsView, kw_only=True):
    groups: list[GroupRowView]


class EmployeeStatisticsView(OneView, kw_only=True):
    user_id: UUID
    name: str


class LocationStatisticsView(OneView, kw_only=True):
    location_id: UUID
    name: str


class GroupStatisticsView(OneView, kw_only=True):
    group_id: UUID
    name: str


F = TypeVar("F", bound=BucketView)
V = TypeVar("V", bound=OneView)
R = TypeVar("R", bound=RowsView)


def _figures(kind: type[F], figures: Figures, since: dt.date, until: dt.date, **more: Any) -> F:
    return view_of(kind, figures, since=since, until=until, **more)


def _trend(of: Overview | StatisticsOfOne) -> list[BucketView] | msgspec.UnsetType:
    if of.trend is None:
        return msgspec.UNSET
    return [_figures(BucketView, bucket.figures, bucket.since, bucket.until) for bucket in of.trend]


def _shown(view: V, form: Format, *, hidden: Collection[str] = ()) -> V | Response[V]:
    """As a table it is the trend where one is asked for, else the figures in one row."""
    if form is Format.JSON:
        return view
    if view.trend is not msgspec.UNSET:
        return exported("statistics", BucketView, view.trend, form, in_front=IN_FRONT)
    return exported("statistics", type(view), [view], form, hidden={"trend", *hidden}, in_front=IN_FRONT)


def shown_overview(of: Overview, form: Format) -> StatisticsView | Response[StatisticsView]:
    sales = msgspec.UNSET if of.sales is None else [SaleView(*map(str, it)) for it in of.sales.items()]
    risks = [view_of(AtRiskView, client) for client in of.at_risk]
    view = _figures(
        StatisticsView, of.figures, of.since, of.until, trend=_trend(of), sales=sales, at_risk=risks
    )
    # who may stay away is no figure, and too long for a cell
    return _shown(view, form, hidden={"at_risk", *(["sales"] if of.sales is None else [])})


def shown_rows(kind: type[R], rows: StatisticsList, form: Format) -> Response[R]:
    _, kind_of_row = collection_of(kind)
    id_name = id_of(kind_of_row)

    def view(row: StatisticsRow) -> Any:
        return view_of(kind_of_row, row.figures, name=row.name, **{id_name: row.id})

    beside = {"since": rows.since, "until": rows.until}
    return listing(kind, rows.rows, form, view=view, in_front=IN_FRONT, beside=beside)


def shown_one(kind: type[V], of: StatisticsOfOne, form: Format) -> V | Response[V]:
    labels = {"name": of.row.name, id_of(kind): of.row.id}
    return _shown(_figures(kind, of.row.figures, of.since, of.until, trend=_trend(of), **labels), form)


def id_of(kind: type[msgspec.Struct]) -> str:
    """Under which name a view shows whose figures they are."""
    return next(name for name in kind.__struct_fields__ if name in IDS)
