"""Passes that end: which of a client's passes somebody should speak about, and why."""

from collections.abc import Collection, Iterator
from datetime import date, timedelta
from enum import StrEnum

from attendance.domain.club.renewals import CURRENT
from attendance.domain.club.subscriptions import Subscription, SubscriptionState

SOON = timedelta(days=14)
"""How long before its last day a pass ends soon, and how long after it that is still told."""
FEW_VISITS = 2


class Ending(StrEnum):
    """Why a pass is at its end, the most urgent first.

    `ended`: in the last 14 days. `ends_soon`: in the next 14 days, today included. `few_visits`: at most 2 of
    several are left.
    """

    USED_UP = "used_up"
    ENDED = "ended"
    ENDS_SOON = "ends_soon"
    FEW_VISITS = "few_visits"


def ending_passes(passes: Collection[Subscription], today: date) -> Iterator[tuple[Subscription, Ending]]:
    """Those of a client's passes that are at their end and that no later pass for the same groups follows."""
    for sold in passes:
        why = ending(sold, today)
        if why is not None and not any(_follows(other, sold, today) for other in passes):
            yield sold, why


def ending(sold: Subscription, today: date) -> Ending | None:
    """Why a pass is at its end today; None where it is not, or was cancelled."""
    last = sold.last_day
    match sold.state(today):
        case SubscriptionState.CANCELLED:
            return None
        case SubscriptionState.EXPIRED:
            return Ending.ENDED if last is not None and today - last <= SOON else None
        case SubscriptionState.USED_UP:
            return Ending.USED_UP if last is None or today - last <= SOON else None
    if last is not None and last - today <= SOON:
        return Ending.ENDS_SOON
    has_few = sold.visits_left is not None and sold.visits_left <= FEW_VISITS
    return Ending.FEW_VISITS if has_few and sold.charged else None


def _follows(other: Subscription, sold: Subscription, today: date) -> bool:
    """Whether another pass is for the same groups, or all, and good for longer."""
    is_for_them = not other.group_ids or (sold.group_ids and {*sold.group_ids} <= {*other.group_ids})
    is_good = other.state(today) is not SubscriptionState.CANCELLED
    return bool(is_for_them) and is_good and _goodness(other, today) > _goodness(sold, today)


def _goodness(sold: Subscription, today: date) -> tuple[object, ...]:
    is_current = sold.state(today) in CURRENT
    return is_current, sold.last_day or date.max, sold.starts_on, sold.created_at, sold.id
