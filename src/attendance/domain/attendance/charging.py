"""Charging: which pass pays for a visit. The charges of marks are the only record of visits paid."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from attendance.domain.attendance.status import Status
from attendance.domain.club.subscriptions import Subscription
from attendance.domain.errors import Conflict
from attendance.domain.ids import GroupId, SubscriptionId


class NoCandidate(Conflict):
    """The requested pass cannot pay for this visit."""

    text = "does not cover this visit"
    code = "subscription_does_not_cover"


class WeekFull(NoCandidate):
    """The requested pass has paid for as many visits as it may in the week of this one."""

    text = "has paid for all its visits of this week"


@dataclass(frozen=True, slots=True)
class Charge:
    """What a mark costs: a visit of the pass `subscription_id`, a visit not paid for yet, or nothing."""

    subscription_id: SubscriptionId | None = None
    unpaid: bool = False


NOTHING = Charge()
UNPAID = Charge(unpaid=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A visit to a lesson of a group, on its local date."""

    date: date
    group_id: GroupId

    def is_covered_by(self, subscription: Subscription) -> bool:
        """Whether the pass runs on that date and is for that group, whether or not a visit is left."""
        return subscription.covers(self.date) and subscription.is_for(self.group_id)

    def may_be_paid_by(self, subscription: Subscription) -> bool:
        """Whether the pass, as it was read for this visit's week, covers the visit and has one left."""
        return (
            self.is_covered_by(subscription)
            and subscription.visits_left != 0
            and not subscription.is_week_full
        )


def allocate(
    visit: Visit, passes: Iterable[Subscription], subscription_id: SubscriptionId | None = None
) -> Subscription | None:
    """The pass that pays for a visit, of all passes of the client; None where there is no candidate.

    The passes are as they were read for the week of the visit. Candidates cover the visit and have a visit
    left, in all and in that week. First those without a limit of visits, then what ends
    earliest, what is for fewer groups, what was sold earliest. Raises NoCandidate where `subscription_id` is
    given and is no candidate, WeekFull where it would be one in another week.
    """
    if subscription_id is None:
        candidates = [sub for sub in passes if visit.may_be_paid_by(sub)]
        return min(candidates, key=_sort_key, default=None)
    for sub in passes:
        if sub.id == subscription_id and visit.is_covered_by(sub) and sub.visits_left != 0:
            if sub.is_week_full:
                raise WeekFull
            return sub
    raise NoCandidate


def charge(
    status: Status,
    visit: Visit,
    passes: Collection[Subscription],
    *,
    trial: bool = False,
    before: Charge = NOTHING,
    subscription_id: SubscriptionId | None = None,
    is_reset: bool = False,
) -> Charge:
    """The charge of a mark. `before`: its charge until now. `subscription_id`: the pass requested to pay.

    Excused and trial cost nothing. Present and late are charged. An absence is charged unless the pass that
    pays does not charge absences: the one that paid until now, else the one that would pay; without either it
    is unpaid, unless a pass that covers the visit does not charge absences. What is charged already keeps its
    payer, or stays unpaid, unless another pass is requested; `is_reset`: the payer is chosen as if there had
    been none. Raises NoCandidate, also for what costs nothing, where the pass requested does not cover it.
    """
    if is_reset and before.subscription_id is not None:
        passes, before = _without(before, passes), NOTHING
    keeps_payer = subscription_id in (None, before.subscription_id)
    if trial or status is Status.EXCUSED:
        covering_ids = {sub.id for sub in passes if visit.is_covered_by(sub)}
        if not keeps_payer and subscription_id not in covering_ids:
            raise NoCandidate
        return NOTHING
    payer_before = next((sub for sub in passes if sub.id == before.subscription_id), None)
    payer = payer_before
    if payer is None or not keeps_payer:
        payer = allocate(visit, passes, subscription_id)
    if status is Status.ABSENT:
        if payer is not None and not payer.charges_absence:
            return NOTHING
        if payer is None and any(visit.is_covered_by(sub) and not sub.charges_absence for sub in passes):
            return NOTHING
    if before != NOTHING and keeps_payer:
        return before
    return UNPAID if payer is None else Charge(payer.id)


def moved(
    status: Status, visit: Visit, passes: Collection[Subscription], *, trial: bool, before: Charge
) -> Charge:
    """The charge of a mark whose lesson has moved: its payer stays if it may pay on the new date, too.

    That is where it covers the visit and has one left in the week. The passes are as they were read for the
    week of the new date, the visit on it included.
    """
    if before == NOTHING:
        return NOTHING
    passes = _without(before, passes)
    payer = next((sub for sub in passes if sub.id == before.subscription_id), None)
    if payer is not None and visit.may_be_paid_by(payer):
        return before
    return charge(status, visit, passes, trial=trial)


def _without(charge: Charge, passes: Iterable[Subscription]) -> list[Subscription]:
    """The passes as if the visit had not been charged."""
    return [sub.with_visit_back() if sub.id == charge.subscription_id else sub for sub in passes]


def _sort_key(candidate: Subscription) -> tuple[Any, ...]:
    terms = terms_key(candidate.visits, candidate.valid_until, candidate.group_ids)
    return *terms, candidate.sold_on, candidate.created_at, candidate.id


def terms_key(
    visits: int | None, valid_until: date | None, group_ids: Collection[GroupId]
) -> tuple[Any, ...]:
    """By which of several candidates one pays first; ties by when they were sold."""
    # no groups: it is for all
    return visits is not None, valid_until or date.max, len(group_ids) or float("inf")
