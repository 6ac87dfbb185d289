"""A year of visits as a calendar: each day with what was marked on it."""

from calendar import Calendar
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from attendance.application.attendance.read_models import VisitDetails
from attendance.domain.attendance.status import Status

MATTERS_MOST = (Status.ABSENT, Status.LATE, Status.EXCUSED, Status.PRESENT)
"""Of several marks on one day the first of these is shown."""
CALENDAR = Calendar()
MONTHS_IN_A_YEAR = 12


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a month, and what is shown of the marks on it; None: there is none."""

    date: date
    status: Status | None


@dataclass(frozen=True, slots=True)
class Month:
    """A month by weeks, each from Monday to Sunday; None: a day of another month."""

    first: date
    weeks: tuple[tuple[Day | None, ...], ...]


def months_of(year: int, visits: Iterable[VisitDetails]) -> list[Month]:
    """The months of a year, from 1 to 9999, with the marks on each day."""
    status_on: dict[date, Status] = {}
    for visit in visits:
        before = status_on.get(visit.date, visit.status)
        status_on[visit.date] = min(before, visit.status, key=MATTERS_MOST.index)

    def day(month: int, number: int) -> Day | None:
        if number == 0:
            return None
        on = date(year, month, number)
        return Day(on, status_on.get(on))

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
