"""The list of clients: searched, narrowed, sorted."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from attendance.adapters.web.club.clients.ages import Age, age_on, days_to_birthday, namesakes
from attendance.adapters.web.club.clients.paths import CLIENTS, dialled
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Visit
from attendance.adapters.web.server.languages import N_
from attendance.adapters.web.server.rendering.files import FORMAT, IS_CSV, csv_reply
from attendance.application.club.clients import ClientDetails
from attendance.application.club.groups import GroupDetails
from attendance.application.club.subscriptions import SubscriptionDetails
from attendance.application.pagination import NumberedPage
from attendance.domain.club.subscriptions import SubscriptionState
from attendance.domain.ids import ClientId, GroupId

room = PageRoom()

ON_A_PAGE = 50


class Which(StrEnum):
    """Which clients are listed."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    ALL = "all"


IS_ACTIVE = {Which.ACTIVE: True, Which.ARCHIVED: False, Which.ALL: None}
WHICH = {
    Which.ACTIVE: N_("Active clients"),
    Which.ARCHIVED: N_("Archived clients"),
    Which.ALL: N_("All clients"),
}


class Order(StrEnum):
    """In which order they are listed."""

    NAME = "name"
    YOUNGEST = "-birthday"
    OLDEST = "birthday"
    NEWEST = "-created_at"


ORDER = {
    Order.NAME: N_("Name"),
    Order.YOUNGEST: N_("Youngest first"),
    Order.OLDEST: N_("Oldest first"),
    Order.NEWEST: N_("Added last first"),
}

MATTERS_MOST = (
    SubscriptionState.ACTIVE,
    SubscriptionState.FROZEN,
    SubscriptionState.PENDING,
    SubscriptionState.USED_UP,
    SubscriptionState.EXPIRED,
)
"""Of several passes the one in the first of these states is shown; one that was cancelled is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A client in the list, with what is said of them there."""

    client: ClientDetails
    age: Age | None
    birthday_in_days: int | None
    groups: tuple[GroupDetails, ...]
    subscription: SubscriptionDetails | None
    phone: str


@room.page("GET", CLIENTS, has_scripts=True)
def clients(visit: Visit) -> Answer:
    """Fifty of the clients that are asked for, with their groups of today and their passes; all as a file."""
    filters, use_cases, actor = visit.filters, visit.use_cases, visit.signed_in
    which = filters.choice("which", Which) or Which.ACTIVE
    order = filters.choice("sort", Order) or Order.NAME
    group_id, number = filters.id("group", GroupId), filters.number("page")
    filters.raise_if_errors()
    q = visit.query["q"]
    if visit.query[FORMAT] == IS_CSV:
        found = use_cases.list_clients(actor, q=q, active=IS_ACTIVE[which], group_id=group_id, sort=order)
        return _file(visit, found)
    listed = use_cases.list_clients(
        actor,
        q=q,
        active=IS_ACTIVE[which],
        group_id=group_id,
        sort=order,
        page=NumberedPage(1 if number is None else number, ON_A_PAGE),
    )
    shown = tuple(listed)
    groups = tuple(use_cases.list_groups(actor))
    ids = [client.id for client in shown]
    passes = use_cases.list_subscriptions(actor, client_ids=ids, sort="starts_on")
    asked = {"q": q, "group": group_id or "", "which": which, "sort": order}
    usual = {"which": Which.ACTIVE, "sort": Order.NAME}
    values = {
        "rows": _rows(shown, groups, passes, visit.today),
        "namesakes": namesakes(client.name for client in shown),
        "total": listed.total,
        "number": listed.page,
        "pages": listed.pages,
        "asked": asked,
        "is_asked": any(value and value != usual.get(name) for name, value in asked.items()),
        "query": {name: value for name, value in asked.items() if value and value != usual.get(name)},
        "groups": {group.id: group.name for group in groups},
        "which": WHICH,
        "today": visit.today,
        "order": ORDER,
    }
    return Page("club/clients/list.html", values)


def _file(visit: Visit, found: Iterable[ClientDetails]) -> Answer:
    """The clients as a file, with the groups of today."""
    groups = _groups_of(visit.use_cases.list_groups(visit.signed_in), visit.today)
    header = (
        N_("Name"),
        N_("Birthday"),
        N_("Groups"),
        N_("Guardian"),
        N_("Phone"),
        N_("Email"),
        N_("Address"),
    )
    rows = (
        (
            each.name,
            each.birthday,
            ", ".join(group.name for group in groups.get(each.id, ())),
            each.guardian_name,
            each.phone,
            each.email,
            each.address,
        )
        for each in found
    )
    return csv_reply("clients", visit.language, header, rows)


def _groups_of(groups: Iterable[GroupDetails], today: date) -> dict[ClientId, list[GroupDetails]]:
    """The groups of each client on a day."""
    groups_of: dict[ClientId, list[GroupDetails]] = {}
    for group in groups:
        for member in group.members or ():
            if member.covers(today):
                groups_of.setdefault(member.client_id, []).append(group)
    return groups_of


def _rows(
    shown: Iterable[ClientDetails],
    groups: Iterable[GroupDetails],
    passes: Iterable[SubscriptionDetails],
    today: date,
) -> list[Row]:
    groups_of = _groups_of(groups, today)
    pass_of: dict[ClientId, SubscriptionDetails] = {}
    for each in passes:
        before = pass_of.get(each.client_id)
        if each.state in MATTERS_MOST and (before is None or _rank(each) <= _rank(before)):
            pass_of[each.client_id] = each
    return [
        Row(
            client=client,
            age=age_on(today, client.birthday),
            birthday_in_days=days_to_birthday(today, client.birthday),
            groups=tuple(groups_of.get(client.id, ())),
            subscription=pass_of.get(client.id),
            phone=dialled(client.phone),
        )
        for client in shown
    ]


def _rank(subscription: SubscriptionDetails) -> int:
    return MATTERS_MOST.index(subscription.state)
