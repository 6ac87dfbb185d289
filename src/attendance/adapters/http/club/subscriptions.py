"""Subscriptions."""

import datetime as dt
import re
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from msgspec import UNSET

from attendance.adapters.http.club.clients import CLIENT
from attendance.adapters.http.club.prices import Amount
from attendance.adapters.http.server.answers import Paged, Resource, RevisionView, listing, resource, view_of
from attendance.adapters.http.server.bodies.meaning import MEANING, Body, Clearable, Fields, Sent, cleared
from attendance.adapters.http.server.callers.versions import Versions
from attendance.adapters.http.server.exports.tables import Format, InFormat
from attendance.adapters.http.server.fields.ids import Id
from attendance.adapters.http.server.fields.queries import PageNumber, Sort
from attendance.adapters.http.server.operations.declaration import Room
from attendance.application.use_cases import UseCases
from attendance.domain.club.renewals import Start
from attendance.domain.club.subscriptions import MOST_FREEZES, Freeze, SubscriptionState
from attendance.domain.errors import FieldError, Invalid
from attendance.domain.ids import ClientId, ContractId, SubscriptionId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

SUBSCRIPTION = "/subscriptions/{subscription_id}"

DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


def start_of(text: str) -> dt.date | Start:
    """The day on which a pass begins, or what it begins after. Raises Invalid."""
    if text == Start.AFTER_CURRENT:
        return Start.AFTER_CURRENT
    try:
        if DATE.fullmatch(text):
            return dt.date.fromisoformat(text)
    except ValueError:
        pass
    raise Invalid(FieldError("", f"must be a date or {Start.AFTER_CURRENT}"))


StartsOn = Annotated[
    str,
    msgspec.Meta(
        description=f'A date, or "{Start.AFTER_CURRENT}".',
        examples=[Start.AFTER_CURRENT.value],
        extra={MEANING: start_of},
        extra_json_schema={"extra": {"pattern": rf"^({DATE.pattern}|{Start.AFTER_CURRENT})$"}},
    ),
]

room = Room("Subscriptions")


class SellSubscriptionBody(Body):
    """Sold today and from that day on unless other days are named.

    `starts_on` `after_current`: on the day after the client's present passes for the same groups are over.
    """

    client_id: Id
    price_id: Id
    contract_id: Clearable[Id] = UNSET
    discount_percent: Clearable[Annotated[int, msgspec.Meta(ge=0, le=100), cleared(0)]] = UNSET
    sold_on: Clearable[dt.date] = UNSET
    starts_on: Clearable[StartsOn] = UNSET
    settle_unpaid: Sent[bool] = UNSET


class FreezeBody(Body):
    """Days on which the subscription does not run, both ends included."""

    means = Freeze

    since: dt.date = msgspec.field(name="from")
    until: dt.date


class EditSubscriptionBody(Body):
    """What is left out stays as it is; null clears."""

    ends_on: Clearable[dt.date] = UNSET
    freezes: Clearable[Annotated[list[FreezeBody], msgspec.Meta(max_length=MOST_FREEZES)]] = UNSET
    cancelled_on: Clearable[dt.date] = UNSET
    contract_id: Clearable[Id] = UNSET


class FreezeSubscriptionsBody(Body):
    """Days on which nothing takes place, both ends included; of members of a location's groups alone."""

    since: dt.date = msgspec.field(name="from")
    until: dt.date
    location_id: Clearable[Id] = UNSET


class SkippedSubscriptionView(msgspec.Struct):
    """A subscription that was not frozen; `dates` of its visits in the way, none where another freeze is."""

    subscription_id: UUID
    client_id: UUID
    dates: list[dt.date]


class FrozenSubscriptionsView(msgspec.Struct):
    """How many subscriptions were frozen, and which were not."""

    frozen: int
    skipped: list[SkippedSubscriptionView]


