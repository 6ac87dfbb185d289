"""Subscriptions: selling, listing, showing and editing them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Unpack

from attendance.application.attendance.charging import settle_unpaid_visits
from attendance.application.forms.client_access import readable_client
from attendance.application.forms.editing import edit
from attendance.application.forms.field_errors import NOBODY, record_errors
from attendance.application.forms.listing import Listed
from attendance.application.forms.read_models import read_model
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import DatedCommand, DatedQuery
from attendance.application.pagination import PageChoice
from attendance.application.ports import UnitOfWork
from attendance.application.ports.club import SUBSCRIPTIONS, SubscriptionCriteria
from attendance.domain.attendance.marks import MarkingRules
from attendance.domain.club.clients import Client, ClientArchived
from attendance.domain.club.prices import NotOnSale, Price
from attendance.domain.club.renewals import Start, start_after_current
from attendance.domain.club.subscriptions import (
    DiscountForbidden,
    OthersContract,
    SoldTooLongAgo,
    Subscription,
    SubscriptionChanges,
    SubscriptionFields,
    SubscriptionState,
    discount_error,
    sold,
)
from attendance.domain.errors import FieldError, error_if, raise_if_errors
from attendance.domain.events import Event
from attendance.domain.ids import ClientId, ContractId, PriceId, SubscriptionId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import may_discount, may_sell_anything, require, require_level
from attendance.domain.permissions.table import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionDetails(SubscriptionFields):
    """A subscription and its state today.

    `amount_due`: the amount less the discount. `visits_left` None: any number. `valid_until`: the last day it
    runs, freezes included, were it not cancelled; None: open end.
    """

    amount_due: Decimal
    visits_left: int | None
    valid_until: date | None
    state: SubscriptionState

    @classmethod
    def of(cls, subscription: Subscription, today: date) -> "SubscriptionDetails":
        return read_model(cls, subscription, state=subscription.state(today))


class ListSubscriptions(DatedQuery):
    """List subscriptions with their state today, by day of sale unless `sort` says otherwise; ties by id.

    `sort`: fields with commas, `-` before one for descending order, of `starts_on`, `ends_on`, `sold_on`;
    those with an open end come last. `client_id`, `client_ids`, `contract_id`, `state`: only those. `page`
    (from 1): that page of 20; None: the whole list. Raises Invalid, Forbidden.
    """

    def __call__(
        self,
        actor: Actor,
        *,
        page: PageChoice = None,
        sort: str = "",
        client_id: ClientId | None = None,
        client_ids: Collection[ClientId] | None = None,
        contract_id: ContractId | None = None,
        state: SubscriptionState | None = None,
    ) -> Listed[SubscriptionDetails]:
        today = self.today()
        criteria = SubscriptionCriteria(
            on=today,
            client_id=client_id,
            client_ids=None if client_ids is None else frozenset(client_ids),
            contract_id=contract_id,
            state=state,
        )
        return self._listed(
            SUBSCRIPTIONS,
            criteria,
            lambda subscription: SubscriptionDetails.of(subscription, today),
            permitted=lambda: require_level(actor, Permission.LIST_SUBSCRIPTIONS),
            page=page,
            sort=sort or "sold_on",
        )


class SubscriptionsOfClient(DatedQuery):
    """List all subscriptions of a client with their state today, by day of sale, ties by id.

    For employees, and for parents of their own clients. Raises Forbidden, ClientNotFound.
    """

    @retried
    def __call__(self, actor: Actor, *, client_id: ClientId) -> Listed[SubscriptionDetails]:
        today = self.today()
        criteria = SubscriptionCriteria(on=today, client_id=client_id)
        return self._listed(
            SUBSCRIPTIONS,
            criteria,
            lambda subscription: SubscriptionDetails.of(subscription, today),
            permitted=lambda: readable_client(self.store, actor, client_id),
            page=None,
            sort="sold_on",
        )


EARLIEST_START = date(2000, 1, 1)
MOST_YEARS_AHEAD = 10
"""A pass that is to begin before or later is mistyped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SellSubscription(DatedCommand):
    """Sell a client a pass at a price, and return the subscription.

    `sold_on`: today unless given, not in the future, and back as many days as the actor may mark a lesson
    (7 for employees, 60 for managers, which are settings; above them any). `starts_on`: `sold_on` unless
    given; `Start.AFTER_CURRENT`: the day after the last day of the client's passes for the same groups that
    are active, frozen or pending today, or today without one. Below level 5 the price must be on sale today
    and on `sold_on`. `discount_percent`: a whole number from 0 to 100, other than 0 from level 4 on.
    `settle_unpaid`: the pass pays for the client's unpaid visits that it covers, oldest first.
    `preview`: nothing is sold; return what would be, refused as the sale would be.

    Raises Invalid, Forbidden, DiscountForbidden, SoldTooLongAgo, ClientNotFound, PriceNotFound,
    ContractNotFound, ClientArchived, NotOnSale, OthersContract for a contract of another client, and
    CurrentHasNoEnd where the pass is to begin after one with an open end.
    """

    marking_rules: MarkingRules

    def allows_discount(self, actor: Actor) -> bool:
        """Whether the actor may sell for less than the price."""
        return may_discount(actor)

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        sold_on, starts_on, today = fields.get("sold_on"), fields.get("starts_on"), self.today()
        first_day = starts_on if isinstance(starts_on, date) else today
        found = (
            discount_error(fields.get("discount_percent", 0)),
            error_if(sold_on and sold_on > today, "sold_on", "must not be in the future"),
            error_if(first_day < EARLIEST_START, "starts_on", "must not be before 2000"),
            error_if(first_day.year > today.year + MOST_YEARS_AHEAD, "starts_on", "is too late"),
        )
        return [error for error in found if error]

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        client_id: ClientId,
        price_id: PriceId,
        contract_id: ContractId | None = None,
        discount_percent: int = 0,
        sold_on: date | None = None,
        starts_on: date | Start | None = None,
        settle_unpaid: bool = False,
        preview: bool = False,
    ) -> SubscriptionDetails:
        today = self.today()
        sold_on = sold_on or today
        given = {"discount_percent": discount_percent, "sold_on": sold_on, "starts_on": starts_on}
        raise_if_errors(*self.errors_in(given))
        require_level(actor, Permission.SELL_SUBSCRIPTION)
        require(discount_percent == 0 or may_discount(actor), DiscountForbidden)
        days = self.marking_rules.days_for(actor.level)
        require(days is None or (today - sold_on).days <= days, SoldTooLongAgo)
        context = self._change_context(actor)
        with self.store.transaction() as work:
            client, price = work.clients.get_for_update(client_id), work.prices.get(price_id)
            _require_own_contract(work, contract_id, client_id)
            _require_saleable(actor, client, price, sold_on=sold_on, today=today)
            if isinstance(starts_on, Start):
                # the client is locked: nobody sells another one meanwhile
                passes = work.subscriptions.of_clients([client_id], today, until=date.max)
                starts_on = start_after_current(price, passes, today=today)
            subscription = sold(
                price,
                subscription_id=SubscriptionId(self.new_id()),
                client_id=client_id,
                contract_id=contract_id,
                discount_percent=discount_percent,
                sold_on=sold_on,
                starts_on=starts_on or sold_on,
                at=context.at,
            )
            if preview:
                return SubscriptionDetails.of(subscription, today)
            work.subscriptions.add(subscription)
            work.events.add(subscription.sold(context))
            if settle_unpaid:
                subscription = settle_unpaid_visits(work, subscription, context)
        return SubscriptionDetails.of(subscription, today)


