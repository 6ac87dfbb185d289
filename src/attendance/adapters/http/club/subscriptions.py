"""Subscriptions."""

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, QueryParameter

from attendance.adapters.http.club.clients import CLIENT
from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.changes import changes_in
from attendance.adapters.http.server.entries import entries
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.etag import Versions, etag
from attendance.adapters.http.server.exports import Format, InFormat
from attendance.adapters.http.server.fields import Text
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.lists import Paged, PageNumber, Sort, listing
from attendance.adapters.http.server.paths import API
from attendance.adapters.http.server.queries import ID, one_of
from attendance.adapters.http.server.strict_json import StrictJson
from attendance.application.club.read_models import SubscriptionDetails
from attendance.application.use_cases import UseCases
from attendance.domain.club.subscriptions import MOST_FREEZES, Freeze, SubscriptionState
from attendance.domain.ids import ClientId, ContractId, PriceId, SubscriptionId
from attendance.domain.permissions.table import Permission

TAGS = ["Subscriptions"]
SUBSCRIPTION = f"{API}/subscriptions/{{subscription_id:str}}"
IDS = {"client_id": ClientId, "price_id": PriceId, "contract_id": ContractId}

Percent = Annotated[int, msgspec.Meta(ge=0, le=100)]


class SellSubscriptionBody(msgspec.Struct, forbid_unknown_fields=True):
    """Sold today and from that day on unless other days are named."""

    client_id: Text
    price_id: Text
    contract_id: Text | msgspec.UnsetType | None = msgspec.UNSET
    discount_percent: Percent | msgspec.UnsetType | None = msgspec.UNSET
    sold_on: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    starts_on: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    settle_unpaid: bool | msgspec.UnsetType = msgspec.UNSET


class FreezeBody(msgspec.Struct, forbid_unknown_fields=True):
    """Days on which the subscription does not run, both ends included."""

    since: dt.date = msgspec.field(name="from")
    until: dt.date


Freezes = Annotated[list[FreezeBody], msgspec.Meta(max_length=MOST_FREEZES)]


class EditSubscriptionBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays as it is; null clears."""

    ends_on: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    freezes: Freezes | msgspec.UnsetType | None = msgspec.UNSET
    cancelled_on: dt.date | msgspec.UnsetType | None = msgspec.UNSET
    contract_id: Text | msgspec.UnsetType | None = msgspec.UNSET


class SubscriptionView(msgspec.Struct, kw_only=True):
    """A subscription and its state today; `visits` null: any number, `ends_on` null: open end."""

    id: UUID
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int
    client_id: UUID
    price_id: UUID
    contract_id: UUID | None
    sold_on: dt.date
    amount: str
    currency: str
    discount_percent: int
    amount_due: str
    visits: int | None
    visits_left: int | None
    group_ids: list[UUID]
    charges_absence: bool
    starts_on: dt.date
    ends_on: dt.date | None
    valid_until: dt.date | None
    freezes: list[FreezeBody]
    cancelled_on: dt.date | None
    state: SubscriptionState


class SubscriptionsView(Paged, kw_only=True):
    subscriptions: list[SubscriptionView]


def _named(fields: dict[str, Any]) -> dict[str, Any]:
    """With ids instead of their texts."""
    ids = {name: kind(sent_id(fields[name])) for name, kind in IDS.items() if fields.get(name) is not None}
    return fields | ids


def _freezes(sent: Iterable[FreezeBody]) -> tuple[Freeze, ...]:
    return entries("freezes", sent, lambda it: Freeze(since=it.since, until=it.until))


def _changes(data: EditSubscriptionBody) -> dict[str, Any]:
    changes = _named(changes_in(data, {"freezes": []}))
    return changes | ({"freezes": _freezes(changes["freezes"])} if "freezes" in changes else {})


def subscription_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    def view(it: SubscriptionDetails) -> SubscriptionView:
        return SubscriptionView(
            id=it.id,
            created_at=it.created_at,
            updated_at=it.updated_at,
            version=it.version,
            client_id=it.client_id,
            price_id=it.price_id,
            contract_id=it.contract_id,
            sold_on=it.sold_on,
            amount=str(it.amount),
            currency=it.currency,
            discount_percent=it.discount_percent,
            amount_due=str(it.amount_due),
            visits=it.visits,
            visits_left=it.visits_left,
            group_ids=[*it.group_ids],
            charges_absence=it.charges_absence,
            starts_on=it.starts_on,
            ends_on=it.ends_on,
            valid_until=it.valid_until,
            freezes=[FreezeBody(freeze.since, freeze.until) for freeze in it.freezes],
            cancelled_on=it.cancelled_on,
            state=it.state,
        )

    def shown(subscription: SubscriptionDetails, *, status: int = 200) -> Response[SubscriptionView]:
        where = {"Location": f"{API}/subscriptions/{subscription.id}"} if status == 201 else {}
        return Response(view(subscription), status_code=status, headers=etag(subscription.version) | where)

    @get(
        f"{API}/subscriptions",
        sync_to_thread=True,
        responses=refusals(401, 403),
        tags=TAGS,
        **permitted(Permission.LIST_SUBSCRIPTIONS),
    )
    def list_subscriptions(
        caller: FromCaller,
        page: PageNumber = None,
        sort: Sort = "",
        client_id: Annotated[str | None, QueryParameter(schema_extra=ID)] = None,
        contract_id: Annotated[str | None, QueryParameter(schema_extra=ID)] = None,
        in_state: Annotated[
            SubscriptionState | None, QueryParameter(name="state", schema_extra=one_of(SubscriptionState))
        ] = None,
        form: InFormat = Format.JSON,
    ) -> Response[SubscriptionsView]:
        """Subscriptions by the day of sale; `sort` knows starts_on, ends_on and sold_on."""
        criteria = _named({"client_id": client_id, "contract_id": contract_id, "state": in_state})
        listed = use_cases.list_subscriptions(caller.actor(), page=page, sort=sort, **criteria)
        return listing(SubscriptionsView, listed, view, form)

    @get(
        f"{CLIENT}/subscriptions",
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_CLIENT),
    )
    def subscriptions_of_client(
        caller: FromCaller, client_id: FromPath[str], form: InFormat = Format.JSON
    ) -> Response[SubscriptionsView]:
        """All subscriptions of one client, for the client or a parent too."""
        client = ClientId(sent_id(client_id))
        listed = use_cases.subscriptions_of_client(caller.actor(), client_id=client)
        return listing(SubscriptionsView, listed, view, form)

    @post(
        f"{API}/subscriptions",
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 409, 415),
        tags=TAGS,
        **permitted(Permission.SELL_SUBSCRIPTION),
    )
    def sell_subscription(
        caller: FromCaller, data: JSONBody[SellSubscriptionBody]
    ) -> Response[SubscriptionView]:
        """Sell a client a pass; `settle_unpaid`: it pays for the client's unpaid visits that it covers."""
        fields = _named(changes_in(data, {"discount_percent": 0}))
        return shown(use_cases.sell_subscription(caller.actor(), **fields), status=201)

    @get(
        SUBSCRIPTION,
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_SUBSCRIPTION),
    )
    def show_subscription(caller: FromCaller, subscription_id: FromPath[str]) -> Response[SubscriptionView]:
        """One subscription."""
        sought = SubscriptionId(sent_id(subscription_id))
        return shown(use_cases.show_subscription(caller.actor(), subscription_id=sought))

    @put(
        SUBSCRIPTION,
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 409, 412, 415),
        tags=TAGS,
        **permitted(Permission.EDIT_SUBSCRIPTION),
    )
    def edit_subscription(
        caller: FromCaller,
        versions: Versions,
        subscription_id: FromPath[str],
        data: JSONBody[EditSubscriptionBody],
    ) -> Response[SubscriptionView]:
        """Change what is sent, as long as the visits it paid for stay inside."""
        actor, sought = caller.actor(), SubscriptionId(sent_id(subscription_id))
        return shown(
            use_cases.edit_subscription(actor, subscription_id=sought, versions=versions, **_changes(data))
        )

    return [
        list_subscriptions,
        subscriptions_of_client,
        sell_subscription,
        show_subscription,
        edit_subscription,
    ]
