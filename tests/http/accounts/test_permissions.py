"""Who may what, by every request as everybody, against the table that is written for readers."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from litestar import Litestar

from attendance.adapters.http.server.operations.declaration import PERMISSION, Room
from attendance.adapters.web.server.declaration import PAGE
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.role_changes import Kind, RoleChange
from attendance.domain.club.groups import Teaching
from attendance.domain.ids import RoleChangeId
from attendance.domain.permissions.roles import Level, Role
from attendance.domain.permissions.table import Permission, Rule
from tests import make
from tests.http.api import PASSWORD, UNKNOWN_ID, Api, answer, refusal

TABLE = Path(__file__).parents[3] / "docs/permissions.md"
NOBODY, UNCONFIRMED, DEACTIVATED = "anonymous", "unconfirmed", "deactivated"
PRINCIPALS = [NOBODY, UNCONFIRMED, DEACTIVATED, *(role.value for role in Role)]
LEVEL = {NOBODY: 0, UNCONFIRMED: 1, DEACTIVATED: 0} | {role.value: int(role.level) for role in Role}

Route = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Row:
    """`lowest` and `own` are levels, None for nobody; `highest` is who may at most."""

    lowest: int | None
    own: int | None
    highest: int = 7

    def lets(self, principal: str, *, own: bool) -> bool:
        lowest = self.own if own else self.lowest
        return lowest is not None and lowest <= LEVEL[principal] <= self.highest


def written() -> dict[Route, Row]:
    rows = re.findall(
        r"^\| ([A-Z]+) \| `([^`]+)` \| ([0-7-]( only)?) \|\s*([0-7]?)\s*\|$", TABLE.read_text(), re.MULTILINE
    )
    assert rows
    return {
        (method, path): Row(
            lowest=None if level == "-" else int(level[0]),
            own=int(own) if own else None,
            highest=int(level[0]) if only else 7,
        )
        for method, path, level, only, own in rows
    }


def registered(application: Litestar) -> dict[Route, Any]:
    """Every operation of ours with its handler. Litestar's own pages are of the documentation alone."""
    return {
        (method, re.sub(r":\w+}", "}", route.path)): handler
        for route in application.routes
        for handler in getattr(route, "route_handlers", ())
        if PERMISSION in handler.opt
        for method in handler.http_methods - {"OPTIONS"}
    }


def named() -> dict[str, Rule]:
    """The table of names."""
    names = r"^\| `(\w+)` \| ([0-7-])( only)? \|\s*([0-7]?)\s*\|$"
    return {
        name: Rule(
            level=None if level == "-" else Level(int(level)),
            own=Level(int(own)) if own else None,
            highest=Level(int(level)) if only else Level.ADMIN,
        )
        for name, level, only, own in re.findall(names, TABLE.read_text(), re.MULTILINE)
    }


BODIES: Mapping[Route, dict[str, Any]] = {
    ("POST", "/api/v1/groups/{group_id}/members"): {"client_id": UNKNOWN_ID, "from": "2026-03-02"},
    ("POST", "/register"): {"username": "newcomer", "password": PASSWORD},
    ("POST", "/login"): {"username": "nobody", "password": PASSWORD},
    ("POST", "/labs"): {"name": "Chemistry"},
    ("POST", "/api/v1/auth/registration"): {
        "username": "newcomer",
        "email": "newcomer@example.org",
        "password": PASSWORD,
    },
    ("POST", "/api/v1/auth/login"): {"username": "nobody", "password": PASSWORD},
    ("PUT", "/api/v1/auth/password"): {"current_password": PASSWORD, "new_password": f"{PASSWORD}!"},
    ("POST", "/api/v1/auth/password_reset"): {"email": "nobody@example.org"},
    ("PUT", "/api/v1/auth/password_reset/{token}"): {"password": PASSWORD},
    ("POST", "/api/v1/users"): {"username": "guest", "email": "guest@example.org"},
    ("PUT", "/api/v1/users/{user_id}"): {"name": "Somebody"},
    ("PUT", "/api/v1/users/{user_id}/role"): {"role": "user"},
    ("PUT", "/api/v1/users/{user_id}/active"): {"active": True},
    ("PUT", "/api/v1/users/{user_id}/favorites"): {"groups": []},
    ("POST", "/api/v1/clients"): {"name": "Anna"},
    ("PUT", "/api/v1/clients/{client_id}"): {"name": "Anna"},
    ("POST", "/api/v1/contracts"): {"client_id": UNKNOWN_ID},
    ("PUT", "/api/v1/contracts/{contract_id}"): {"notes": "by post"},
    ("POST", "/api/v1/prices"): {"name": "Pass", "amount": "80.00", "currency": "EUR"},
    ("PUT", "/api/v1/prices/{price_id}"): {"visits": 8},
    ("POST", "/api/v1/locations"): {"name": "Main", "address": "1 Main Street"},
    ("PUT", "/api/v1/locations/{location_id}"): {"name": "Main"},
    ("PUT", "/api/v1/locations/{location_id}/closures"): {"closures": []},
    ("POST", "/api/v1/groups"): {"name": "Monday", "location_id": UNKNOWN_ID},
    ("PUT", "/api/v1/groups/{group_id}"): {"name": "Monday"},
    ("POST", "/api/v1/groups/{group_id}/lessons"): {"from": "2026-03-02", "until": "2026-03-02"},
    ("PUT", "/api/v1/groups/{group_id}/lessons/{lesson_id}"): {"topic": "fractions"},
    ("POST", "/api/v1/subscriptions"): {"client_id": UNKNOWN_ID, "price_id": UNKNOWN_ID},
    ("POST", "/api/v1/subscriptions/freeze"): {"from": "2026-03-02", "until": "2026-03-02"},
    ("PUT", "/api/v1/subscriptions/{subscription_id}"): {"cancelled_on": None},
    ("PUT", "/api/v1/lessons/{lesson_id}/attendance"): {"attendances": []},
    ("PUT", "/api/v1/lessons/{lesson_id}/attendance/{client_id}/absence"): {"note": "ill"},
}
# where the rules about who is concerned would hide those about levels: nobody is, and that is said after them
ASKED_ABOUT_NOTHING = {
    ("PUT", "/api/v1/users/{user_id}/role"),
    ("PUT", "/api/v1/users/{user_id}/active"),
    ("POST", "/api/v1/role_changes/{role_change_id}/confirm"),
    ("POST", "/api/v1/role_changes/{role_change_id}/reject"),
}
# a level below the one that may invite has no role to give: lowering the entry alone lets nobody in
HELD_TWICE = {Permission.INVITE_USER}
# refused to everybody whom it does not concern, or answered like this for another reason than who asks
WITHOUT_CREDENTIALS = {("POST", "/login"), ("POST", "/api/v1/auth/login")}


