"""Figures as JSON: of everything, of each of a list, of one."""

import datetime as dt
from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec
from litestar import Response

from attendance.adapters.http.attendance.sheets import CountsView, counts_view
from attendance.adapters.http.server.exports import Format, exported
from attendance.adapters.http.server.lists import Paged, listing
from attendance.application.ports import Kind
from attendance.application.reporting.figures import (
    RATES,
    Overview,
    StatisticsList,
    StatisticsOfOne,
    StatisticsRow,
)
from attendance.domain.reporting.at_risk import Rule
from attendance.domain.reporting.statistics import Bucket, Figures

IDS = {Kind.EMPLOYEE: "user_id", Kind.LOCATION: "location_id", Kind.GROUP: "group_id"}
IN_FRONT = (*IDS.values(), "name", "from", "to")


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
    """The absences, oldest first; of who is long away the last visit, or since when there could be one."""

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


LISTS: dict[Kind, type[Paged]] = {
    Kind.EMPLOYEE: EmployeeRowsView,
    Kind.LOCATION: LocationRowsView,
    Kind.GROUP: GroupRowsView,
}
ONES: dict[Kind, type[OneView]] = {
    Kind.EMPLOYEE: EmployeeStatisticsView,
    Kind.LOCATION: LocationStatisticsView,
    Kind.GROUP: GroupStatisticsView,
}


def _figures(figures: Figures) -> dict[str, Any]:
    rates = {name: getattr(figures, name) for name in RATES}
    return {
        "counts": counts_view(figures.counts),
        **{name: None if rate is None else float(rate) for name, rate in rates.items()},
        "lessons": msgspec.convert(figures.lessons, LessonNumbersView, from_attributes=True),
        "taught_hours": float(figures.taught_hours),
        "unpaid_visits": figures.unpaid_visits,
    }


def _range(of: Overview | StatisticsList | StatisticsOfOne | Bucket) -> dict[str, dt.date]:
    return {"from": of.since, "to": of.until}


def _trend(of: Overview | StatisticsOfOne) -> dict[str, Any]:
    if of.trend is None:
        return {}
    return {"trend": [{**_range(bucket), **_figures(bucket.figures)} for bucket in of.trend]}


def _labels(row: StatisticsRow, kind: Kind) -> dict[str, Any]:
    return {IDS[kind]: row.id, "name": row.name}


def _shown(
    kind: type[OneView],
    of: Overview | StatisticsOfOne,
    said: dict[str, Any],
    form: Format,
    *,
    hidden: Collection[str] = (),
) -> Response[Any]:
    """As a table it is the trend where one is asked for, else the figures in one row."""
    if form is Format.JSON:
        return Response({**said, **_trend(of)})
    if of.trend is not None:
        return exported("statistics", BucketView, _trend(of)["trend"], form, in_front=IN_FRONT)
    return exported("statistics", kind, [said], form, hidden={"trend", *hidden}, in_front=IN_FRONT)


def shown_overview(of: Overview, form: Format) -> Response[Any]:
    sales = (
        {}
        if of.sales is None
        else {"sales": [SaleView(currency, str(amount)) for currency, amount in of.sales.items()]}
    )
    risks = [
        AtRiskView(it.client_id, it.name, [ReasonView(why.rule, [*why.dates]) for why in it.reasons])
        for it in of.at_risk
    ]
    said = {**_range(of), **_figures(of.figures), **sales, "at_risk": risks}
    # who may stay away is no figure, and too long for a cell
    return _shown(StatisticsView, of, said, form, hidden={"at_risk", *({"sales"} - sales.keys())})


def shown_rows(rows: StatisticsList, kind: Kind, form: Format) -> Response[Any]:
    def view(row: StatisticsRow) -> dict[str, Any]:
        return {**_labels(row, kind), **_figures(row.figures)}

    return listing(LISTS[kind], rows.rows, view, form, in_front=IN_FRONT, beside=_range(rows))


def shown_one(of: StatisticsOfOne, kind: Kind, form: Format) -> Response[Any]:
    said = {**_labels(of.row, kind), **_range(of), **_figures(of.row.figures)}
    return _shown(ONES[kind], of, said, form)
