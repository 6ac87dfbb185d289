"""A year of visits as a calendar: each day with what was marked on it."""

from calendar import Calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from attendance.application.attendance.read_models import VisitDetails
from attendance.domain.attendance.status import Status

CALENDAR = Calendar()
MONTHS_IN_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a month, and the marks on it, in the order of their lessons."""

    date: date
    statuses: tuple[Status, ...]


@dataclass(frozen=True, slots=True)
class Month:
    """A month by weeks, each from Monday to Sunday; None: a day of another month."""

    first: date
    weeks: tuple[tuple[Day | None, ...], ...]


def months_of(year: int, visits: Iterable[VisitDetails]) -> list[Month]:
    """The months of a year, from 1 to 9999, with the marks on each day."""
    statuses_on: dict[date, list[Status]] = {}
    for visit in sorted(visits, key=lambda each: (each.date, each.starts)):
        statuses_on.setdefault(visit.date, []).append(visit.status)

    def day(month: int, number: int) -> Day | None:
        if number == 0:
            return None
        on = date(year, month, number)
        return Day(on, tuple(statuses_on.get(on, ())))

    return [
        Month(
            date(year, month, 1),
            tuple(
                tuple(day(month, number) for number in week)
                for week in CALENDAR.monthdayscalendar(year, month)
            ),
        )
        for month in range(1, MONTHS_IN_A_YEAR + 1)
    ]
