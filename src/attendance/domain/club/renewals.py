"""Renewals: passes that begin when the ones before them are over, and those that do so no more."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum

from attendance.domain.club.prices import Price
from attendance.domain.club.subscriptions import Subscription, SubscriptionState
from attendance.domain.dates import ONE_DAY
from attendance.domain.errors import Conflict, FieldError, Invalid

CURRENT = (SubscriptionState.ACTIVE, SubscriptionState.FROZEN, SubscriptionState.PENDING)


class Start(StrEnum):
    """`after_current`: a new pass begins when the client's passes of the same scope are over."""

    AFTER_CURRENT = "after_current"


class CurrentHasNoEnd(Conflict):
    """A pass that the new one is to begin after has no end."""

    text = "a current subscription has no end"


def start_after_current(price: Price, passes: Iterable[Subscription], *, today: date) -> date:
    """The day on which a pass begins that is sold at a price to begin after the client's `passes`.

    That is the day after the last one on which any of them is good that is active, frozen or pending today
    and for the same groups as the price; today without one. Raises CurrentHasNoEnd, and Invalid beyond the
    end of the calendar.
    """
    scope, last = {*price.group_ids}, today - ONE_DAY
    for current in passes:
        if {*current.group_ids} != scope or current.state(today) not in CURRENT:
            continue
        if not current.runs_between(today, date.max):
            # cancelled before it began
            continue
        if current.last_day is None:
            raise CurrentHasNoEnd
        last = max(last, current.last_day)
    if last == date.max:
        raise Invalid(FieldError("starts_on", "is too late"))
    return last + ONE_DAY


def later_passes(current: Subscription, passes: Iterable[Subscription], *, today: date) -> list[Subscription]:
    """The client's `passes` for the same groups that `current` is over before, unless it is frozen.

    By first day, ties by id. A pass stays where it was sold, whatever becomes of the one before it. None of
    them where one of both is neither active, frozen nor pending today, or `current` has no end.
    """
    end, scope = current.ends_on, {*current.group_ids}
    if end is None or current.state(today) not in CURRENT:
        return []
    later = [
        it
        for it in passes
        if it.client_id == current.client_id
        and it.starts_on > end
        and {*it.group_ids} == scope
        and it.state(today) in CURRENT
    ]
    return sorted(later, key=lambda it: (it.starts_on, it.id))


def both_until(current: Subscription, later: Subscription) -> date | None:
    """The last day on which a pass runs beside a later one; None: it is over when that begins."""
    last = min((day for day in (current.last_day, later.last_day) if day), default=date.max)
    return last if last >= later.starts_on else None