class Stage:
    """An application with somebody of every kind, and what they may or may not touch."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.hash = api.container.hasher().hash(PASSWORD)
        self.store = api.container.store()
        self.bystander = self.account(username="bystander")
        self.target = self.account(role=Role.OWNER)
        self.admin = self.account(role=Role.ADMIN)
        self.lab_owner = api.someone("lab_owner")
        self.lab = api.lab_of(self.lab_owner)
        client, price = make.client(user_ids=(self.bystander.id,)), make.price()
        things = {
            "client_id": client,
            "contract_id": make.contract(client),
            "price_id": price,
            "subscription_id": make.subscription(client, price),
            "location_id": make.location(),
        }
        with self.store.transaction() as work:
            work.clients.add(client)
            work.contracts.add(things["contract_id"])
            work.prices.add(price)
            work.subscriptions.add(things["subscription_id"])
            work.locations.add(things["location_id"])
        self.location = things["location_id"]
        self.things = {name: str(thing.id) for name, thing in things.items()}

    def account(self, **changes: Any) -> Account:
        account = make.confirmed(password_hash=self.hash, **changes)
        with self.store.transaction() as work:
            work.accounts.add(account)
        return account

    def person(self, principal: str) -> tuple[Account, dict[str, str]]:
        """An account of this kind with a session of its own, and the headers it sends."""
        if principal == UNCONFIRMED:
            account = self.account(email_confirmed_at=None)
        elif principal in (NOBODY, DEACTIVATED):
            account = self.account()
        else:
            account = self.account(role=Role(principal))
        session = make.session(account)
        with self.store.transaction() as work:
            work.sessions.add(session)
            if principal == DEACTIVATED:
                work.accounts.save(replace(account, active=False, version=2))
        token = self.api.container.tokens().issue(session)
        return account, {} if principal == NOBODY else {"authorization": f"Bearer {token}"}

    def role_change(self, requested_by: Account) -> str:
        """A change that awaits, about an owner of its own."""
        change = RoleChange(
            id=RoleChangeId(make.new_id()),
            user_id=self.account(role=Role.OWNER).id,
            requested_by=requested_by.id,
            kind=Kind.ROLE,
            before=Role.OWNER,
            after=Role.USER,
            expires_at=make.NOON.replace(year=2027),
            created_at=make.NOON,
            updated_at=make.NOON,
        )
        with self.store.transaction() as work:
            work.role_changes.add(change)
        return str(change.id)

    def lab_of(self, account: Account) -> str:
        lab = make.lab(account)
        member = make.membership(lab, self.bystander)
        with self.store.transaction() as work:
            work.labs.add(lab)
            work.labs.add_member(member)
        return str(lab.id)

    def client_of(self, account: Account) -> str:
        client = make.client(user_ids=(account.id,))
        with self.store.transaction() as work:
            work.clients.add(client)
        return str(client.id)

    def lesson_of(self, *teachers: Account) -> dict[str, str]:
        """A group, and a lesson of it, that they teach."""
        group = make.group(
            self.location, teachers=tuple(Teaching(user_id=it.id, since=make.NOON.date()) for it in teachers)
        )
        lesson = make.lesson(group)
        with self.store.transaction() as work:
            work.groups.add(group)
            work.lessons.add(lesson)
        return {"group_id": str(group.id), "lesson_id": str(lesson.id)}

    def may(self, route: Route, principal: str, *, own: bool) -> bool:
        """Whether they get past the question who they are; 404 and the like come after it."""
        method, path = route
        account, headers = self.person(principal)
        lab_id = self.lab_of(account) if own else self.lab.id
        nothing = str(make.new_id())
        somebody = nothing if route in ASKED_ABOUT_NOTHING else str(self.bystander.id)
        about = nothing if route in ASKED_ABOUT_NOTHING else self.role_change(account if own else self.admin)
        places = {
            "user_id": str(account.id) if own and "/labs/" not in path else somebody,
            "lab_id": lab_id,
            "attendance_id": nothing,
            "role_change_id": about,
            "token": "unknown",
            "session_id": nothing,
            **self.things,
        }
        if own and "{client_id}" in path:
            places["client_id"] = self.client_of(account)
        if "{group_id}" in path or "{lesson_id}" in path:
            places |= self.lesson_of(account if own else self.bystander)
        body = BODIES.get(route)
        if route == ("PUT", "/labs/{lab_id}/attendance"):
            body = {"user_id": str(self.bystander.id), "date": "2026-03-02", "status": "late"}
        query = {"date": "2026-03-02"} if route == ("GET", "/labs/{lab_id}/attendance") else {}
        response = self.api.http.request(
            method,
            re.sub(r"{(\w+)}", lambda place: places[place[1]], path),
            headers=headers,
            params=query,
            **({} if body is None else {"json": body}),
        )
        assert response.status_code < 500, response.text
        if route in WITHOUT_CREDENTIALS:
            return answer(response) == refusal(401, "invalid credentials")
        return response.status_code not in (401, 403)


@pytest.fixture
def on(unlimited: Api) -> Stage:
    return Stage(unlimited)


def differences(on: Stage, table: Mapping[Route, Row], routes: set[Route] | None = None) -> set[Route]:
    """The routes of the table for which somebody may what the table denies, or may not what it allows."""
    return {
        route
        for route, row in table.items()
        if routes is None or route in routes
        for own in ((False, True) if row.own is not None else (False,))
        for principal in PRINCIPALS
        if on.may(route, principal, own=own) is not row.lets(principal, own=own)
    }


def test_every_operation_is_in_the_table_and_no_other(on: Stage) -> None:
    assert written().keys() == registered(on.api.app).keys()
    others = {
        route.path
        for route in on.api.app.routes
        for handler in getattr(route, "route_handlers", ())
        if not {PERMISSION, PAGE} & {*handler.opt} and handler.http_methods != {"OPTIONS"}
    }
    assert others == {"/schema", "/schema/openapi.json"}


def test_every_permission_is_named_as_the_code_has_it() -> None:
    assert named() == {permission.value: permission.rule for permission in Permission}


@pytest.mark.slow
def test_everybody_may_what_the_table_says_and_nothing_else(on: Stage) -> None:
    assert differences(on, written()) == set()


def flipped(row: Row) -> Iterator[Row]:
    """The row with another lowest level, one up or one down, or with none."""
    for name in ("lowest", "own"):
        level = getattr(row, name)
        if level is None:
            if name == "lowest":
                yield replace(row, lowest=7)
            continue
        for other in (level - 1, level + 1):
            if 0 <= other <= row.highest:
                yield replace(row, **{name: other})
    yield replace(row, highest=7 if row.highest < 7 else 5)


@pytest.mark.plants
@pytest.mark.parametrize("route", written(), ids=lambda route: " ".join(route))
def test_a_wrong_row_in_the_table_is_seen(on: Stage, route: Route) -> None:
    for row in flipped(written()[route]):
        assert differences(on, {route: row}) == {route}, row


@pytest.mark.plants
@pytest.mark.parametrize("permission", Permission)
def test_a_wrong_entry_in_the_code_is_seen(
    on: Stage, permission: Permission, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One level lower, one level higher, or for one's own too: some row of the written table is broken."""
    rule = permission.rule
    others: list[Rule] = [replace(rule, highest=Level.EMPLOYEE)]
    if rule.level is not None:
        others.append(replace(rule, level=Level(rule.level + 1)))
        if rule.level > Level.UNCONFIRMED and permission not in HELD_TWICE:
            others.append(replace(rule, level=Level(rule.level - 1)))
    if rule.own is not None:
        others.append(replace(rule, own=Level(rule.own + 1)))
        others.append(replace(rule, own=None))
    routes = {
        route
        for route, handler in registered(on.api.app).items()
        if handler.opt[PERMISSION][route[0]] is permission
    }
    assert routes
    for other in others:
        monkeypatch.setattr(permission, "rule", other)
        assert differences(on, written(), routes), other
        monkeypatch.undo()


def test_an_operation_that_does_not_say_who_may_cannot_be_declared() -> None:
    declare: Any = Room("Health").operation
    with pytest.raises(TypeError, match="who"):
        declare("GET", "/health/anybody")
