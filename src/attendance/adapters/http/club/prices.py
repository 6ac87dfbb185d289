"""Prices."""

import datetime as dt
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from attendance.adapters.http.club.clients import Notes
from attendance.adapters.http.server.authentication import FromCaller, for_anybody, permitted
from attendance.adapters.http.server.changes import changes_in
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.etag import Versions, etag
from attendance.adapters.http.server.exports import Format, InFormat
from attendance.adapters.http.server.fields import line
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.lists import Paged, PageNumber, Sort, listing
from attendance.adapters.http.server.paths import API
from attendance.adapters.http.server.strict_json import StrictJson
from attendance.application.club.read_models import PriceDetails
from attendance.application.use_cases import UseCases
from attendance.domain.club.prices import (
    LONGEST_DAYS,
    LONGEST_MONTHS,
    LONGEST_PRICE_NAME,
    MOST_GROUPS,
    MOST_VISITS,
)
from attendance.domain.ids import PriceId
from attendance.domain.permissions.table import Permission

TAGS = ["Prices"]
PRICE = f"{API}/prices/{{price_id:str}}"
CLEARED = {"group_ids": [], "notes": ""}

Name = Annotated[str, line(LONGEST_PRICE_NAME, shortest=1)]
Amount = Annotated[
    str,
    msgspec.Meta(
        # to Python `$` is also where a newline follows
        pattern=r"^(0|[1-9][0-9]{0,12})(\.[0-9]{1,4})?$(?!\n)",
        description='As a text: "80.00".',
    ),
]
Currency = Annotated[str, msgspec.Meta(pattern=r"^[A-Z]{3}$", description="ISO 4217.")]
Visits = Annotated[int, msgspec.Meta(ge=1, le=MOST_VISITS)]
Days = Annotated[int, msgspec.Meta(ge=1, le=LONGEST_DAYS)]
Months = Annotated[int, msgspec.Meta(ge=1, le=LONGEST_MONTHS)]
Groups = Annotated[list[UUID], msgspec.Meta(max_length=MOST_GROUPS)]


class AddPriceBody(msgspec.Struct, forbid_unknown_fields=True):
    name: Name
    amount: Amount
    currency: Currency
    visits: Visits | msgspec.UnsetType | None = msgspec.UNSET
    valid_days: Days | msgspec.UnsetType | None = msgspec.UNSET
    valid_months: Months | msgspec.UnsetType | None = msgspec.UNSET
    group_ids: Groups | msgspec.UnsetType | None = msgspec.UNSET
    on_sale_from: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    on_sale_until: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    charges_absence: bool | msgspec.UnsetType = msgspec.UNSET
    notes: Notes | msgspec.UnsetType | None = msgspec.UNSET


class EditPriceBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays as it is; null clears."""

    name: Name | msgspec.UnsetType = msgspec.UNSET
    amount: Amount | msgspec.UnsetType = msgspec.UNSET
    currency: Currency | msgspec.UnsetType = msgspec.UNSET
    visits: Visits | msgspec.UnsetType | None = msgspec.UNSET
    valid_days: Days | msgspec.UnsetType | None = msgspec.UNSET
    valid_months: Months | msgspec.UnsetType | None = msgspec.UNSET
    group_ids: Groups | msgspec.UnsetType | None = msgspec.UNSET
    on_sale_from: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    on_sale_until: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    charges_absence: bool | msgspec.UnsetType = msgspec.UNSET
    notes: Notes | msgspec.UnsetType | None = msgspec.UNSET


class PriceView(msgspec.Struct, kw_only=True):
    """A price; `visits` null: any number; `notes` for those who keep the prices alone."""

    id: UUID
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int
    name: str
    amount: str
    currency: str
    visits: int | None
    valid_days: int | None
    valid_months: int | None
    group_ids: list[UUID]
    on_sale_from: dt.date | None
    on_sale_until: dt.date | None
    charges_absence: bool
    notes: str | msgspec.UnsetType = msgspec.UNSET


class PricesView(Paged, kw_only=True):
    prices: list[PriceView]


def price_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    @get(
        f"{API}/prices",
        sync_to_thread=True,
        responses=refusals(),
        tags=TAGS,
        **for_anybody(),
    )
    def list_prices(
        caller: FromCaller, page: PageNumber = None, sort: Sort = "", form: InFormat = Format.JSON
    ) -> Response[PricesView]:
        """What is on sale today, by name; `sort` knows name and amount. Who keeps the prices sees all."""
        listed = use_cases.list_prices(caller.actor_if_any(), page=page, sort=sort)
        return listing(PricesView, listed, _view, form)

    @post(
        f"{API}/prices",
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 415),
        tags=TAGS,
        **permitted(Permission.ADD_PRICE),
    )
    def add_price(caller: FromCaller, data: JSONBody[AddPriceBody]) -> Response[PriceView]:
        """Add a price."""
        return _shown(use_cases.add_price(caller.actor(), **_changes(data)), status=201)

    @get(PRICE, sync_to_thread=True, responses=refusals(404), tags=TAGS, **for_anybody())
    def show_price(caller: FromCaller, price_id: FromPath[str]) -> Response[PriceView]:
        """One price, on sale today; any for whoever keeps the prices."""
        return _shown(use_cases.show_price(caller.actor_if_any(), price_id=PriceId(sent_id(price_id))))

    @put(
        PRICE,
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 412, 415),
        tags=TAGS,
        **permitted(Permission.EDIT_PRICE),
    )
    def edit_price(
        caller: FromCaller, versions: Versions, price_id: FromPath[str], data: JSONBody[EditPriceBody]
    ) -> Response[PriceView]:
        """Change what is sent; what was sold stays as it was sold."""
        price = use_cases.edit_price(
            caller.actor(), price_id=PriceId(sent_id(price_id)), versions=versions, **_changes(data)
        )
        return _shown(price)

    return [list_prices, add_price, show_price, edit_price]


def _changes(data: msgspec.Struct) -> dict[str, Any]:
    changes = changes_in(data, CLEARED)
    if "amount" in changes:
        changes["amount"] = Decimal(changes["amount"])
    if "group_ids" in changes:
        changes["group_ids"] = tuple(changes["group_ids"])
    return changes


def _view(price: PriceDetails) -> PriceView:
    return PriceView(
        id=price.id,
        created_at=price.created_at,
        updated_at=price.updated_at,
        version=price.version,
        name=price.name,
        amount=str(price.amount),
        currency=price.currency,
        visits=price.visits,
        valid_days=price.valid_days,
        valid_months=price.valid_months,
        group_ids=[*price.group_ids],
        on_sale_from=price.on_sale_from,
        on_sale_until=price.on_sale_until,
        charges_absence=price.charges_absence,
        notes=msgspec.UNSET if price.notes is None else price.notes,
    )


def _shown(price: PriceDetails, *, status: int = 200) -> Response[PriceView]:
    where = {"Location": f"{API}/prices/{price.id}"} if status == 201 else {}
    return Response(_view(price), status_code=status, headers=etag(price.version) | where)
