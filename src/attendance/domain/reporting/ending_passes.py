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
    ends = [(sold, why) for sold in passes if (why := ending(sold, today)) is not None]
    if not ends:
        return
    # of most clients none ends, and how good the others are is not asked
    goodness = {sold.id: _goodness(sold, today) for sold in passes if not _is_cancelled(sold, today)}
    for sold, why in ends:
        is_followed = any(
            other.id in goodness and _is_for_groups_of(other, sold) and goodness[other.id] > goodness[sold.id]
            for other in passes
        )
        if not is_followed:
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


def _is_for_groups_of(other: Subscription, sold: Subscription) -> bool:
    """Whether a pass is for the groups of another, or for all."""
    if not other.group_ids:
        return True
    return bool(sold.group_ids) and {*sold.group_ids} <= {*other.group_ids}


def _is_cancelled(sold: Subscription, today: date) -> bool:
    return sold.state(today) is SubscriptionState.CANCELLED


def _goodness(sold: Subscription, today: date) -> tuple[object, ...]:
    """What is greater is good for longer."""
    is_current = sold.state(today) in CURRENT
    return is_current, sold.last_day or date.max, sold.starts_on, sold.created_at, sold.id
