"""Roles and states over HTTP, letter for letter, over every store: at once, or once it is confirmed."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from attendance.application.accounts import role_change_workflow as role_changing
from attendance.domain.accounts import role_changes as rules
from attendance.domain.accounts.mail import MailKind
from attendance.domain.permissions.roles import Role
from tests.http.api import (
    CLUB,
    IN_MEMORY,
    PASSWORD,
    UNKNOWN_ID,
    Api,
    Person,
    answer,
    fields,
    good,
    refusal,
    running,
)

SIGN_IN_FIRST = refusal(401, "authentication required")
FORBIDDEN = refusal(403, "insufficient permissions")
NO_CHANGE = refusal(404, "role change not found")
AWAITS = refusal(409, "a role change is awaiting")
LAST_OWNER = refusal(409, "the last owner cannot be removed")
NOT_CONFIRMED = refusal(409, "account is not confirmed and active")
NOT_AWAITING = refusal(409, "not awaiting confirmation")
DECISIONS = ["confirm", "reject", "withdraw"]


@pytest.fixture
def owner(api: Api) -> Person:
    return api.having(Role.OWNER, "owner")


@pytest.fixture
def rival(api: Api) -> Person:
    return api.having(Role.OWNER, "rival")


@pytest.fixture
def third(api: Api) -> Person:
    return api.having(Role.OWNER, "third")


@pytest.fixture
def ada(api: Api) -> Person:
    return api.having(username="ada")


def me(person: Person) -> dict[str, Any]:
    return good(person.reads("/users/me"), 200)


def moves(actor: Person, target: Person, role: str) -> httpx.Response:
    return actor.puts(f"/users/{target.id}/role", role=role)


def switches(actor: Person, target: Person, active: bool) -> httpx.Response:
    return actor.puts(f"/users/{target.id}/active", active=active)


def decides(person: Person, decision: str, change: str) -> httpx.Response:
    return person.posts(f"/role_changes/{change}/{decision}")


def asked(actor: Person, target: Person, role: str = "user") -> str:
    """The id of a change that awaits confirmation."""
    return good(moves(actor, target, role), 202)["id"]


def state_of(person: Person, change: str) -> str:
    return good(person.reads(f"/role_changes/{change}"), 200)["state"]


# At once


def test_a_role_is_given_at_once_and_holds_for_the_next_request(api: Api, owner: Person, ada: Person) -> None:
    response = moves(owner, ada, "manager")
    moved = good(response, 200)
    assert (moved["role"], moved["level"], moved["version"]) == ("manager", 4, 2)
    assert response.headers["etag"] == '"2"'
    assert "location" not in response.headers
    assert ada.reads("/users").status_code == 200
    assert good(moves(owner, ada, "manager"), 200)["version"] == 2, "the same again changes nothing"
    assert good(owner.reads("/events", subject=ada.id), 200)["total"] == 1
    good(moves(owner, ada, "user"), 200)
    assert answer(ada.reads("/users")) == FORBIDDEN


@IN_MEMORY
def test_a_role_is_one_of_those_there_are(api: Api, owner: Person, ada: Person) -> None:
    for wrong in ("boss", "", "Owner", None, 5, ["owner"], True):
        assert fields(owner.puts(f"/users/{ada.id}/role", role=wrong)) == ["role"]
    for wrong in ("true", 1, 0, None, [], "false"):
        assert fields(owner.puts(f"/users/{ada.id}/active", active=wrong)) == ["active"]
    assert fields(owner.puts(f"/users/{ada.id}/role", role="user", level=7)) == ["level"]
    assert fields(owner.puts(f"/users/{ada.id}/role")) == ["role"]
    assert me(ada)["version"] == 1


@IN_MEMORY
def test_whoever_manages_moves_only_those_below(api: Api, owner: Person, ada: Person) -> None:
    head, admin = api.having(Role.HEAD_MANAGER), api.having(Role.ADMIN)
    another_head = api.having(Role.HEAD_MANAGER)
    for role in ("employee", "manager", "user"):
        assert good(moves(head, ada, role), 200)["role"] == role
    for role in ("head_manager", "owner", "admin"):
        assert answer(moves(head, ada, role)) == FORBIDDEN
    for target in (owner, admin, another_head, head):
        for role in ("user", "head_manager", "admin"):
            assert answer(moves(head, target, role)) == FORBIDDEN, (target.username, role)
        assert answer(switches(head, target, False)) == FORBIDDEN
    for role in (Role.USER, Role.EMPLOYEE, Role.MANAGER):
        somebody = api.having(role)
        assert answer(moves(somebody, ada, "user")) == answer(switches(somebody, ada, False)) == FORBIDDEN
        assert answer(moves(somebody, somebody, "owner")) == FORBIDDEN


@IN_MEMORY
def test_nobody_raises_themself(api: Api, owner: Person) -> None:
    assert answer(moves(owner, owner, "admin")) == FORBIDDEN
    admin = api.having(Role.ADMIN)
    assert good(moves(admin, admin, "admin"), 200)["role"] == "admin"
    assert good(moves(admin, admin, "owner"), 200)["role"] == "owner", "an admin's level is above an owner's"


@IN_MEMORY
def test_only_whoever_is_confirmed_and_active_is_promoted(api: Api, owner: Person) -> None:
    unconfirmed = api.someone("unconfirmed")
    gone = api.having(Role.EMPLOYEE, "gone", active=False)
    for person in (unconfirmed, gone):
        assert answer(moves(owner, person, "manager")) == NOT_CONFIRMED
    assert good(moves(owner, gone, "user"), 200)["role"] == "user", "lowering is always possible"


def test_deactivation_ends_sessions_at_once_and_keeps_the_role(api: Api, owner: Person) -> None:
    ada = api.having(Role.MANAGER, "ada")
    other = api.session_of(ada)
    deactivated = good(switches(owner, ada, False), 200)
    assert (deactivated["active"], deactivated["role"]) == (False, "manager")
    for person in (ada, other):
        refused = person.reads("/users/me")
        assert answer(refused) == answer(person.creates(name="x")) == SIGN_IN_FIRST
        assert refused.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    for who in ({"username": "ada"}, {"email": "ada@example.org"}):
        refused = api.nobody.posts("/auth/login", password=PASSWORD, **who)
        assert answer(refused) == refusal(401, "invalid credentials")
    assert good(switches(owner, ada, False), 200)["version"] == 2
    assert good(switches(owner, ada, True), 200)["role"] == "manager"
    assert answer(ada.reads("/users/me")) == SIGN_IN_FIRST, "what has ended does not begin again"
    token = good(api.nobody.posts("/auth/login", username="ada", password=PASSWORD), 200)["access_token"]
    assert me(Person(api.http, token=token))["level"] == 4


@pytest.mark.plants
@IN_MEMORY
def test_a_session_nobody_ended_is_seen_to_begin_again(
    api: Api, owner: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(role_changing, "end_sessions", lambda *_, **__: None)
    ada = api.having(Role.MANAGER, "ada")
    good(switches(owner, ada, False), 200)
    assert answer(ada.reads("/users/me")) == SIGN_IN_FIRST, "whether one is active is asked each time"
    good(switches(owner, ada, True), 200)
    assert me(ada)["level"] == 4


@IN_MEMORY
def test_every_grant_of_ownership_is_told_to_all_active_owners(
    api: Api, owner: Person, rival: Person
) -> None:
    ada = api.having(Role.EMPLOYEE, "ada")
    api.having(Role.OWNER, "gone", active=False)
    good(moves(owner, ada, "owner"), 200)
    told = {mail.to for mail in api.mails(MailKind.ROLE_GRANTED)}
    assert told == {f"{name}@example.org" for name in ("owner", "rival", "ada")}
    assert {mail.facts["about"] for mail in api.mails(MailKind.ROLE_GRANTED) if mail.facts} == {"ada"}


def test_an_owner_may_step_down_alone_unless_they_are_the_last(
    api: Api, owner: Person, rival: Person
) -> None:
    assert good(moves(rival, rival, "user"), 200)["role"] == "user"
    for role in ("user", "head_manager"):
        assert answer(moves(owner, owner, role)) == LAST_OWNER
    assert answer(switches(owner, owner, False)) == LAST_OWNER
    admin = api.having(Role.ADMIN)
    assert answer(moves(admin, owner, "user")) == answer(switches(admin, owner, False)) == LAST_OWNER
    assert answer(moves(admin, owner, "admin")) == LAST_OWNER, "admins do not count as owners"
    assert me(owner)["role"] == "owner"


# Once it is confirmed


def test_taking_ownership_from_somebody_else_awaits_confirmation(
    api: Api, owner: Person, rival: Person
) -> None:
    response = moves(owner, rival, "employee")
    change = good(response, 202)
    assert change == {
        "id": change["id"],
        "created_at": "2026-03-02T12:00:00Z",
        "updated_at": "2026-03-02T12:00:00Z",
        "version": 1,
        "user_id": rival.id,
        "requested_by": owner.id,
        "kind": "role",
        "from": "owner",
        "to": "employee",
        "state": "awaiting",
        "expires_at": "2026-03-09T12:00:00Z",
        "decided_by": None,
        "decided_at": None,
    }
    assert response.headers["location"] == f"{CLUB}/role_changes/{change['id']}"
    assert response.headers["etag"] == '"1"'
    shown = rival.asks("GET", response.headers["location"])
    assert (answer(shown), shown.headers["etag"]) == ((200, change), '"1"')
    assert me(rival)["role"] == "owner"
    assert {mail.to for mail in api.mails(MailKind.ROLE_CHANGE_AWAITS)} == {
        "owner@example.org",
        "rival@example.org",
    }


@pytest.mark.parametrize("requester", [Role.OWNER, Role.ADMIN])
@pytest.mark.parametrize("what", ["user", "admin", False])
def test_it_awaits_whoever_asks_and_whatever_for(memory: Api, requester: Role, what: str | bool) -> None:
    boss, target = memory.having(requester), memory.having(Role.OWNER)
    memory.having(Role.OWNER)
    response = switches(boss, target, what) if isinstance(what, bool) else moves(boss, target, what)
    change = good(response, 202)
    assert (change["kind"], change["to"]) == ("active" if what is False else "role", what)
    assert change["from"] == (True if what is False else "owner")
    assert (me(target)["role"], me(target)["active"]) == ("owner", True)


@IN_MEMORY
def test_one_change_at_a_time_awaits_for_an_owner(
    api: Api, owner: Person, rival: Person, third: Person
) -> None:
    change = asked(owner, rival)
    for response in (
        moves(owner, rival, "user"),
        moves(third, rival, "admin"),
        switches(third, rival, False),
    ):
        assert answer(response) == AWAITS
    assert good(owner.reads("/role_changes"), 200)["total"] == 1
    assert good(moves(third, rival, "owner"), 200)["role"] == "owner", "the same again is no change"
    assert answer(decides(owner, "withdraw", change))[0] == 200
    asked(third, rival)


@pytest.mark.parametrize("decider", ["target", "third"])
def test_it_is_confirmed_by_the_target_or_an_owner_of_long_standing(
    api: Api, owner: Person, rival: Person, third: Person, decider: str
) -> None:
    change = asked(owner, rival, "employee")
    person = {"target": rival, "third": third}[decider]
    api.clock.pass_by(minutes=1)
    response = decides(person, "confirm", change)
    confirmed = good(response, 200)
    assert (confirmed["state"], confirmed["decided_by"]) == ("applied", person.id)
    assert (confirmed["decided_at"], confirmed["version"]) == ("2026-03-02T12:01:00Z", 2)
    assert response.headers["etag"] == '"2"'
    assert good(owner.reads(f"/role_changes/{change}"), 200) == confirmed
    assert (me(rival)["role"], me(rival)["level"]) == ("employee", 3)
    for decision, by in (("confirm", third), ("reject", third), ("withdraw", owner)):
        assert answer(decides(by, decision, change)) == NOT_AWAITING


def test_it_is_not_confirmed_by_the_requester_a_young_owner_or_an_admin(
    api: Api, owner: Person, rival: Person
) -> None:
    young = api.having(Role.OWNER, owner_since=api.clock.now - timedelta(days=6, hours=23))
    others = [api.having(role) for role in Role if role is not Role.OWNER]
    change = asked(owner, rival)
    for person in (owner, young, *others):
        assert answer(decides(person, "confirm", change)) == FORBIDDEN, person.username
    assert answer(decides(api.nobody, "confirm", change)) == SIGN_IN_FIRST
    assert state_of(owner, change) == "awaiting"
    [young] = api.passes(young, hours=1)
    assert good(decides(young, "confirm", change), 200)["state"] == "applied"


@pytest.mark.plants
def test_without_the_tenure_a_puppet_owner_confirms() -> None:
    """The twin of the test above: the protection taken out, what it keeps from happening is seen."""
    with running(owner_tenure_days=0) as api:
        owner, rival, ada = api.having(Role.OWNER), api.having(Role.OWNER), api.having()
        good(moves(owner, ada, "owner"), 200)
        assert good(decides(ada, "confirm", asked(owner, rival)), 200)["state"] == "applied"


@IN_MEMORY
def test_a_puppet_owner_neither_confirms_nor_waits_for_it(
    api: Api, owner: Person, rival: Person, ada: Person
) -> None:
    good(moves(owner, ada, "owner"), 200)
    change = asked(owner, rival)
    assert answer(decides(ada, "confirm", change)) == FORBIDDEN
    [ada, owner] = api.passes(ada, owner, days=6, hours=23)
    assert answer(decides(ada, "confirm", change)) == FORBIDDEN
    [ada, owner] = api.passes(ada, owner, hours=1)
    assert answer(decides(ada, "confirm", change)) == NOT_AWAITING
    assert state_of(owner, change) == "expired"


def test_it_is_rejected_by_any_owner_but_the_target(api: Api, owner: Person, rival: Person) -> None:
    change = asked(owner, rival)
    admin, head = api.having(Role.ADMIN), api.having(Role.HEAD_MANAGER)
    for person in (rival, admin, head):
        assert answer(decides(person, "reject", change)) == FORBIDDEN
    young = api.having(Role.OWNER, owner_since=api.clock.now)
    rejected = good(decides(young, "reject", change), 200)
    assert (rejected["state"], rejected["decided_by"]) == ("rejected", young.id)
    assert me(rival)["role"] == "owner"
    assert answer(decides(rival, "confirm", change)) == NOT_AWAITING
    asked(owner, rival)


def test_it_is_withdrawn_by_the_requester_alone_at_any_level(api: Api, owner: Person, rival: Person) -> None:
    admin = api.having(Role.ADMIN)
    change = asked(admin, rival)
    for person in (owner, rival, api.having(), api.someone("lab")):
        assert answer(decides(person, "withdraw", change)) == FORBIDDEN
    api.alters(admin, role=Role.USER)
    withdrawn = good(decides(admin, "withdraw", change), 200)
    assert (withdrawn["state"], withdrawn["decided_by"]) == ("withdrawn", admin.id)
    assert (
        answer(decides(rival, "confirm", change))
        == answer(decides(admin, "withdraw", change))
        == NOT_AWAITING
    )


def test_after_seven_days_it_is_over(api: Api, owner: Person, rival: Person, third: Person) -> None:
    change = asked(owner, rival)
    [owner, rival, third] = api.passes(owner, rival, third, days=7, seconds=-1)
    assert state_of(owner, change) == "awaiting"
    assert answer(moves(third, rival, "user")) == AWAITS
    api.clock.pass_by(seconds=1)
    over = good(owner.reads(f"/role_changes/{change}"), 200)
    assert (over["state"], over["decided_by"], over["decided_at"]) == ("expired", None, over["expires_at"])
    for decision, by in (("confirm", rival), ("reject", third), ("withdraw", owner)):
        assert answer(decides(by, decision, change)) == NOT_AWAITING
    by_state = {
        state.value: good(owner.reads("/role_changes", state=state.value), 200)["total"]
        for state in rules.State
    }
    assert by_state == dict.fromkeys(by_state, 0) | {"expired": 1}
    assert asked(third, rival) != change, "and something else may be asked for"
    assert state_of(owner, change) == "expired"


def test_what_happens_to_the_target_supersedes_it(api: Api, owner: Person, rival: Person) -> None:
    change = asked(owner, rival)
    good(moves(rival, rival, "manager"), 200)
    superseded = good(owner.reads(f"/role_changes/{change}"), 200)
    assert (superseded["state"], superseded["decided_by"]) == ("superseded", None)
    assert answer(decides(owner, "withdraw", change)) == NOT_AWAITING


def test_a_requester_who_may_no_longer_ask_supersedes_it(
    api: Api, owner: Person, rival: Person, third: Person
) -> None:
    change = asked(owner, rival)
    good(moves(owner, owner, "manager"), 200)
    assert state_of(third, change) == "superseded"
    assert answer(decides(third, "confirm", change)) == NOT_AWAITING
    assert me(rival)["role"] == "owner"


def test_a_confirmed_deactivation_ends_the_owners_sessions(
    api: Api, owner: Person, rival: Person, third: Person
) -> None:
    change = good(switches(owner, rival, False), 202)["id"]
    assert me(rival)["active"] is True
    good(decides(third, "confirm", change), 200)
    assert answer(rival.reads("/users/me")) == SIGN_IN_FIRST
    assert good(owner.reads(f"/users/{rival.id}"), 200)["active"] is False


def test_the_last_owner_stays_when_the_change_is_confirmed_too(
    api: Api, owner: Person, rival: Person
) -> None:
    admin = api.having(Role.ADMIN)
    change = asked(admin, rival)
    good(moves(owner, owner, "manager"), 200)
    assert answer(decides(rival, "confirm", change)) == LAST_OWNER
    assert state_of(rival, change) == "awaiting"
    assert me(rival)["role"] == "owner"
    good(decides(admin, "withdraw", change), 200)


def test_two_owners_who_confirm_each_others_end_leave_one(api: Api, owner: Person, rival: Person) -> None:
    admin = api.having(Role.ADMIN)
    first, second = asked(admin, owner), asked(admin, rival)
    good(decides(rival, "confirm", first), 200)
    assert answer(decides(owner, "confirm", second)) == FORBIDDEN
    assert answer(decides(rival, "confirm", second)) == LAST_OWNER


# The list


def test_role_changes_are_listed_newest_first_by_state_and_page(
    api: Api, owner: Person, rival: Person
) -> None:
    changes = []
    for _ in range(22):
        changes.append(asked(owner, rival))
        api.clock.pass_by(seconds=1)
        good(decides(owner, "withdraw", changes[-1]), 200)
    changes.append(asked(owner, rival))
    newest_first = [*reversed(changes)]
    whole = good(owner.reads("/role_changes"), 200)
    assert whole.keys() == {"role_changes", "total"}
    assert [change["id"] for change in whole["role_changes"]] == newest_first
    pages = [good(owner.reads("/role_changes", page=page), 200) for page in (1, 2, 3)]
    assert [len(page["role_changes"]) for page in pages] == [20, 3, 0]
    assert {(page["total"], page["pages"]) for page in pages} == {(23, 2)}
    assert [change for page in pages for change in page["role_changes"]] == whole["role_changes"]
    awaiting = good(owner.reads("/role_changes", state="awaiting"), 200)
    assert [change["id"] for change in awaiting["role_changes"]] == newest_first[:1]
    assert good(owner.reads("/role_changes", state="withdrawn", page=2), 200)["total"] == 22
    for wrong in ("", "x", "Awaiting", "null"):
        assert fields(owner.reads("/role_changes", state=wrong)) == ["state"]


@IN_MEMORY
def test_role_changes_are_for_head_managers_and_above(api: Api, owner: Person, rival: Person) -> None:
    change = asked(owner, rival)
    for role in Role:
        person = api.having(role)
        seen = person.reads("/role_changes"), person.reads(f"/role_changes/{change}")
        statuses = {response.status_code for response in seen}
        assert statuses == ({200} if role.level >= 5 else {403}), role


@IN_MEMORY
def test_what_is_no_role_change_is_not_found(api: Api, owner: Person) -> None:
    for id_ in (UNKNOWN_ID, "x", "1", "me", owner.id, owner.id.replace("-", "")):
        assert answer(owner.reads(f"/role_changes/{id_}")) == NO_CHANGE
        for decision in DECISIONS:
            assert answer(decides(owner, decision, id_)) == NO_CHANGE
            assert answer(api.nobody.posts(f"/role_changes/{id_}/{decision}")) == SIGN_IN_FIRST


def test_each_step_is_in_the_log(api: Api, owner: Person, rival: Person, third: Person) -> None:
    first = asked(owner, rival)
    good(decides(third, "reject", first), 200)
    second = asked(owner, rival)
    good(decides(rival, "confirm", second), 200)
    log = good(owner.reads("/events"), 200)["events"]
    told = [(event["action"], event["actor"]["name"]) for event in reversed(log)]
    assert told == [
        ("role_change.requested", "owner"),
        ("role_change.rejected", "third"),
        ("role_change.requested", "owner"),
        ("role_change.applied", "rival"),
        ("account.role_changed", "rival"),
    ]
    assert log[1]["after"] == {
        "user_id": rival.id,
        "kind": "role",
        "from": "owner",
        "to": "user",
        "state": "applied",
    }
