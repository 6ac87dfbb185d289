"""Every decision about roles, states and profiles, against the tables that are written for readers."""

from dataclasses import replace

import pytest

from attendance.adapters.memory import MemoryStore
from attendance.application.accounts.read_models import RoleChangeDetails
from attendance.application.ports import Store
from attendance.domain.accounts import policy, role_changes
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.role_changes import NotConfirmedAndActive, OwnershipRules
from attendance.domain.errors import Conflict, Forbidden
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Role
from tests import make
from tests.decisions import (
    ANONYMOUS,
    DEACTIVATED,
    UNCONFIRMED,
    Case,
    answer_to,
    edits,
    invitations,
    moves,
    switches,
    tables,
)
from tests.fakes import World

HEADING = {
    "role": "Changing roles",
    "grant": "Changing roles where grants await confirmation",
    "active": "Deactivating and reactivating",
    "edit": "Editing others",
    "invite": "Inviting",
}
CASES = {
    "role": [case for case in moves() if case.actor not in (ANONYMOUS, DEACTIVATED)],
    "grant": [case for case in moves() if case.actor not in (ANONYMOUS, DEACTIVATED)],
    "active": [case for case in switches() if case.actor not in (ANONYMOUS, DEACTIVATED)],
    "edit": [case for case in edits() if case.actor not in (ANONYMOUS, DEACTIVATED)],
    "invite": [case for case in invitations() if case.actor not in (ANONYMOUS, DEACTIVATED)],
}


def people(world: World, case: Case) -> tuple[Actor, Account]:
    """Who asks, and about whom. There is another owner, so that nobody is the last one."""
    states = {UNCONFIRMED: {"email_confirmed_at": None}, DEACTIVATED: {"active": False}}
    if case.is_self:
        account = world.account(role=Role(case.now))
        return make.actor(account), account
    asker = world.account() if case.actor == UNCONFIRMED else world.account(role=Role(case.actor))
    if case.actor == UNCONFIRMED:
        asker = replace(asker, email_confirmed_at=None)
    return make.actor(asker), world.account(role=Role(case.now), **states.get(case.state, {}))


def answered(world: World, kind: str, case: Case) -> int:
    """What the use case says, in the numbers of the table."""
    actor, target = people(world, case)
    cases = world.use_cases
    try:
        match kind:
            case "role" | "grant":
                outcome: object = cases.change_role(actor, user_id=target.id, role=Role(case.to))
            case "active":
                outcome = cases.change_active(actor, user_id=target.id, active=case.to == "active")
            case "invite":
                guest = f"guest{target.version}{target.id.hex}"
                cases.invite_user(
                    actor, username=guest[:60], email=f"{guest}@example.org", role=Role(case.now)
                )
                return 201
            case _:
                outcome = cases.edit_user(actor, user_id=target.id, name="Somebody")
    except Forbidden:
        assert world.now(target.id) == target
        return 403
    except NotConfirmedAndActive:
        assert world.now(target.id) == target
        return 409
    if isinstance(outcome, RoleChangeDetails):
        assert world.now(target.id) == target
        return 202
    return 200


def one_of_each_sort(kind: str) -> list[Case]:
    """The first for each answer that each who asks gets about themselves, and about others in each state."""
    rows = tables()[HEADING[kind]]
    found: dict[object, Case] = {}
    for case in CASES[kind]:
        found.setdefault((case.actor, case.is_self, case.state, answer_to(case, kind, rows)), case)
    return [*found.values()]


def differences(store: Store, kind: str, cases: list[Case]) -> dict[Case, tuple[int, int]]:
    """Cases answered otherwise than written: what was answered, what is written."""
    world = World(store, rules=OwnershipRules(confirms_grants=kind == "grant"))
    rows = tables()[HEADING[kind]]
    world.having(Role.OWNER)
    found = {}
    for case in cases:
        written, said = answer_to(case, kind, rows), answered(world, kind, case)
        if written != said:
            found[case] = (said, written)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("kind", CASES)
def test_every_decision_is_as_written(kind: str) -> None:
    assert differences(MemoryStore(), kind, CASES[kind]) == {}


@pytest.mark.parametrize("kind", CASES)
def test_a_decision_of_each_sort_is_as_written_over_every_store(store: Store, kind: str) -> None:
    """What is decided is the same code over each; what it reads and keeps is another's."""
    assert differences(store, kind, one_of_each_sort(kind)) == {}


@pytest.mark.parametrize("kind", CASES)
def test_every_row_of_the_tables_counts(kind: str) -> None:
    """Without any one of them, some decision would be another."""
    rows = tables()[HEADING[kind]]
    assert len(rows) >= 2
    for row in rows:
        others = [other for other in rows if other is not row]
        assert any(answer_to(case, kind, rows) != answer_to(case, kind, others) for case in CASES[kind]), row


LAX = {
    "anybody may give any role": ("role", policy, "may_give", lambda *_: True),
    "head managers may give every role": (
        "role",
        policy,
        "BELOW_HEAD_MANAGER",
        frozenset(Role),
    ),
    "owners are demoted at once": ("role", role_changes, "must_await", lambda *_: False),
    "grants need nobody's word": ("grant", role_changes, "must_await", lambda *_: False),
    "everybody is promoted": ("role", role_changes, "require_possible", lambda *_, **__: None),
    "owners are deactivated at once": ("active", role_changes, "must_await", lambda *_: False),
    "anybody may deactivate": ("active", policy, "may_give", lambda *_: True),
    "everybody is invited to everything": ("invite", policy, "TOP_ROLES", frozenset()),
    "owners and admins are edited like others": ("edit", policy, "TOP_ROLES", frozenset()),
}


@pytest.mark.plants
@pytest.mark.parametrize("how", LAX)
def test_a_lax_rule_is_seen(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from attendance.application.accounts import role_change_workflow as role_changing

    kind, module, name, other = LAX[how]
    monkeypatch.setattr(module, name, other)
    if hasattr(role_changing, name):
        monkeypatch.setattr(role_changing, name, other)
    assert differences(MemoryStore(), kind, CASES[kind])


def test_nobody_else_is_known_to_ask() -> None:
    """Strangers and deactivated accounts have no actor: over HTTP they are 401, before any rule is asked."""
    assert {case.actor for case in moves()} - {case.actor for case in CASES["role"]} == {
        ANONYMOUS,
        DEACTIVATED,
    }
    assert issubclass(NotConfirmedAndActive, Conflict)
