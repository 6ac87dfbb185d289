"""The passes of a client: selling, renewing, freezing and editing them, and what they paid for."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256
from secrets import token_urlsafe
from typing import Any
from urllib.parse import urlencode

from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.fields import FieldReader
from attendance.adapters.web.server.forms import Typed
from attendance.adapters.web.server.ids import id_in_path
from attendance.adapters.web.server.languages import N_
from attendance.application.attendance.read_models import VisitDetails
from attendance.application.attendance.visits import UnpaidVisit
from attendance.application.club.clients import ClientDetails
from attendance.application.club.prices import PriceDetails
from attendance.application.club.subscriptions import SubscriptionDetails
from attendance.application.forms.answering_once import KeyedRequest
from attendance.domain.accounts.kept_answers import IdempotencyKeyInUse
from attendance.domain.club.renewals import CURRENT, Start
from attendance.domain.club.subscriptions import Freeze, SubscriptionState
from attendance.domain.dates import is_within
from attendance.domain.errors import Forbidden, Unauthenticated
from attendance.domain.ids import ClientId, ContractId, PriceId, SubscriptionId
from attendance.domain.permissions.table import Permission

room = PageRoom()

CLIENT = "/app/clients/{client_id:str}"
PASSES = f"{CLIENT}/passes"
SELL = f"{PASSES}/sell"
UNPAID = f"{PASSES}/unpaid"
PASS = "/app/passes/{subscription_id:str}"  # noqa: S105 # what a client has bought
SOLD, SOLD_BEFORE = "sold", "sold-before"


class Begins(StrEnum):
    """When a pass that is sold is to begin."""

    AFTER_CURRENT = "after_current"
    TODAY = "today"
    DAY = "day"


def card_of(client_id: ClientId, notice: str, part: str = "passes", **said_of: object) -> str:
    """A part of the card of a client, which says what was done there, and with what."""
    return f"/app/clients/{client_id}?{urlencode({'notice': notice, **said_of})}#{part}"


def required(visit: Visit, permission: Permission) -> None:
    """Let nobody fill in a form in vain. Raises Unauthenticated, and Forbidden without the permission."""
    if visit.actor is None:
        raise Unauthenticated
    if permission not in visit.permissions:
        raise Forbidden


@room.page("GET", PASSES)
def passes(visit: Visit, client_id: str) -> Answer:
    """All passes of a client, the newest first."""
    required(visit, Permission.LIST_SUBSCRIPTIONS)
    client = _client(visit, client_id)
    values = {
        "client": client,
        **passes_shown(visit, client.id),
        "unpaid": visit.use_cases.unpaid_visits_of_client(visit.signed_in, client_id=client.id),
    }
    return Page("club/passes/passes.html", values)


def passes_shown(visit: Visit, client_id: ClientId) -> Mapping[str, Any]:
    """All passes of a client, the newest first; the current ones, that which runs before those to come.

    `renewed`: the ids of those that may be renewed, the newest at each price; `later`: by their ids the
    passes that begin after them.
    """
    passes = _newest_first(visit, client_id)
    newest = {it.price_id: it.id for it in sorted(passes, key=lambda it: (it.starts_on, it.created_at))}
    running = (SubscriptionState.ACTIVE, SubscriptionState.FROZEN)
    return {
        "passes": passes,
        "current_passes": sorted(
            (it for it in passes if it.state in CURRENT),
            key=lambda it: (it.state not in running, it.starts_on),
        ),
        "renewed": {*newest.values()},
        "later": visit.use_cases.later_passes_of_client(visit.signed_in, client_id=client_id),
        "today": visit.today,
    }


# Selling


def sell_form(visit: Visit, client_id: str) -> Page:
    """What there is to sell a client, and when it may begin."""
    required(visit, Permission.SELL_SUBSCRIPTION)
    client = _client(visit, client_id)
    use_cases, actor, asked = visit.use_cases, visit.signed_in, _asked(visit)
    passes = _newest_first(visit, client.id)
    current = next((each for each in passes if each.state in CURRENT), None)
    has_end = current is not None and current.valid_until is not None
    today = visit.today
    # a link may name the day alone
    usual = Begins.DAY if asked["starts_on"] else Begins.AFTER_CURRENT if has_end else Begins.TODAY
    prices = [(price, _is_on_sale(price, today)) for price in use_cases.list_prices(actor)]
    values = {
        "client": client,
        "asked": asked.as_shown(),
        "prices": sorted(prices, key=lambda each: not each[1]),
        "groups": {group.id: group.name for group in use_cases.list_groups(actor)},
        "contracts": [*use_cases.contracts_of_client(actor, client_id=client.id)],
        "unpaid": use_cases.unpaid_visits_of_client(actor, client_id=client.id),
        "current": current,
        "start": asked["start"] or usual,
        "may_discount": use_cases.sell_subscription.allows_discount(actor),
        "today": today,
        "preview": None,
    }
    return Page("club/passes/sell.html", values)


@room.page("GET", SELL, form=sell_form)
def sell(visit: Visit, client_id: str) -> Answer:
    """The form; where a price is chosen, with what would be sold, at an address of its own."""
    page = sell_form(visit, client_id)
    if "price_id" not in visit.query and "start" not in visit.query:
        return page
    sale = _sale(visit, FieldReader(visit.query), page.values["client"])
    preview = visit.use_cases.sell_subscription(visit.signed_in, **sale, preview=True)
    if not visit.query["once"]:
        # in the address, so that a browser that goes back to this page shows the same form, which sells once
        return Redirect(f"{visit.path}?{urlencode({**visit.query.as_shown(), 'once': token_urlsafe(16)})}")
    covered = [each for each in page.values["unpaid"] if _is_in_its_days(each, preview)]
    values = {"preview": preview, "covered": len(covered), "once": page.values["asked"]["once"]}
    return Page(page.template, {**page.values, **values})


@room.page("POST", SELL, form=sell_form)
def sell_pass(visit: Visit, client_id: str) -> Answer:
    """Sell a pass; the same form sent twice sells one."""
    client = _client(visit, client_id)
    sale = _sale(visit, visit.fields, client)

    def answer() -> str:
        sold = visit.use_cases.sell_subscription(visit.signed_in, **sale)
        return card_of(client.id, SOLD, sold=sold.id)

    sold_now = _once(visit, Permission.SELL_SUBSCRIPTION, answer)
    return Redirect(sold_now or card_of(client.id, SOLD_BEFORE))


def _is_on_sale(price: PriceDetails, today: dt.date) -> bool:
    """Whether anybody who sells may sell at a price today."""
    return is_within(today, price.on_sale_from, price.on_sale_until)


def _is_in_its_days(unpaid: UnpaidVisit, subscription: SubscriptionDetails) -> bool:
    """Whether an unpaid visit is one in the days and groups of a pass."""
    return is_within(unpaid.date, subscription.starts_on, subscription.valid_until) and (
        not subscription.group_ids or unpaid.group_id in subscription.group_ids
    )


def _once(visit: Visit, permission: Permission, answer: Any) -> str | None:
    """What a form is answered, done the first time that it is sent; None where it was sent before."""
    if not visit.form["once"]:
        return str(answer())
    sent = "\0".join(f"{name}={visit.form[name]}" for name in sorted(visit.form))
    request = KeyedRequest(
        key=f"page-{sha256(visit.form['once'].encode()).hexdigest()}",
        fingerprint=sha256(f"{visit.path}\0{sent}".encode()).hexdigest(),
        permission=permission,
        answer=answer,
        written=str.encode,
        read=bytes.decode,
    )
    try:
        path, was_sent_before = visit.service.answer_once(visit.signed_in, request)
    except IdempotencyKeyInUse:
        return None
    return None if was_sent_before else str(path)


def _sale(visit: Visit, fields: FieldReader, client: ClientDetails) -> Mapping[str, Any]:
    """What a form says of a sale. Raises Invalid with all that is wrong with it."""
    begins = fields.choice("start", Begins) or Begins.TODAY
    starts_on: dt.date | Start = visit.today
    if begins is Begins.AFTER_CURRENT:
        starts_on = Start.AFTER_CURRENT
    elif begins is Begins.DAY:
        starts_on = fields.required_day("starts_on")
    if begins is not Begins.DAY and fields.day("starts_on") not in (None, starts_on):
        fields.refuse("starts_on", N_("choose “On the day below” for this day, or leave it empty"))
    sale = {
        "client_id": client.id,
        "price_id": fields.required_id("price_id", PriceId),
        "contract_id": fields.id("contract_id", ContractId),
        "discount_percent": fields.number("discount_percent") or 0,
        "sold_on": fields.day("sold_on"),
        "starts_on": starts_on,
        "settle_unpaid": fields.checked("settle_unpaid"),
    }
    fields.also(visit.use_cases.sell_subscription.errors_in(sale))
    fields.raise_if_errors()
    return sale


# Visits that are not paid for


@room.page("GET", UNPAID)
def unpaid_visits(visit: Visit, client_id: str) -> Answer:
    """A client's visits that no pass has paid for, and the passes that may."""
    required(visit, Permission.SELL_SUBSCRIPTION)
    client = _client(visit, client_id)
    unpaid = visit.use_cases.unpaid_visits_of_client(visit.signed_in, client_id=client.id)
    covered = Counter(each for it in unpaid for each in it.covered_by)
    values = {
        "client": client,
        "unpaid": unpaid,
        "passes": [
            (each, min(covered[each.id], each.visits_left or covered[each.id]))
            for each in _newest_first(visit, client.id)
            if each.id in covered
        ],
        "notice": visit.query["notice"],
    }
    return Page("club/passes/unpaid.html", values)


