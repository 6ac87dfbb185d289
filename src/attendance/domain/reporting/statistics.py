"""Counts, and the rates that follow from them: always of pooled counts, never means of rates."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TypeVar

from attendance.domain.attendance.status import Status
from attendance.domain.dates import ONE_DAY
from attendance.domain.errors import FieldError, Invalid

FOUR_DECIMALS = Decimal("0.0001")
USUAL_DAYS = 30
MOST_BUCKETS = 3700
SECONDS_AN_HOUR = 3600

S = TypeVar("S", "Counts", "Lessons", "Figures")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many marks have each status; `unmarked`: how many clients on rosters have no mark."""

    present: int = 0
    late: int = 0
    absent: int = 0
    excused: int = 0
    unmarked: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return _sum(self, other)

    @property
    def came(self) -> int:
        """Present or late."""
        return self.present + self.late

    @property
    def attendance_rate(self) -> Decimal | None:
        """Came, divided by came or absent; excused does not count. None where that is 0."""
        return rate(self.came, self.came + self.absent)

    @property
    def punctuality_rate(self) -> Decimal | None:
        """Present, divided by present or late. None where that is 0."""
        return rate(self.present, self.came)

    @property
    def marking_coverage(self) -> Decimal | None:
        """Marked, divided by marked or unmarked. None where that is 0."""
        marked = self.came + self.absent + self.excused
        return rate(marked, marked + self.unmarked)


def counts_of(statuses: Iterable[Status | None]) -> Counts:
    """The counts of these statuses; None is unmarked."""
    numbers: dict[str, int] = {}
    for status in statuses:
        name = "unmarked" if status is None else status.value
        numbers[name] = numbers.get(name, 0) + 1
    return Counts(**numbers)


def rate(part: Decimal | int, whole: int) -> Decimal | None:
    """The quotient rounded to four decimals, half up; None where `whole` is 0."""
    return (Decimal(part) / whole).quantize(FOUR_DECIMALS, rounding=ROUND_HALF_UP) if whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """How many lessons have each state. `untaken`: how many of the planned have begun, without a mark."""

    planned: int = 0
    held: int = 0
    cancelled: int = 0
    untaken: int = 0

    def __add__(self, other: "Lessons") -> "Lessons":
        return _sum(self, other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Figures of some lessons; the sum of two is that of both sets of lessons.

    `places`: the capacity of held lessons that have one; `placed`: how many came to these. `taught_seconds`:
    how long the held lessons were. `unpaid_visits`: how many marks are unpaid.
    """

    counts: Counts = field(default_factory=Counts)
    lessons: Lessons = field(default_factory=Lessons)
    places: int = 0
    placed: int = 0
    taught_seconds: int = 0
    unpaid_visits: int = 0

    def __add__(self, other: "Figures") -> "Figures":
        return _sum(self, other)

    @property
    def attendance_rate(self) -> Decimal | None:
        return self.counts.attendance_rate

    @property
    def punctuality_rate(self) -> Decimal | None:
        return self.counts.punctuality_rate

    @property
    def marking_coverage(self) -> Decimal | None:
        return self.counts.marking_coverage

    @property
    def fill_rate(self) -> Decimal | None:
        """`placed` divided by `places`. None where that is 0."""
        return rate(self.placed, self.places)

    @property
    def average_attendance(self) -> Decimal | None:
        """Came, divided by the number of held lessons. None where that is 0."""
        return rate(self.counts.came, self.lessons.held)

    @property
    def taught_hours(self) -> Decimal:
        return rate(self.taught_seconds, SECONDS_AN_HOUR) or Decimal(0)


class Trend(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Figures of a part of a range, from `since` to `until`, both included."""

    since: date
    until: date
    figures: Figures


def trended(days: Mapping[date, Figures], since: date, until: date, trend: Trend) -> tuple[Bucket, ...]:
    """The figures of each day, ISO week or month of a range, in order; those at its ends are clipped."""
    buckets: list[Bucket] = []
    for first, last in spans(since, until, trend):
        figures = [days[day] for day in _days(first, last) if day in days]
        buckets.append(Bucket(since=first, until=last, figures=sum(figures, start=Figures())))
    return tuple(buckets)


def require_few_parts(since: date, until: date, trend: Trend) -> None:
    """Raise Invalid for a range of more than 3700 days, weeks or months."""
    if any(n >= MOST_BUCKETS for n, _ in enumerate(spans(since, until, trend))):
        raise Invalid(FieldError("trend", f"must not have more than {MOST_BUCKETS} parts"))


def spans(since: date, until: date, trend: Trend) -> Iterator[tuple[date, date]]:
    """First and last day of each day, ISO week or month of a range, in order, clipped to the range."""
    first = since
    while first <= until:
        last = min(_end_of(first, trend), until)
        yield first, last
        if last == date.max:
            return
        first = last + ONE_DAY


def _end_of(day: date, trend: Trend) -> date:
    try:
        match trend:
            case Trend.DAY:
                return day
            case Trend.WEEK:
                return day + timedelta(days=7 - day.isoweekday())
            case Trend.MONTH:
                following = day.replace(day=28) + timedelta(days=4)
                return following - timedelta(days=following.day)
    except OverflowError:
        return date.max


def _days(first: date, last: date) -> Iterator[date]:
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _sum(one: S, other: S) -> S:
    names = [each.name for each in fields(one)]
    return type(one)(**{name: getattr(one, name) + getattr(other, name) for name in names})
