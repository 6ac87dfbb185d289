"""Which pass pays for a visit. The mark says which one did; nothing else counts visits."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from attendance.domain.club.subscriptions import Subscription
from attendance.domain.errors import Conflict
from attendance.domain.ids import GroupId, SubscriptionId
from attendance.domain.status import Status


class NoCandidate(Conflict):
    """The pass that was named cannot pay for this visit."""

    text = "does not cover this visit"


@dataclass(frozen=True, slots=True)
class Charge:
    """What a mark costs: a visit of a pass, a visit that nobody has paid for yet, or nothing."""

    subscription_id: SubscriptionId | None = None
    unpaid: bool = False


NOTHING = Charge()
UNPAID = Charge(unpaid=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """What somebody came to: a lesson of a group, on its local date."""

    date: date
    group_id: GroupId

    def is_covered_by(self, subscription: Subscription) -> bool:
        return subscription.covers(self.date) and subscription.is_for(self.group_id)


def allocate(
    visit: Visit, passes: Iterable[Subscription], named: SubscriptionId | None = None
) -> Subscription | None:
    """The pass that is to pay, of all that the client has: the named one, else the first candidate, if any.

    Candidates cover the visit and have one left. First those without limit, then what ends earliest, then
    what is for fewer groups, then what was sold earliest. Raises NoCandidate.
    """
    candidates = [it for it in passes if visit.is_covered_by(it) and it.visits_left != 0]
    if named is None:
        return min(candidates, key=_sort_key, default=None)
    for candidate in candidates:
        if candidate.id == named:
            return candidate
    raise NoCandidate


def charge(
    status: Status,
    visit: Visit,
    passes: Collection[Subscription],
    *,
    trial: bool = False,
    before: Charge = NOTHING,
    named: SubscriptionId | None = None,
    anew: bool = False,
) -> Charge:
    """What a mark costs, where `before` is what it cost until now. Raises NoCandidate.

    Who came is charged. Of an absence the pass that paid until now decides, else the one that would pay;
    without one nobody has paid, unless a pass that covers the day does not charge absences. Whoever is
    excused or on trial pays nothing. What stays charged keeps its payer, or stays unpaid; `anew`: who pays
    is decided as if nobody had until now.
    """
    if anew and before.subscription_id is not None:
        passes = [replace(it, charged=it.charged - (it.id == before.subscription_id)) for it in passes]
        before = NOTHING
    if trial or status is Status.EXCUSED:
        return NOTHING
    payer = next((it for it in passes if it.id == before.subscription_id), None)
    is_kept = named in (None, before.subscription_id)
    decides = payer if payer is not None and is_kept else allocate(visit, passes, named)
    if status is Status.ABSENT:
        if decides is not None and not decides.charges_absence:
            return NOTHING
        if decides is None and any(visit.is_covered_by(it) and not it.charges_absence for it in passes):
            return NOTHING
    if before != NOTHING and is_kept:
        return before
    return UNPAID if decides is None else Charge(decides.id)


def moved(
    status: Status, visit: Visit, passes: Collection[Subscription], *, trial: bool, before: Charge
) -> Charge:
    """What a mark costs whose lesson is on another date now: a pass that covers it goes on paying."""
    if before == NOTHING:
        return NOTHING
    payer = next((it for it in passes if it.id == before.subscription_id), None)
    if payer is not None and visit.is_covered_by(payer):
        return before
    return charge(status, visit, passes, trial=trial)


def _sort_key(candidate: Subscription) -> tuple[Any, ...]:
    return (
        candidate.visits is not None,
        candidate.valid_until or date.max,
        # none is any group: the widest scope
        len(candidate.group_ids) or float("inf"),
        candidate.sold_on,
        candidate.created_at,
        candidate.id,
    )
