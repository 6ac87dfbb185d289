"""Read models of statistics: figures of all, of each group, location or employee, or of one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import attrgetter
from uuid import UUID

from attendance.application.forms.listing import Listed
from attendance.application.pagination import NumberedPage, SortKey
from attendance.domain.reporting.at_risk import AtRisk
from attendance.domain.reporting.statistics import Bucket, Figures
from attendance.domain.text import sort_key

RATES = ("attendance_rate", "punctuality_rate", "marking_coverage", "fill_rate", "average_attendance")
STATISTICS_SORT = ("name", *RATES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Figures of a range, both ends included, and the clients at risk, by name; `today` is the club's.

    `sales`: the amounts due of passes sold, by currency; None below head managers. `trend`: None unless
    asked.
    """

    today: date
    since: date
    until: date
    figures: Figures
    at_risk: tuple[AtRisk, ...]
    sales: Mapping[str, Decimal] | None = None
    trend: tuple[Bucket, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsRow:
    """Figures of one group, location or employee; `active` False: of an account that is switched off."""

    id: UUID
    name: str
    figures: Figures
    active: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsList:
    """Figures of each group, location or employee in a range, both ends included; `today` is the club's."""

    today: date
    since: date
    until: date
    rows: Listed[StatisticsRow]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsOfOne:
    """Figures of one group, location or employee in a range, both ends included; `trend` if asked for.

    `today` is the club's.
    """

    today: date
    since: date
    until: date
    row: StatisticsRow
    trend: tuple[Bucket, ...] | None = None


def sorted_rows(
    rows: tuple[StatisticsRow, ...], order: tuple[SortKey, ...], page: NumberedPage | None
) -> Listed[StatisticsRow]:
    """A page of the rows, or all of them, sorted by `order`; rows without a value last, ties by id."""
    ordered = sorted(rows, key=lambda row: row.id)
    for key in reversed(order):
        value = _name_key if key.field == "name" else attrgetter(f"figures.{key.field}")
        with_value = [row for row in ordered if value(row) is not None]
        without_value = [row for row in ordered if value(row) is None]
        ordered = [*sorted(with_value, key=value, reverse=key.descending), *without_value]
    return Listed.of_rows(ordered, page)


def _name_key(row: StatisticsRow) -> str:
    return sort_key(row.name)
