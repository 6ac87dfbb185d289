"""What statistics tell: of everything, of each group, location or employee, of one of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from operator import attrgetter
from uuid import UUID

from attendance.application.listing import PAGE_LENGTH, Listed
from attendance.application.pagination import SortKey
from attendance.domain.reporting.at_risk import AtRisk
from attendance.domain.reporting.statistics import Bucket, Figures
from attendance.domain.text import folded

RATES = ("attendance_rate", "punctuality_rate", "marking_coverage", "fill_rate", "average_attendance")
STATISTICS_SORT = ("name", *RATES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Figures of a range; `sales` is None for whoever may not see them, `trend` where none is asked for."""

    since: date
    until: date
    figures: Figures
    at_risk: tuple[AtRisk, ...]
    sales: Mapping[str, Decimal] | None = None
    trend: tuple[Bucket, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Figures of one group, location or employee."""

    id: UUID
    name: str
    figures: Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    since: date
    until: date
    rows: Listed[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class One:
    """Figures of one group, location or employee, and how they went."""

    since: date
    until: date
    row: Row
    trend: tuple[Bucket, ...] | None = None


def sorted_rows(rows: tuple[Row, ...], order: tuple[SortKey, ...], page: int | None) -> Listed[Row]:
    found = sorted(rows, key=lambda row: row.id)
    for by in reversed(order):
        key = _folded_name if by.field == "name" else attrgetter(f"figures.{by.field}")
        known = [row for row in found if key(row) is not None]
        # what has none comes last either way
        found = [*sorted(known, key=key, reverse=by.descending), *(it for it in found if key(it) is None)]
    if page is None:
        return Listed(items=found, total=len(found))
    start = (page - 1) * PAGE_LENGTH
    return Listed(items=found[start : start + PAGE_LENGTH], total=len(found), page=page)


def _folded_name(row: Row) -> str:
    return folded(row.name)
