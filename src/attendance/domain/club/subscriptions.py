"""Subscriptions: passes that were sold, which visits they cover and for how long."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypedDict

from attendance.domain.club.currencies import rounded
from attendance.domain.club.prices import Price
from attendance.domain.dates import ONE_DAY, Period, is_within
from attendance.domain.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    error_if,
    raise_if_errors,
)
from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import ClientId, ContractId, GroupId, PriceId, SubscriptionId
from attendance.domain.revisions import RecordFields, created, edited

MOST_FREEZES = 100
MOST_DATES_NAMED = 10


class SubscriptionNotFound(NotFound):
    text = "subscription not found"


class OthersContract(Conflict):
    """The contract is not one of the client to whom the pass is sold."""

    text = "contract belongs to another client"
    code = "contract_of_another_client"


class DiscountForbidden(Forbidden):
    """Only managers and above give a discount."""


class SoldTooLongAgo(Forbidden):
    """The day of a sale is further back than somebody of this level may say."""

    text = "sold too long ago"


class FreezesOverlap(Conflict):
    """Two freezes have a day in common."""

    text = "freezes overlap"


class FreezeAfterEnd(Conflict):
    """A freeze begins after the subscription's last day."""

    text = "freeze starts after the subscription ends"


class FreezeBeforeStart(Conflict):
    """A freeze is over before the subscription's first day."""

    text = "freeze ends before the subscription begins"


class OutsideFreeze(Conflict):
    """The pass is to run again on a day on which this freeze does not suspend it."""

    text = "not a day of the freeze"


class VisitsOutside(Conflict):
    """Visits that the pass has paid for would no longer be covered, on `days`, in order.

    The text names the first 10 of them.
    """

    text = "visits are charged to it"
    code = "visits_outside_subscription"

    def __init__(self, days: Collection[date]) -> None:
        self.days = tuple(sorted(days))
        named = ", ".join(map(str, self.days[:MOST_DATES_NAMED]))
        more = len(days) - MOST_DATES_NAMED
        super().__init__(f"{type(self).text} on {named}{f' and {more} more' if more > 0 else ''}")


class SubscriptionState(StrEnum):
    """`pending`: not begun. `used_up`: no visit is left. `expired`: its last day is over."""

    PENDING = "pending"
    ACTIVE = "active"
    FROZEN = "frozen"
    USED_UP = "used_up"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Freeze(Period):
    """A pass is suspended from `since` to `until`, both included, and runs as many days longer."""

    since: date
    until: date

    def __post_init__(self) -> None:
        raise_if_errors(error_if(self.until < self.since, "freezes.until", "must not be before from"))


