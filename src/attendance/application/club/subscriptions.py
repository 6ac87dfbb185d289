"""Subscriptions: selling, listing, showing and editing them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Unpack

from attendance.application.attendance.charging import settle_unpaid as settle
from attendance.application.club.read_models import SubscriptionDetails
from attendance.application.editing import change_context, edit
from attendance.application.field_errors import NOBODY, record_errors
from attendance.application.listing import Listed, listed
from attendance.application.pagination import parse_sort
from attendance.application.ports import Clock, NewId, Store, Today, UnitOfWork
from attendance.application.ports.club import SubscriptionCriteria
from attendance.application.retrying import retried
from attendance.domain.club.clients import ClientArchived, ClientNotFound, is_own
from attendance.domain.club.prices import NotOnSale
from attendance.domain.club.subscriptions import (
    OthersContract,
    Subscription,
    SubscriptionChanges,
    SubscriptionState,
    fault_in_discount,
    sold,
)
from attendance.domain.errors import FieldError
from attendance.domain.events import Event
from attendance.domain.ids import ClientId, ContractId, PriceId, SubscriptionId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import may_sell_anything, require_level
from attendance.domain.permissions.table import Permission
from attendance.domain.text import raise_if_errors

SUBSCRIPTIONS_SORT = ("starts_on", "ends_on", "sold_on")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSubscriptions:
    """Subscriptions by the day of sale unless `sort` says otherwise; their state is that of today.

    With `page` (from 1) 20 of them, otherwise all. Raises Invalid, Forbidden.
    """

    store: Store
    today: Today

    def __call__(
        self,
        actor: Actor,
        *,
        page: int | None = None,
        sort: str = "",
        client_id: ClientId | None = None,
        contract_id: ContractId | None = None,
        state: SubscriptionState | None = None,
    ) -> Listed[SubscriptionDetails]:
        order, today = parse_sort(sort or "sold_on", SUBSCRIPTIONS_SORT), self.today()
        criteria = SubscriptionCriteria(on=today, client_id=client_id, contract_id=contract_id, state=state)
        return listed(
            self.store,
            lambda: require_level(actor, Permission.LIST_SUBSCRIPTIONS),
            order=order,
            page=page,
            count=lambda work: work.subscriptions.count(criteria),
            rows=lambda work, page_request: work.subscriptions.list(criteria, page_request),
            details=lambda subscription: SubscriptionDetails.of(subscription, today),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionsOfClient:
    """All subscriptions of one client, by the day of sale. Raises Forbidden, ClientNotFound."""

    store: Store
    today: Today

    @retried
    def __call__(self, actor: Actor, *, client_id: ClientId) -> Listed[SubscriptionDetails]:
        with self.store.autocommit() as work:
            client = work.clients.find(client_id)
        own = is_own(actor, client)

        def permitted() -> None:
            require_level(actor, Permission.READ_CLIENT, own=own)
            if client is None:
                raise ClientNotFound

        today = self.today()
        criteria = SubscriptionCriteria(on=today, client_id=client_id)
        return listed(
            self.store,
            permitted,
            order=parse_sort("sold_on", SUBSCRIPTIONS_SORT),
            page=None,
            count=lambda work: work.subscriptions.count(criteria),
            rows=lambda work, page_request: work.subscriptions.list(criteria, page_request),
            details=lambda subscription: SubscriptionDetails.of(subscription, today),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SellSubscription:
    """Sell a client a pass at a price, from today on unless other days are given.

    It must be on sale today and on the day of sale, which may be past. `settle_unpaid`: it pays for the
    client's unpaid visits that it covers, oldest first. Raises Invalid, Forbidden, ClientNotFound,
    PriceNotFound, ContractNotFound, ClientArchived, NotOnSale (below level 5), OthersContract.
    """

    store: Store
    clock: Clock
    today: Today
    new_id: NewId

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        sold_on = fields.get("sold_on")
        found = (
            fault_in_discount(fields.get("discount_percent", 0)),
            FieldError("sold_on", "must not be in the future")
            if sold_on and sold_on > self.today()
            else None,
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
        starts_on: date | None = None,
        settle_unpaid: bool = False,
    ) -> SubscriptionDetails:
        today = self.today()
        sold_on = sold_on or today
        given = {"discount_percent": discount_percent, "sold_on": sold_on}
        raise_if_errors(*self.errors_in(given))
        require_level(actor, Permission.SELL_SUBSCRIPTION)
        does = change_context(self, actor)
        with self.store.transaction() as work:
            client, price = work.clients.get_for_update(client_id), work.prices.get(price_id)
            _require_own_contract(work, contract_id, client_id)
            if not client.active:
                raise ClientArchived
            is_on_sale = price.is_on_sale(sold_on) and price.is_on_sale(today)
            if not is_on_sale and not may_sell_anything(actor):
                raise NotOnSale
            subscription = sold(
                price,
                subscription_id=SubscriptionId(self.new_id()),
                client_id=client_id,
                contract_id=contract_id,
                discount_percent=discount_percent,
                sold_on=sold_on,
                starts_on=starts_on or sold_on,
                at=does.at,
            )
            work.subscriptions.add(subscription)
            work.events.add(subscription.sold(does))
            if settle_unpaid:
                subscription = settle(work, subscription, does)
        return SubscriptionDetails.of(subscription, today)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowSubscription:
    """One subscription. Raises Forbidden, SubscriptionNotFound."""

    store: Store
    today: Today

    @retried
    def __call__(self, actor: Actor, *, subscription_id: SubscriptionId) -> SubscriptionDetails:
        require_level(actor, Permission.READ_SUBSCRIPTION)
        with self.store.autocommit() as work:
            return SubscriptionDetails.of(work.subscriptions.get(subscription_id), self.today())


@dataclass(frozen=True, slots=True, kw_only=True)
class EditSubscription:
    """Change what is named, as long as the visits charged to it stay inside.

    `versions`: those the caller has seen, None for any. Raises Invalid, Forbidden, SubscriptionNotFound,
    ContractNotFound, Outdated, OthersContract, FreezesOverlap, FreezeAfterEnd, VisitsOutside.
    """

    store: Store
    clock: Clock
    today: Today
    new_id: NewId

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        usual = {"sold_on": date.min, "starts_on": date.min, "amount": Decimal(0), "currency": "EUR"}
        return record_errors(Subscription, fields, client_id=NOBODY, price_id=NOBODY, **usual)

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
            # whatever charges one of the client's passes holds the client, too
            client_id = work.clients.get_for_update(work.subscriptions.get(subscription_id).client_id).id

            def revised(before: Subscription) -> tuple[Subscription, Event | None]:
                if changes.get("contract_id") != before.contract_id:
                    _require_own_contract(work, changes.get("contract_id"), client_id)
                charged_on = work.subscriptions.days_charged(subscription_id)
                return before.edited(changes, change_context(self, actor), charged_on=charged_on)

            subscription = edit(work, work.subscriptions, subscription_id, versions, revised)
        return SubscriptionDetails.of(subscription, self.today())


def _require_own_contract(work: UnitOfWork, contract_id: ContractId | None, client_id: ClientId) -> None:
    """Raise ContractNotFound, or OthersContract for one with another client."""
    if contract_id is not None and work.contracts.get(contract_id).client_id != client_id:
        raise OthersContract
