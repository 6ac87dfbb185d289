"""Prices: adding, listing, showing and editing them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar, Unpack

from attendance.application.forms.field_errors import record_errors, unknown_errors
from attendance.application.forms.listing import Listed, Reading
from attendance.application.forms.read_models import read_model
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command, DatedQuery
from attendance.application.pagination import PageChoice
from attendance.application.ports.club import PRICES, PriceCriteria
from attendance.domain.club.prices import Price, PriceChanges, PriceFields, PriceNotFound
from attendance.domain.errors import FieldError, raise_if_errors
from attendance.domain.ids import PriceId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level, sees_all_prices
from attendance.domain.permissions.table import Permission, allows


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDetails(PriceFields):
    """A price; `notes` are None for whoever may not edit prices."""

    notes: str | None

    @classmethod
    def of(cls, price: Price, actor: Actor | None) -> "PriceDetails":
        return read_model(cls, price, cls.hidden(actor))

    @staticmethod
    def hidden(actor: Actor | None) -> tuple[str, ...]:
        return () if sees_all_prices(actor) else ("notes",)


class ListPrices(DatedQuery):
    """List prices, by name unless `sort` says otherwise; ties by id.

    For anybody (`actor` None: not signed in) those on sale today, without notes; all of them for whoever may
    edit prices. `sort`: fields with commas, `-` before one for descending order, of `name`, `amount`. `page`
    (from 1): that page of 20; None: the whole list. Raises Invalid.
    """

    def __call__(
        self, actor: Actor | None, *, page: PageChoice = None, sort: str = ""
    ) -> Listed[PriceDetails]:
        criteria = PriceCriteria(on_sale_on=None if sees_all_prices(actor) else self.today())
        return self._listed(
            PRICES,
            criteria,
            lambda price: PriceDetails.of(price, actor),
            page=page,
            sort=sort or "name",
            hidden=PriceDetails.hidden(actor),
        )


class PriceCommand(Command):
    """A use case that is given fields of a price; groups are looked up only for who has the `permission`."""

    permission: ClassVar[Permission]

    def errors_in(self, fields: Mapping[str, Any], *, actor: Actor) -> list[FieldError]:
        # of all currencies one with the most digits, so that an amount is told apart from its currency
        errors = record_errors(Price, fields, name="x", amount=Decimal(0), currency="CLF")
        group_ids = fields.get("group_ids", ())
        if group_ids and allows(self.permission, actor.level):
            known = Reading(self.store).deciding(lambda work: work.groups.existing_ids(group_ids))
            errors += unknown_errors("group_ids", group_ids, known, "group")
        return errors


class AddPrice(PriceCommand):
    """Add a price and return it. `fields` are those of `PriceChanges`; name, amount, currency are required.

    Raises Invalid, also for a group that does not exist, Forbidden.
    """

    permission = Permission.ADD_PRICE

    @retried
    def __call__(self, actor: Actor, **fields: Unpack[PriceChanges]) -> PriceDetails:
        raise_if_errors(*self.errors_in(fields, actor=actor))
        price = Price(**self._new_record(fields))
        require_level(actor, self.permission)
        with self.store.transaction() as work:
            work.prices.add(price)
            work.events.add(price.added(self._change_context(actor)))
        return PriceDetails.of(price, actor)


class ShowPrice(DatedQuery):
    """Return one price: for anybody (`actor` None: not signed in) one on sale today, without notes.

    Whoever may edit prices sees them all. Raises PriceNotFound.
    """

    @retried
    def __call__(self, actor: Actor | None, *, price_id: PriceId) -> PriceDetails:
        price = self._stored(PRICES, price_id)
        if not sees_all_prices(actor) and not price.is_on_sale(self.today()):
            raise PriceNotFound
        return PriceDetails.of(price, actor)


class EditPrice(PriceCommand):
    """Change the given fields of a price, those of `PriceChanges`, and return it.

    The same values again change nothing. Subscriptions sold before stay as they are. `versions`: refuse
    unless the stored version is one of these; None: any. Raises Invalid, also for a group that does
    not exist, Forbidden, PriceNotFound, Outdated.
    """

    permission = Permission.EDIT_PRICE

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        price_id: PriceId,
        versions: Collection[int] | None = None,
        **changes: Unpack[PriceChanges],
    ) -> PriceDetails:
        raise_if_errors(*self.errors_in(changes, actor=actor))
        require_level(actor, self.permission)
        price = self._edit(actor, PRICES, price_id, versions, changes)
        return PriceDetails.of(price, actor)
