"""The dates on which a group meets by its weekly schedule."""

from collections.abc import Iterator
from datetime import date, timedelta

from attendance.domain.club.groups import Slot
from attendance.domain.dates import ONE_DAY
from attendance.domain.errors import error_if
from attendance.domain.text import raise_if_errors

LONGEST_RANGE = 366


def slots_between(schedule: tuple[Slot, ...], since: date, until: date) -> Iterator[tuple[date, Slot]]:
    """Each date from `since` to `until`, both included, with each slot on its weekday; in order."""
    day = since
    while day <= until:
        for slot in schedule:
            if slot.weekday == day.isoweekday():
                yield day, slot
        if day == date.max:
            return
        day += ONE_DAY


def require_range(since: date, until: date) -> None:
    """Raise Invalid for a range that ends before it begins or has more than 366 days."""
    raise_if_errors(
        error_if(until < since, "until", "must not be before from"),
        error_if(
            until - since >= timedelta(days=LONGEST_RANGE),
            "until",
            f"must be at most {LONGEST_RANGE} days from from",
        ),
    )