@room.page("POST", f"{PASS}/settle")
def settle(visit: Visit, subscription_id: str) -> Answer:
    """Let a pass pay for the unpaid visits that it covers."""
    use_cases, actor = visit.use_cases, visit.signed_in
    subscription = use_cases.settle_unpaid_visits(actor, subscription_id=_id(subscription_id))
    if use_cases.unpaid_visits_of_client(actor, client_id=subscription.client_id):
        return Redirect(f"/app/clients/{subscription.client_id}/passes/unpaid?notice=rest")
    return Redirect(card_of(subscription.client_id, "settled"))


# One pass


@room.page("GET", PASS)
def one_pass(visit: Visit, subscription_id: str) -> Answer:
    """A pass: what it is, what it paid for, when it is frozen, and what may be changed."""
    use_cases, actor = visit.use_cases, visit.signed_in
    subscription = use_cases.show_subscription(actor, subscription_id=_id(subscription_id))
    client_id = subscription.client_id
    unpaid = use_cases.unpaid_visits_of_client(actor, client_id=client_id)
    client = use_cases.show_client(actor, client_id=client_id)
    values = {
        "client": client,
        "pass": subscription,
        "groups": {group.id: group.name for group in use_cases.list_groups(actor)},
        "contracts": [*use_cases.contracts_of_client(actor, client_id=client_id)],
        **passes_shown(visit, client_id),
        "visits": _paid_by(visit, subscription)[::-1],
        "unpaid": [each for each in unpaid if subscription.id in each.covered_by],
    }
    return Page("club/passes/pass.html", values)


