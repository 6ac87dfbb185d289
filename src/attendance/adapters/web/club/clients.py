"""The clients: finding them, adding one, editing, archiving and bringing back."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from attendance.adapters.web.club.ages import Age, age_on, days_to_birthday
from attendance.adapters.web.club.named import (
    CLIENTS,
    card_of,
    client_in_path,
    dialled,
    lines_of,
    require_form_for,
)
from attendance.adapters.web.server.declared import Answer, GoOn, Page, PageRoom, Visit
from attendance.adapters.web.server.languages import N_
from attendance.application.club.clients import ClientDetails
from attendance.application.club.groups import GroupDetails
from attendance.application.club.subscriptions import SubscriptionDetails
from attendance.application.pagination import NumberedPage
from attendance.domain.attendance.status import Status
from attendance.domain.club.clients import ClientChanges
from attendance.domain.club.subscriptions import SubscriptionState
from attendance.domain.ids import ClientId, GroupId
from attendance.domain.permissions.table import Permission

room = PageRoom()

ON_A_PAGE = 50


class Which(StrEnum):
    """Which clients are listed."""

    ACTIVE = "active"
    ARCHIVED = "archived"
    ALL = "all"


IS_ACTIVE = {Which.ACTIVE: True, Which.ARCHIVED: False, Which.ALL: None}
WHICH = {Which.ACTIVE: N_("Active"), Which.ARCHIVED: N_("Archived"), Which.ALL: N_("All")}


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
    """Fifty of the clients that are asked for, with their groups of today and their passes."""
    filters, use_cases, actor = visit.filters, visit.use_cases, visit.signed_in
    which = filters.choice("which", Which) or Which.ACTIVE
    order = filters.choice("sort", Order) or Order.NAME
    group_id, number = filters.id("group", GroupId), filters.number("page")
    filters.raise_if_errors()
    q = visit.query["q"]
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
        "total": listed.total,
        "number": listed.page,
        "has_more": (listed.page or 1) < listed.pages,
        "asked": asked,
        "is_asked": any(value and value != usual.get(name) for name, value in asked.items()),
        "query": {name: value for name, value in asked.items() if value and value != usual.get(name)},
        "groups": {group.id: group.name for group in groups},
        "which": WHICH,
        "today": visit.today,
        "order": ORDER,
    }
    return Page("club/clients.html", values)


def _rows(
    shown: Iterable[ClientDetails],
    groups: Iterable[GroupDetails],
    passes: Iterable[SubscriptionDetails],
    today: date,
) -> list[Row]:
    groups_of: dict[ClientId, list[GroupDetails]] = {}
    for group in groups:
        for member in group.members or ():
            if member.covers(today):
                groups_of.setdefault(member.client_id, []).append(group)
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


@room.page("GET", f"{CLIENTS}/new")
def new_client(visit: Visit) -> Answer:
    """The form to add a client."""
    require_form_for(visit, Permission.ADD_CLIENT)
    return Page("club/client_form.html", {"client": None, "today": visit.today})


@room.page("POST", f"{CLIENTS}/new", form=new_client)
def add_client(visit: Visit) -> Answer:
    """Add a client, and go on to the card."""
    added = visit.use_cases.add_client(visit.signed_in, **_fields(visit))
    return GoOn(f"{card_of(added)}?notice=added")


@room.page("GET", f"{CLIENTS}/{{client_id:str}}/edit")
def edited_client(visit: Visit, client_id: str) -> Answer:
    """The form with what is known of a client."""
    client = client_in_path(visit, client_id)
    require_form_for(visit, Permission.EDIT_CLIENT)
    return Page("club/client_form.html", {"client": client, "today": visit.today})


@room.page("POST", f"{CLIENTS}/{{client_id:str}}/edit", form=edited_client)
def edit_client(visit: Visit, client_id: str) -> Answer:
    """Change a client, unless somebody else has meanwhile."""
    client = client_in_path(visit, client_id)
    changes = _fields(visit)
    visit.use_cases.edit_client(visit.signed_in, client_id=client.id, versions=_versions(visit), **changes)
    return GoOn(f"{card_of(client)}?notice=saved")


def _fields(visit: Visit) -> ClientChanges:
    """What was typed. Raises Invalid for a day that is none."""
    form, fields = visit.form, visit.fields
    changes = ClientChanges(
        name=form["name"],
        guardian_name=form["guardian_name"],
        birthday=fields.day("birthday"),
        phone=form["phone"],
        email=form["email"],
        address=lines_of(form["address"]),
        notes=lines_of(form["notes"]),
    )
    fields.raise_if_errors()
    return changes


def _versions(visit: Visit) -> list[int]:
    fields = visit.fields
    version = fields.required_number("version")
    fields.raise_if_errors()
    return [version]


@room.page("GET", f"{CLIENTS}/{{client_id:str}}/restore")
@room.page("GET", f"{CLIENTS}/{{client_id:str}}/archive")
def archived_client(visit: Visit, client_id: str) -> Answer:
    """What ends when a client is archived, or what does not come back with one, and the button."""
    client = client_in_path(visit, client_id)
    require_form_for(visit, Permission.EDIT_CLIENT)
    use_cases, actor = visit.use_cases, visit.signed_in
    lessons = use_cases.lessons_of_client(actor, client_id=client.id)
    values = {
        "client": client,
        "memberships": tuple(use_cases.groups_of_client(actor, client_id=client.id)),
        "absences": [lesson for lesson in lessons if lesson.status is Status.EXCUSED],
        "today": visit.today,
    }
    return Page("club/archive_client.html", values)


@room.page("POST", f"{CLIENTS}/{{client_id:str}}/archive", form=archived_client)
def archive_client(visit: Visit, client_id: str) -> Answer:
    """Archive a client, and with it what hangs on it."""
    return _set_active(visit, client_id, is_active=False)


@room.page("POST", f"{CLIENTS}/{{client_id:str}}/restore", form=archived_client)
def restore_client(visit: Visit, client_id: str) -> Answer:
    """Bring an archived client back."""
    return _set_active(visit, client_id, is_active=True)


def _set_active(visit: Visit, client_id: str, *, is_active: bool) -> Answer:
    client = client_in_path(visit, client_id)
    visit.use_cases.edit_client(
        visit.signed_in, client_id=client.id, versions=_versions(visit), active=is_active
    )
    return GoOn(f"{card_of(client)}?notice={'restored' if is_active else 'archived'}")
