"""What is counted, and the rates that follow from it: of anything pooled, never a mean of rates."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from enum import StrEnum
from typing import TypeVar

from attendance.domain.dates import ONE_DAY
from attendance.domain.errors import FieldError, Invalid
from attendance.domain.status import Status

FOUR_DECIMALS = Decimal("0.0001")
USUAL_DAYS = 30
MOST_BUCKETS = 3700
SECONDS_AN_HOUR = 3600

S = TypeVar("S", "Counts", "Lessons", "Figures")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many places in lessons were which; `unmarked`: on the roster, and nobody has said anything."""

    present: int = 0
    late: int = 0
    absent: int = 0
    excused: int = 0
    unmarked: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return _sum(self, other)

    @property
    def came(self) -> int:
        return self.present + self.late

    @property
    def attendance_rate(self) -> Decimal | None:
        """Who came, of those who came or were absent; excused is exempt."""
        return rate(self.came, self.came + self.absent)

    @property
    def punctuality_rate(self) -> Decimal | None:
        """Who was there in time, of those who came."""
        return rate(self.present, self.came)

    @property
    def marking_coverage(self) -> Decimal | None:
        """Of whom anything is known, of all who were to come or were marked."""
        marked = self.came + self.absent + self.excused
        return rate(marked, marked + self.unmarked)


def counts_of(statuses: Iterable[Status | None]) -> Counts:
    """None: not marked."""
    numbers: dict[str, int] = {}
    for status in statuses:
        name = "unmarked" if status is None else status.value
        numbers[name] = numbers.get(name, 0) + 1
    return Counts(**numbers)


def rate(part: Decimal | int, whole: int) -> Decimal | None:
    """To four decimals, half up; None where nothing is counted."""
    return (Decimal(part) / whole).quantize(FOUR_DECIMALS, rounding=ROUND_HALF_UP) if whole else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """How many lessons are what. `untaken` are those of the planned that began and have no mark."""

    planned: int = 0
    held: int = 0
    cancelled: int = 0
    untaken: int = 0

    def __add__(self, other: "Lessons") -> "Lessons":
        return _sum(self, other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Figures of some lessons, all from whole numbers: those of two sets of lessons add up to those of both.

    `places` of the held lessons that have a capacity, and `placed` who came to these; `taught_seconds` of the
    held lessons.
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
        """Who came, of the places there were."""
        return rate(self.placed, self.places)

    @property
    def average_attendance(self) -> Decimal | None:
        """How many came to a lesson that was held."""
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
    """Figures of a part of a range, both ends included."""

    since: date
    until: date
    figures: Figures


def trended(days: Mapping[date, Figures], since: date, until: date, trend: Trend) -> tuple[Bucket, ...]:
    """Figures by day, ISO week or month: each of them, clipped to the range."""
    buckets: list[Bucket] = []
    for first, last in spans(since, until, trend):
        found = [days[day] for day in _days(first, last) if day in days]
        buckets.append(Bucket(since=first, until=last, figures=sum(found, start=Figures())))
    return tuple(buckets)


def require_few_parts(since: date, until: date, trend: Trend) -> None:
    """Raise Invalid for a range of more days, weeks or months than anybody reads."""
    if any(n >= MOST_BUCKETS for n, _ in enumerate(spans(since, until, trend))):
        raise Invalid(FieldError("trend", f"must not have more than {MOST_BUCKETS} parts"))


def spans(since: date, until: date, trend: Trend) -> Iterator[tuple[date, date]]:
    """The days, ISO weeks or months of a range, those at its ends clipped."""
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
    names = [it.name for it in fields(one)]
    return type(one)(**{name: getattr(one, name) + getattr(other, name) for name in names})
