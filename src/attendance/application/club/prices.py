"""Prices: adding, listing, showing and editing them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Unpack

from attendance.application.club.read_models import PriceDetails
from attendance.application.editing import change_context, edit
from attendance.application.listing import Listed, listed
from attendance.application.pagination import parse_sort
from attendance.application.ports import Clock, NewId, Store, Today, UnitOfWork
from attendance.application.ports.club import PriceCriteria
from attendance.application.retrying import retried
from attendance.domain.club.groups import GroupNotFound
from attendance.domain.club.prices import Price, PriceChanges, PriceNotFound
from attendance.domain.events import Event
from attendance.domain.ids import GroupId, PriceId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level, sees_all_prices
from attendance.domain.permissions.table import Permission

PRICES_SORT = ("name", "amount")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListPrices:
    """List prices, by name unless `sort` says otherwise; ties by id.

    For anybody (`actor` None: not signed in) those on sale today, without notes; all of them for whoever may
    edit prices. `sort`: fields with commas, `-` before one for descending order, of `name`, `amount`. `page`
    (from 1): that page of 20; None: the whole list. Raises Invalid.
    """

    store: Store
    today: Today

    def __call__(
        self, actor: Actor | None, *, page: int | None = None, sort: str = ""
    ) -> Listed[PriceDetails]:
        order = parse_sort(sort or "name", PRICES_SORT)
        criteria = PriceCriteria(on_sale_on=None if sees_all_prices(actor) else self.today())
        return listed(
            self.store,
            lambda: None,
            order=order,
            page=page,
            count=lambda work: work.prices.count(criteria),
            rows=lambda work, page_request: work.prices.list(criteria, page_request),
            details=lambda price: PriceDetails.of(price, actor),
            hidden=PriceDetails.hidden(actor),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddPrice:
    """Add a price and return it. `fields` are those of `PriceChanges`; name, amount, currency are required.

    Raises Invalid, Forbidden, and GroupNotFound where one of `group_ids` does not exist.
    """

    store: Store
    clock: Clock
    new_id: NewId

    @retried
    def __call__(self, actor: Actor, **fields: Unpack[PriceChanges]) -> PriceDetails:
        now = self.clock()
        values: dict[str, Any] = {**fields}
        price = Price(**values, id=PriceId(self.new_id()), created_at=now, updated_at=now)
        require_level(actor, Permission.ADD_PRICE)
        with self.store.transaction() as work:
            _require_groups(work, price.group_ids)
            work.prices.add(price)
            work.events.add(price.added(change_context(self, actor)))
        return PriceDetails.of(price, actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowPrice:
    """Return one price: for anybody (`actor` None: not signed in) one on sale today, without notes.

    Whoever may edit prices sees them all. Raises PriceNotFound.
    """

    store: Store
    today: Today

    @retried
    def __call__(self, actor: Actor | None, *, price_id: PriceId) -> PriceDetails:
        with self.store.autocommit() as work:
            price = work.prices.get(price_id)
        if not sees_all_prices(actor) and not price.is_on_sale(self.today()):
            raise PriceNotFound
        return PriceDetails.of(price, actor)


@dataclass(frozen=True, slots=True, kw_only=True)
class EditPrice:
    """Change the given fields of a price, those of `PriceChanges`, and return it.

    The same values again change nothing. Subscriptions sold before stay as they are. `versions`: refuse
    unless the stored version is one of these; None: any. Raises Invalid, Forbidden, PriceNotFound, Outdated,
    and GroupNotFound where one of `group_ids` does not exist.
    """

    store: Store
    clock: Clock
    new_id: NewId

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        price_id: PriceId,
        versions: Collection[int] | None = None,
        **changes: Unpack[PriceChanges],
    ) -> PriceDetails:
        require_level(actor, Permission.EDIT_PRICE)
        with self.store.transaction() as work:

            def edited(before: Price) -> tuple[Price, Event | None]:
                after, event = before.edited(changes, change_context(self, actor))
                _require_groups(work, after.group_ids)
                return after, event

            return PriceDetails.of(edit(work, work.prices, price_id, versions, edited), actor)


def _require_groups(work: UnitOfWork, group_ids: Collection[GroupId]) -> None:
    """Raise GroupNotFound unless all of these exist."""
    if len(work.groups.existing_ids(group_ids)) < len({*group_ids}):
        raise GroupNotFound
