"""The dates on which a group meets by its schedule."""

from collections.abc import Iterator
from datetime import date

from attendance.domain.club.groups import Group, Slot
from attendance.domain.dates import ONE_DAY, length_error
from attendance.domain.errors import error_if, raise_if_errors


def slots_between(group: Group, since: date, until: date) -> Iterator[tuple[date, Slot]]:
    """Each date from `since` to `until`, both included, with each slot in which the group meets; in order.

    Without the dates on which the group is not active.
    """
    day = since
    while day <= until:
        for slot in group.schedule if group.is_active(day) else ():
            if slot.meets_on(day, group.active_from):
                yield day, slot
        if day == date.max:
            return
        day += ONE_DAY


def require_range(since: date, until: date) -> None:
    """Raise Invalid for a range that ends before it begins or has more than 366 days."""
    raise_if_errors(
        error_if(until < since, "until", "must not be before from"),
        length_error("until", since, until),
    )