class ShowSubscription(DatedQuery):
    """Return one subscription with its state today. Raises Forbidden, SubscriptionNotFound."""

    @retried
    def __call__(self, actor: Actor, *, subscription_id: SubscriptionId) -> SubscriptionDetails:
        require_level(actor, Permission.READ_SUBSCRIPTION)
        return SubscriptionDetails.of(self._stored(SUBSCRIPTIONS, subscription_id), self.today())


class EditSubscription(DatedCommand):
    """Change the given fields of a subscription, those of `SubscriptionChanges`, and return it.

    The same values again change nothing. `versions`: refuse unless the stored version is one of these; None:
    any. Raises Invalid, Forbidden, SubscriptionNotFound, ContractNotFound, Outdated, OthersContract,
    FreezesOverlap, FreezeAfterEnd, FreezeBeforeStart, and VisitsOutside where it would no longer cover a
    visit it has paid for.
    """

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        of_sale = {"sold_on": date.min, "starts_on": date.min, "amount": Decimal(0), "currency": "EUR"}
        of_whom = {"client_id": NOBODY, "price_id": NOBODY, "price_name": ""}
        return record_errors(Subscription, fields, **of_whom, **of_sale)

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        subscription_id: SubscriptionId,
        versions: Collection[int] | None = None,
        **changes: Unpack[SubscriptionChanges],
    ) -> SubscriptionDetails:
        raise_if_errors(*self.errors_in(changes))
        require_level(actor, Permission.EDIT_SUBSCRIPTION)
        with self.store.transaction() as work:
            # whatever charges one of the client's passes locks the client, too
            client_id = work.clients.get_for_update(work.subscriptions.get(subscription_id).client_id).id

            def edited(before: Subscription) -> tuple[Subscription, Event | None]:
                if changes.get("contract_id") != before.contract_id:
                    _require_own_contract(work, changes.get("contract_id"), client_id)
                charged_on = work.subscriptions.days_charged(subscription_id)
                return before.edited(changes, self._change_context(actor), charged_on=charged_on)

            subscription = edit(work, work.subscriptions, subscription_id, versions, edited)
        return SubscriptionDetails.of(subscription, self.today())


class SettleUnpaidVisits(DatedCommand):
    """Let a pass pay for the client's unpaid visits that it covers, oldest first, and return the pass.

    As one that is sold with `settle_unpaid`: it pays while it has visits left, and of one week for at most
    `visits_per_week`; one that does not charge absences settles those free. Where it covers none nothing
    changes. Raises Forbidden, SubscriptionNotFound.
    """

    @retried
    def __call__(self, actor: Actor, *, subscription_id: SubscriptionId) -> SubscriptionDetails:
        require_level(actor, Permission.SELL_SUBSCRIPTION)
        context = self._change_context(actor)
        with self.store.transaction() as work:
            # nobody charges the client's passes meanwhile
            work.clients.get_for_update(work.subscriptions.get(subscription_id).client_id)
            subscription = work.subscriptions.get(subscription_id)
            subscription = settle_unpaid_visits(work, subscription, context)
        return SubscriptionDetails.of(subscription, self.today())


def _require_saleable(actor: Actor, client: Client, price: Price, *, sold_on: date, today: date) -> None:
    """Raise ClientArchived, or NotOnSale for a price that was not on sale on that day or is not any more."""
    if not client.active:
        raise ClientArchived
    is_on_sale = price.is_on_sale(sold_on) and price.is_on_sale(today)
    if not is_on_sale and not may_sell_anything(actor):
        raise NotOnSale


def _require_own_contract(work: UnitOfWork, contract_id: ContractId | None, client_id: ClientId) -> None:
    """Raise ContractNotFound, or OthersContract for one with another client."""
    if contract_id is not None and work.contracts.get(contract_id).client_id != client_id:
        raise OthersContract