class SubscriptionChanges(TypedDict, total=False):
    """The fields to change; others stay as they are. What was sold cannot be changed."""

    ends_on: date | None
    freezes: tuple[Freeze, ...]
    cancelled_on: date | None
    contract_id: ContractId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFields(RecordFields):
    """What a subscription and what is shown of it have in common.

    `price_name`: what the price was called when it was sold. For so many `visits` (None: any number), at most
    `visits_per_week` of them to lessons of one ISO week (None: any number), in the groups of `group_ids`
    (empty: all), from `starts_on` to `ends_on` (None: open end), both included, and as many days longer as it
    is frozen; `cancelled_on` is the last day it covers.
    """

    id: SubscriptionId
    client_id: ClientId
    price_id: PriceId
    price_name: str
    contract_id: ContractId | None = None
    sold_on: date
    amount: Decimal
    currency: str
    discount_percent: int = 0
    visits: int | None = None
    visits_per_week: int | None = None
    group_ids: tuple[GroupId, ...] = ()
    charges_absence: bool = True
    starts_on: date
    ends_on: date | None = None
    freezes: tuple[Freeze, ...] = ()
    cancelled_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(SubscriptionFields):
    """A pass as it was sold: later changes of its price do not affect it.

    `charged`: how many visits it had paid for when it was read. `charged_in_week`: how many of them in the
    week it was read for; 0 where it was read for none, or has no `visits_per_week`. Raises Invalid,
    FreezesOverlap, FreezeAfterEnd.
    """

    charged: int = 0
    charged_in_week: int = 0

    def __post_init__(self) -> None:
        raise_if_errors(
            discount_error(self.discount_percent),
            error_if(
                self.ends_on is not None and self.ends_on < self.starts_on,
                "ends_on",
                "must not be before starts_on",
            ),
            error_if(len(self.freezes) > MOST_FREEZES, "freezes", f"must be at most {MOST_FREEZES}"),
        )
        # in a fixed order: the same freezes in another order are no change
        object.__setattr__(self, "freezes", tuple(sorted(self.freezes)))
        for n, freeze in enumerate(self.freezes):
            if n and freeze.since <= self.freezes[n - 1].until:
                raise FreezesOverlap
            end = _last_day(self.starts_on, self.ends_on, self.freezes[:n])
            if end is not None and freeze.since > end:
                raise FreezeAfterEnd
        _last_day(self.starts_on, self.ends_on, self.freezes)

    @property
    def amount_due(self) -> Decimal:
        """The amount less the discount, rounded to the minor unit, half up."""
        return rounded(self.amount * (100 - self.discount_percent) / 100, self.currency)

    @property
    def valid_until(self) -> date | None:
        """The last day on which it runs, freezes included, were it not cancelled; None: open end."""
        return _last_day(self.starts_on, self.ends_on, self.freezes)

    @property
    def visits_left(self) -> int | None:
        """How many visits it can still pay for; None: any number."""
        return None if self.visits is None else self.visits - self.charged

    @property
    def is_week_full(self) -> bool:
        """Whether it has paid for as many visits as it may in the week it was read for."""
        return self.visits_per_week is not None and self.charged_in_week >= self.visits_per_week

    @property
    def last_day(self) -> date | None:
        """The last day it covers: `valid_until`, or `cancelled_on` if that is earlier; None: open end."""
        return min((day for day in (self.valid_until, self.cancelled_on) if day), default=None)

    def runs_between(self, since: date, until: date) -> bool:
        """Whether it has begun and is not over on some day from `since` to `until`, frozen or not."""
        last = self.last_day
        return self.starts_on <= until and (last is None or last >= max(since, self.starts_on))

    def with_visit_back(self) -> "Subscription":
        """The pass as if it had not paid for one of the visits in the week it was read for."""
        return replace(self, charged=self.charged - 1, charged_in_week=max(self.charged_in_week - 1, 0))

    def covers(self, day: date) -> bool:
        """Whether it runs on a day: begun, not expired, not frozen, not cancelled."""
        return (
            is_within(day, self.starts_on, self.valid_until)
            and is_within(day, None, self.cancelled_on)
            and not any(freeze.covers(day) for freeze in self.freezes)
        )

    def freezes_with_end(self, since: date, *, runs_again_on: date) -> tuple[Freeze, ...]:
        """The freezes when the one that begins on `since` is over before another day, or gone on its first.

        Raises OutsideFreeze where no such freeze has that day.
        """
        ending = next((it for it in self.freezes if it.since == since and it.covers(runs_again_on)), None)
        if ending is None:
            raise OutsideFreeze
        others = tuple(it for it in self.freezes if it is not ending)
        if runs_again_on == since:
            return others
        return (*others, Freeze(since=since, until=runs_again_on - ONE_DAY))

    def is_for(self, group_id: GroupId) -> bool:
        """Whether it pays for visits to this group."""
        return not self.group_ids or group_id in self.group_ids

    def state(self, on: date) -> SubscriptionState:
        """The state on a day; of several that apply, the first of cancelled, used up, expired, frozen."""
        if self.cancelled_on is not None and (on > self.cancelled_on or self.cancelled_on < self.starts_on):
            # before it begins, it is void from the start
            return SubscriptionState.CANCELLED
        if self.visits_left is not None and self.visits_left <= 0:
            return SubscriptionState.USED_UP
        if on > (self.valid_until or on):
            return SubscriptionState.EXPIRED
        if any(freeze.covers(on) for freeze in self.freezes):
            return SubscriptionState.FROZEN
        return SubscriptionState.PENDING if on < self.starts_on else SubscriptionState.ACTIVE

    def sold(self, change_context: ChangeContext) -> Event:
        return created(self, Action.SUBSCRIPTION_SOLD, change_context)

    def edited(
        self, changes: Mapping[str, Any], change_context: ChangeContext, *, charged_on: Collection[date]
    ) -> tuple["Subscription", Event | None]:
        """The subscription with these changes, and the event. `charged_on`: dates of visits it has paid for.

        Raises VisitsOutside where it would not cover one of them, and FreezeBeforeStart for a freeze that is
        new; there may be earlier ones like it.
        """
        after, event = edited(self, changes, Action.SUBSCRIPTION_EDITED, change_context)
        if any(each.until < self.starts_on for each in after.freezes if each not in self.freezes):
            raise FreezeBeforeStart
        if outside := {day for day in charged_on if not after.covers(day)}:
            raise VisitsOutside(outside)
        return after, event


def sold(
    price: Price,
    *,
    subscription_id: SubscriptionId,
    client_id: ClientId,
    contract_id: ContractId | None,
    discount_percent: int,
    sold_on: date,
    starts_on: date,
    at: datetime,
) -> Subscription:
    """A new subscription at this price, from `starts_on` on. Raises Invalid."""
    return Subscription(
        id=subscription_id,
        client_id=client_id,
        price_id=price.id,
        price_name=price.name,
        contract_id=contract_id,
        sold_on=sold_on,
        amount=price.amount,
        currency=price.currency,
        discount_percent=discount_percent,
        visits=price.visits,
        visits_per_week=price.visits_per_week,
        group_ids=price.group_ids,
        charges_absence=price.charges_absence,
        starts_on=starts_on,
        ends_on=end_of(starts_on, days=price.valid_days, months=price.valid_months),
        created_at=at,
        updated_at=at,
    )


def discount_error(percent: int) -> FieldError | None:
    return (
        None
        if 0 <= percent <= 100
        else FieldError("discount_percent", "must be a whole number from 0 to 100")
    )


def end_of(start: date, *, days: int | None, months: int | None) -> date | None:
    """The last day of a pass that is valid for days or months from `start` on, inclusive; neither: None.

    Of months: the day before the same day so many months later, or that month's last day where it has no such
    day. Raises Invalid beyond the end of the calendar.
    """
    try:
        if days is not None:
            return start + timedelta(days=days - 1)
        if months is None:
            return None
        year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
        last = date(year + month // 11, (month + 1) % 12 + 1, 1) - ONE_DAY
        return last if start.day > last.day else last.replace(day=start.day) - ONE_DAY
    except (OverflowError, ValueError) as error:
        raise Invalid(FieldError("starts_on", "is too late")) from error


def _last_day(start: date, end: date | None, freezes: Iterable[Freeze]) -> date | None:
    """The last day on which a pass runs, with these freezes, which are in order. Raises Invalid."""
    if end is None:
        return None
    last = end
    try:
        for freeze in freezes:
            if freeze.since <= last and freeze.until >= start:
                last += freeze.until - max(freeze.since, start) + ONE_DAY
    except OverflowError as error:
        raise Invalid(FieldError("freezes", "last too long")) from error
    return last
