"""Passes as those who run a club look at them: what was sold, what ends, and what no pass has paid for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import TypeVar

from attendance.application.forms.listing import Listed, Reading
from attendance.application.forms.use_case import DatedQuery, Query
from attendance.application.pagination import NumberedPage, PageChoice, numbered, validate_range
from attendance.application.ports import PassOfClient, UnpaidOfClient
from attendance.domain.dates import length_error
from attendance.domain.errors import Forbidden, raise_if_errors
from attendance.domain.ids import ClientId, SubscriptionId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require, require_level, sees_all_groups, sees_sales
from attendance.domain.permissions.table import Permission
from attendance.domain.reporting.ending_passes import SOON, Ending, ending_passes

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class SaleDetails:
    """A pass that was sold, and to whom; `amount_due` is what it cost after the discount."""

    subscription_id: SubscriptionId
    client_id: ClientId
    client_name: str
    price_name: str
    sold_on: date
    discount_percent: int
    amount_due: Decimal
    currency: str

    @classmethod
    def of(cls, row: PassOfClient) -> "SaleDetails":
        sold = row.subscription
        return cls(
            subscription_id=sold.id,
            client_id=sold.client_id,
            client_name=row.client_name,
            price_name=sold.price_name,
            sold_on=sold.sold_on,
            discount_percent=sold.discount_percent,
            amount_due=sold.amount_due,
            currency=sold.currency,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesOfPrice:
    """How many passes were sold at a price, by what it was called then, and for how much in all."""

    price_name: str
    currency: str
    number: int
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class SalesList:
    """What was sold in a range, both ends included: in all by currency, by price, and one by one.

    `by_price` has the largest amount first. `today` is the club's.
    """

    today: date
    since: date
    until: date
    totals: Mapping[str, Decimal]
    by_price: tuple[SalesOfPrice, ...]
    rows: Listed[SaleDetails]

    @classmethod
    def of(
        cls,
        sales: tuple[SaleDetails, ...],
        *,
        today: date,
        since: date,
        until: date,
        page: NumberedPage | None,
    ) -> "SalesList":
        return cls(
            today=today,
            since=since,
            until=until,
            totals=_totals(sales),
            by_price=_by_price(sales),
            rows=Listed.of_rows(sales, page),
        )

    def up_to(self, day: date) -> "SalesList":
        """What was sold from `since` to a day that is in the range; of a list that is whole."""
        sales = tuple(sale for sale in self.rows if sale.sold_on <= day)
        return SalesList.of(sales, today=self.today, since=self.since, until=day, page=None)


class ListSales(DatedQuery):
    """List the passes sold from `since` to `until`, both included, the newest first.

    `since`: the first day of the month of `until` unless given; `until`: today unless given; at most 366
    days. Void passes are no sale. `page` (from 1): that page of 20; None: the whole list. For head managers
    and above. Raises Invalid, Forbidden.
    """

    def __call__(
        self,
        actor: Actor,
        *,
        since: date | None = None,
        until: date | None = None,
        page: PageChoice = None,
    ) -> SalesList:
        today = self.today()
        validate_range(since, until)
        last = until or max(today, since or today)
        first = since or last.replace(day=1)
        raise_if_errors(length_error("to", first, last))
        chosen = numbered(page)
        require(sees_sales(actor), Forbidden)
        rows = Reading(self.store).one(lambda work: work.statistics.passes_sold(first, last))
        sales = tuple(map(SaleDetails.of, rows))
        return SalesList.of(sales, today=today, since=first, until=last, page=chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndingPassDetails:
    """A pass at its end, why, and whose it is.

    `last_day` None: open end. `visits_left` None: any number.
    """

    subscription_id: SubscriptionId
    client_id: ClientId
    client_name: str
    price_name: str
    why: Ending
    last_day: date | None
    visits: int | None
    visits_left: int | None


class ListEndingPasses(DatedQuery):
    """List passes that are used up, have ended in the last 14 days, or end in the next 14 days or 2 visits.

    Those of active clients that no later pass of the client for the same groups follows. The most urgent
    first, by reason, last day and the client's name; ties by id. `page` (from 1): that page of 20; None: the
    whole list. Raises Invalid, Forbidden.
    """

    def __call__(self, actor: Actor, *, page: PageChoice = None) -> Listed[EndingPassDetails]:
        today, chosen = self.today(), numbered(page)
        require_level(actor, Permission.LIST_SUBSCRIPTIONS)
        since = today - min(SOON, today - date.min)
        rows = Reading(self.store).one(lambda work: work.statistics.passes_not_over(since))
        return Listed.of_rows(_ending(rows, today), chosen)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpaidList:
    """How many visits are unpaid in all, and whose they are."""

    visits: int
    rows: Listed[UnpaidOfClient]


class ListUnpaid(Query):
    """List the clients with unpaid visits, those with the most first, by name where they are alike.

    With how many there are in all. `page` (from 1): that page of 20; None: the whole list. For managers and
    above. Raises Invalid, Forbidden.
    """

    def __call__(self, actor: Actor, *, page: PageChoice = None) -> UnpaidList:
        chosen = numbered(page)
        require(sees_all_groups(actor), Forbidden)
        rows = Reading(self.store).one(lambda work: work.statistics.unpaid_by_client())
        # they come by name
        most_first = tuple(sorted(rows, key=lambda row: -row.visits))
        return UnpaidList(visits=sum(row.visits for row in rows), rows=Listed.of_rows(most_first, chosen))


def _ending(rows: Iterable[PassOfClient], today: date) -> tuple[EndingPassDetails, ...]:
    found: list[EndingPassDetails] = []
    for (client_id, name), of_client in groupby(
        rows, key=lambda row: (row.subscription.client_id, row.client_name)
    ):
        passes = [row.subscription for row in of_client]
        found += (
            EndingPassDetails(
                subscription_id=sold.id,
                client_id=client_id,
                client_name=name,
                price_name=sold.price_name,
                why=why,
                last_day=sold.last_day,
                visits=sold.visits,
                visits_left=sold.visits_left,
            )
            for sold, why in ending_passes(passes, today)
        )
    urgency = [*Ending]
    # they come by name
    return tuple(sorted(found, key=lambda each: (urgency.index(each.why), each.last_day or date.max)))


def _totals(sales: Iterable[SaleDetails]) -> Mapping[str, Decimal]:
    totals: dict[str, Decimal] = {}
    for sale in sales:
        totals[sale.currency] = totals.get(sale.currency, Decimal()) + sale.amount_due
    return dict(sorted(totals.items()))


def _by_price(sales: Iterable[SaleDetails]) -> tuple[SalesOfPrice, ...]:
    amounts: dict[tuple[str, str], list[Decimal]] = {}
    for sale in sales:
        amounts.setdefault((sale.price_name, sale.currency), []).append(sale.amount_due)
    rows = (
        SalesOfPrice(price_name=name, currency=currency, number=len(each), amount=sum(each, Decimal()))
        for (name, currency), each in amounts.items()
    )
    return tuple(sorted(rows, key=lambda row: (row.currency, -row.amount, row.price_name)))
