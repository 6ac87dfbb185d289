"""Prices."""

import datetime as dt
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from msgspec import UNSET

from attendance.adapters.http.server.answers import Paged, Resource, RevisionView, listing, resource
from attendance.adapters.http.server.bodies.meaning import Body, Clearable, Fields, Sent
from attendance.adapters.http.server.bodies.validation import formed
from attendance.adapters.http.server.callers.versions import Versions
from attendance.adapters.http.server.exports.tables import Format, InFormat
from attendance.adapters.http.server.fields.ids import AnyId
from attendance.adapters.http.server.fields.queries import PageNumber, Sort
from attendance.adapters.http.server.fields.texts import Notes, line
from attendance.adapters.http.server.operations.declaration import ANYBODY, Room
from attendance.application.use_cases import UseCases
from attendance.domain.club.prices import (
    LONGEST_DAYS,
    LONGEST_MONTHS,
    LONGEST_PRICE_NAME,
    MOST_GROUPS,
    MOST_VISITS,
)
from attendance.domain.ids import PriceId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

PRICE = "/prices/{price_id}"

Name = Annotated[str, line(LONGEST_PRICE_NAME, shortest=1)]
Amount = Annotated[
    str,
    formed(
        r"(0|[1-9][0-9]{0,12})(\.[0-9]{1,4})?",
        'an amount as a text, such as "80.00"',
        description='As a text: "80.00".',
        meaning=Decimal,
    ),
]
Currency = Annotated[
    str, formed("[A-Z]{3}", 'a currency of ISO 4217, such as "EUR"', description="ISO 4217.")
]

room = Room("Prices")


class EditPriceBody(Body):
    """What is left out stays as it is; null clears."""

    shown = ("name", "amount", "currency", "visits", "valid_months", "charges_absence", "notes")

    name: Sent[Name] = UNSET
    amount: Sent[Amount] = UNSET
    currency: Sent[Currency] = UNSET
    visits: Clearable[Annotated[int, msgspec.Meta(ge=1, le=MOST_VISITS)]] = UNSET
    visits_per_week: Clearable[Annotated[int, msgspec.Meta(ge=1, le=MOST_VISITS)]] = UNSET
    valid_days: Clearable[Annotated[int, msgspec.Meta(ge=1, le=LONGEST_DAYS)]] = UNSET
    valid_months: Clearable[Annotated[int, msgspec.Meta(ge=1, le=LONGEST_MONTHS)]] = UNSET
    group_ids: Clearable[Annotated[list[AnyId], msgspec.Meta(max_length=MOST_GROUPS)]] = UNSET
    on_sale_from: Clearable[dt.date] = UNSET
    on_sale_until: Clearable[dt.date] = UNSET
    charges_absence: Sent[bool] = UNSET
    notes: Clearable[Notes] = UNSET


class AddPriceBody(EditPriceBody, kw_only=True):
    name: Name
    amount: Amount
    currency: Currency


class PriceView(RevisionView, kw_only=True):
    """A price; `visits` null: any number, and so `visits_per_week`, of the lessons of an ISO week.

    `notes` for those who keep the prices alone.
    """

    name: str
    amount: Amount
    currency: str
    visits: int | None
    visits_per_week: int | None
    valid_days: int | None
    valid_months: int | None
    group_ids: list[UUID]
    on_sale_from: dt.date | None
    on_sale_until: dt.date | None
    charges_absence: bool
    notes: Sent[str] = UNSET


class PricesView(Paged, kw_only=True):
    prices: list[PriceView]


@room.operation("GET", "/prices", ANYBODY)
def list_prices(
    use_cases: UseCases,
    actor: Actor | None,
    page: PageNumber | None = None,
    sort: Sort = "",
    form: InFormat = Format.JSON,
) -> Response[PricesView]:
    """What is on sale today, by name; `sort` knows name and amount. Who keeps the prices sees all."""
    return listing(PricesView, use_cases.list_prices(actor, page=page, sort=sort), form)


@room.operation("POST", "/prices", Permission.ADD_PRICE)
def add_price(use_cases: UseCases, actor: Actor, fields: Fields[AddPriceBody]) -> Resource[PriceView]:
    """Add a price."""
    return resource(PriceView, use_cases.add_price(actor, **fields))


@room.operation("GET", PRICE, ANYBODY)
def show_price(use_cases: UseCases, actor: Actor | None, price_id: PriceId) -> Resource[PriceView]:
    """One price, on sale today; any for whoever keeps the prices."""
    return resource(PriceView, use_cases.show_price(actor, price_id=price_id))


@room.operation("PUT", PRICE, Permission.EDIT_PRICE)
def edit_price(
    use_cases: UseCases, actor: Actor, price_id: PriceId, versions: Versions, fields: Fields[EditPriceBody]
) -> Resource[PriceView]:
    """Change what is sent; what was sold stays as it was sold."""
    return resource(PriceView, use_cases.edit_price(actor, price_id=price_id, versions=versions, **fields))