class SubscriptionView(RevisionView, kw_only=True):
    """A subscription and its state today; `visits` null: any number, `ends_on` null: open end.

    `price_name` is what the price was called at the sale; `visits_per_week` null: any number.
    """

    client_id: UUID
    price_id: UUID
    price_name: str
    contract_id: UUID | None
    sold_on: dt.date
    amount: Amount
    currency: str
    discount_percent: int
    amount_due: Amount
    visits: int | None
    visits_per_week: int | None
    visits_left: int | None
    group_ids: list[UUID]
    charges_absence: bool
    starts_on: dt.date
    ends_on: dt.date | None
    valid_until: dt.date | None
    freezes: list[FreezeBody]
    cancelled_on: dt.date | None
    state: SubscriptionState

    def beside_version(self) -> tuple[object, ...]:
        """Marks and time change what it shows and not what is stored of it."""
        used = 0 if self.visits is None or self.visits_left is None else self.visits - self.visits_left
        is_usual = self.state is SubscriptionState.ACTIVE and not used
        return () if is_usual else (self.state.value, used)


class SubscriptionsView(Paged, kw_only=True):
    subscriptions: list[SubscriptionView]


@room.operation("GET", "/subscriptions", Permission.LIST_SUBSCRIPTIONS)
def list_subscriptions(
    use_cases: UseCases,
    actor: Actor,
    page: PageNumber | None = None,
    sort: Sort = "",
    client_id: ClientId | None = None,
    contract_id: ContractId | None = None,
    state: SubscriptionState | None = None,
    form: InFormat = Format.JSON,
) -> Response[SubscriptionsView]:
    """Subscriptions by the day of sale; `sort` knows starts_on, ends_on and sold_on."""
    listed = use_cases.list_subscriptions(
        actor, page=page, sort=sort, client_id=client_id, contract_id=contract_id, state=state
    )
    return listing(SubscriptionsView, listed, form)


@room.operation("GET", f"{CLIENT}/subscriptions", Permission.READ_CLIENT)
def subscriptions_of_client(
    use_cases: UseCases, actor: Actor, client_id: ClientId, form: InFormat = Format.JSON
) -> Response[SubscriptionsView]:
    """All subscriptions of one client, for the client or a parent too."""
    return listing(SubscriptionsView, use_cases.subscriptions_of_client(actor, client_id=client_id), form)


@room.operation("POST", "/subscriptions", Permission.SELL_SUBSCRIPTION, refuses=(404, 409))
def sell_subscription(
    use_cases: UseCases, actor: Actor, fields: Fields[SellSubscriptionBody]
) -> Resource[SubscriptionView]:
    """Sell a client a pass; `settle_unpaid`: it pays for the client's unpaid visits that it covers.

    A discount, and a day of sale longer ago than lessons may be marked, are for higher levels.
    """
    return resource(SubscriptionView, use_cases.sell_subscription(actor, **fields))


@room.operation("POST", "/subscriptions/freeze", Permission.FREEZE_SUBSCRIPTIONS, refuses=(404,), status=200)
def freeze_subscriptions(
    use_cases: UseCases, actor: Actor, fields: Fields[FreezeSubscriptionsBody]
) -> FrozenSubscriptionsView:
    """Freeze every subscription that runs on some of these days, each for all of them or not at all.

    One that has paid for a visit on them, or has another freeze there, is skipped; sent twice, nothing is
    frozen twice.
    """
    return view_of(FrozenSubscriptionsView, use_cases.freeze_subscriptions(actor, **fields))


@room.operation("GET", SUBSCRIPTION, Permission.READ_SUBSCRIPTION)
def show_subscription(
    use_cases: UseCases, actor: Actor, subscription_id: SubscriptionId
) -> Resource[SubscriptionView]:
    """One subscription."""
    return resource(SubscriptionView, use_cases.show_subscription(actor, subscription_id=subscription_id))


@room.operation("PUT", SUBSCRIPTION, Permission.EDIT_SUBSCRIPTION, refuses=(409,))
def edit_subscription(
    use_cases: UseCases,
    actor: Actor,
    subscription_id: SubscriptionId,
    versions: Versions,
    fields: Fields[EditSubscriptionBody],
) -> Resource[SubscriptionView]:
    """Change what is sent, as long as the visits it paid for stay inside."""
    subscription = use_cases.edit_subscription(
        actor, subscription_id=subscription_id, versions=versions, **fields
    )
    return resource(SubscriptionView, subscription)
