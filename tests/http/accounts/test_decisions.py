"""Every decision about roles, states and profiles over HTTP, against the tables written for readers."""

from collections.abc import Iterable

import pytest

from attendance.domain.accounts.accounts import Account
from attendance.domain.permissions.roles import Role
from tests.decisions import (
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
from tests.http.accounts.test_permissions import Stage
from tests.http.api import Api

KINDS = {
    "role": ("Changing roles", moves),
    "active": ("Deactivating and reactivating", switches),
    "edit": ("Editing others", edits),
    "invite": ("Inviting", invitations),
}
STATES = {UNCONFIRMED: {"email_confirmed_at": None}, DEACTIVATED: {"active": False}}


@pytest.fixture
def on(unlimited: Api) -> Stage:
    return Stage(unlimited)


def answered(on: Stage, kind: str, case: Case) -> int:
    asker, headers = on.person(case.actor)
    target = asker if case.is_self else on.account(role=Role(case.now), **STATES.get(case.state, {}))
    if kind == "invite":
        guest = asker.username
        body = {"username": f"{guest}-guest", "email": f"{guest}@example.com", "role": case.now}
        return on.api.http.post("/api/v1/users", json=body, headers=headers).status_code
    path, body = {
        "role": ("/role", {"role": case.to}),
        "active": ("/active", {"active": case.to == "active"}),
        "edit": ("", {"name": "Somebody"}),
    }[kind]
    url = f"/api/v1/users/{target.id}{path}"
    response = on.api.http.put(url, json=body, headers=headers)
    if response.status_code not in (200, 202):
        with on.store.autocommit() as work:
            now: Account = work.accounts.get(target.id)
        assert now == target
    return response.status_code


def differences(on: Stage, kind: str, cases: Iterable[Case]) -> dict[Case, tuple[int, int]]:
    """Cases answered otherwise than written: what was answered, what is written."""
    heading, _ = KINDS[kind]
    rows, found = tables()[heading], {}
    for case in cases:
        written, said = answer_to(case, kind, rows), answered(on, kind, case)
        if written != said:
            found[case] = (said, written)
    return found


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.thorough
def test_every_decision_is_answered_as_written(on: Stage, kind: str) -> None:
    assert differences(on, kind, KINDS[kind][1]()) == {}


@pytest.mark.plants
def test_a_demotion_at_once_is_seen(on: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("attendance.application.accounts.role_change_workflow.must_await", lambda *_: False)
    taking = [case for case in moves() if case.now == "owner" and case.actor == "admin"]
    assert {said for said, _ in differences(on, "role", taking).values()} == {200}