@room.page(
    "POST",
    PASS,
    form=one_pass,
    said_at={
        "visits_outside_subscription": ("cancelled_on", "ends_on"),
        "freeze_after_end": ("ends_on",),
        "freezes_overlap": ("ends_on",),
    },
)
def edit_pass(visit: Visit, subscription_id: str) -> Answer:
    """Change the last day, the cancellation or the contract of a pass."""
    fields = visit.fields
    changes: Any = {
        "ends_on": fields.day("ends_on"),
        "cancelled_on": fields.day("cancelled_on"),
        "contract_id": fields.id("contract_id", ContractId),
    }
    return _edited(visit, fields, subscription_id, changes, "pass-saved")


@room.page("POST", f"{PASS}/freeze", form=one_pass, said_at={"visits_outside_subscription": ("since",)})
def freeze(visit: Visit, subscription_id: str) -> Answer:
    """Freeze a pass for some days."""
    fields = visit.fields
    since, until = fields.required_day("since"), fields.required_day("until")
    if until < since and visit.form["until"]:
        fields.refuse("until", "must not be before from")
    fields.raise_if_errors()
    freezes = _stored(visit, subscription_id).freezes
    return _edited(
        visit, fields, subscription_id, {"freezes": (*freezes, Freeze(since=since, until=until))}, "frozen"
    )


@room.page(
    "POST",
    f"{PASS}/unfreeze",
    form=one_pass,
    said_at={
        "visits_outside_subscription": ("runs_again_on",),
        "freeze_after_end": ("runs_again_on",),
    },
)
def unfreeze(visit: Visit, subscription_id: str) -> Answer:
    """Let a pass run again from a day on: its freeze ends the day before, or goes if it had not begun."""
    fields = visit.fields
    since, runs_again_on = fields.required_day("frozen_since"), fields.required_day("runs_again_on")
    fields.raise_if_errors()
    subscription = visit.use_cases.unfreeze_subscription(
        visit.signed_in,
        subscription_id=_id(subscription_id),
        since=since,
        runs_again_on=runs_again_on,
        versions=fields.versions,
    )
    is_frozen = subscription.state is SubscriptionState.FROZEN
    notice = "unfrozen" if runs_again_on <= visit.today and not is_frozen else "freeze-shortened"
    return Redirect(card_of(subscription.client_id, notice))


def _edited(visit: Visit, fields: FieldReader, subscription_id: str, changes: Any, notice: str) -> Redirect:
    """Change a pass, unless somebody has meanwhile, and go on to the card of its client."""
    version = fields.number("version")
    fields.raise_if_errors()
    subscription = visit.use_cases.edit_subscription(
        visit.signed_in,
        subscription_id=_id(subscription_id),
        versions=None if version is None else [version],
        **changes,
    )
    return Redirect(card_of(subscription.client_id, notice))


def _stored(visit: Visit, subscription_id: str) -> SubscriptionDetails:
    return visit.use_cases.show_subscription(visit.signed_in, subscription_id=_id(subscription_id))


def _paid_by(visit: Visit, subscription: SubscriptionDetails) -> list[VisitDetails]:
    """The visits that a pass has paid for, by their dates: all of them are in its days."""
    visits = visit.use_cases.visits_of_client(
        visit.signed_in,
        client_id=subscription.client_id,
        since=subscription.starts_on,
        until=subscription.valid_until,
    )
    return [each for each in visits.attendances if each.subscription_id == subscription.id]


def _newest_first(visit: Visit, client_id: ClientId) -> list[SubscriptionDetails]:
    return [*visit.use_cases.subscriptions_of_client(visit.signed_in, client_id=client_id)][::-1]


def _client(visit: Visit, client_id: str) -> ClientDetails:
    return visit.use_cases.show_client(visit.signed_in, client_id=id_in_path(client_id, ClientId))


def _id(subscription_id: str) -> SubscriptionId:
    return id_in_path(subscription_id, SubscriptionId)


def _asked(visit: Visit) -> Typed:
    """What a form was sent with, or else what it was opened with."""
    return visit.form or visit.query
