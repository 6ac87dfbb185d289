"""What settings close or slow down over HTTP: registration, the labs protocol, grants; and languages."""

from collections.abc import Iterator
from typing import Any

import pytest

from attendance.adapters.http.app import ROOMS
from attendance.domain.accounts.mail import MailKind
from attendance.domain.permissions.roles import Role
from tests.http.api import IN_MEMORY, PASSWORD, Api, Person, answer, fields, good, refusal, running

BY_INVITATION = refusal(403, "registration is by invitation")
FORBIDDEN = refusal(403, "insufficient permissions")
NOT_AWAITING = refusal(409, "not awaiting confirmation")
NOT_FOUND = refusal(404, "not found")


@pytest.fixture(scope="module")
def invited_only() -> Iterator[Api]:
    with running(registration="invited") as api:
        yield api


@pytest.fixture(scope="module")
def without_labs() -> Iterator[Api]:
    with running(labs="off") as api:
        yield api


def me(person: Person) -> dict[str, Any]:
    return good(person.reads("/users/me"), 200)


# By invitation


def test_nobody_registers_where_it_is_by_invitation(invited_only: Api) -> None:
    api = invited_only
    assert answer(api.registers(username="ada", password=PASSWORD)) == BY_INVITATION
    assert answer(api.registers_with_email("ada")) == BY_INVITATION
    assert answer(api.nobody.reads("/auth/registration")) == BY_INVITATION
    assert good(api.having(Role.OWNER).reads("/users", name="ada"), 200)["total"] == 0
    assert api.mails() == []


def test_what_is_malformed_is_told_before_that(invited_only: Api) -> None:
    assert fields(invited_only.registers(username="ada")) == ["password"]
    assert fields(invited_only.registers(username="me", password="short")) == ["username", "password"]


def test_who_is_invited_comes_in(invited_only: Api) -> None:
    owner = invited_only.having(Role.OWNER)
    good(owner.posts("/users", username="mia", email="mia@example.org"), 201)
    token = invited_only.token_mailed(MailKind.INVITATION)
    assert invited_only.nobody.puts(f"/auth/password_reset/{token}", password=PASSWORD).status_code == 204
    assert invited_only.signs_in(username="mia", password=PASSWORD).status_code == 200


@IN_MEMORY
def test_otherwise_the_form_says_what_registering_takes(api: Api) -> None:
    assert good(api.nobody.reads("/auth/registration"), 200)["method"] == "POST"


# Without the labs protocol


@pytest.mark.slow
def test_the_paths_of_the_labs_are_not_there(without_labs: Api) -> None:
    api = without_labs
    person = api.having(Role.OWNER)
    operations = [operation for room in ROOMS if room.is_of_labs for operation in room.operations]
    assert {operation.path.split("/")[1] for operation in operations} == {
        "register",
        "login",
        "users",
        "labs",
    }
    assert len(operations) == 10
    for operation in operations:
        path = operation.path.replace("{", "").replace("}", "")
        for who in (person, api.nobody):
            assert answer(who.asks(operation.method, path, json={})) == NOT_FOUND, path
            assert answer(who.asks("OPTIONS", path)) == NOT_FOUND
    listed = good(api.http.get("/schema/openapi.json"), 200)["paths"]
    assert not {operation.path for operation in operations} & {*listed}
    assert all(path.startswith(("/api/v1", "/health")) for path in listed)


def test_the_club_goes_on_without_the_labs(without_labs: Api) -> None:
    good(without_labs.registers_with_email("mia"), 201)
    signed_in = good(without_labs.nobody.posts("/auth/login", username="mia", password=PASSWORD), 200)
    assert signed_in["access_token"]


# Grants


@pytest.mark.slow
@pytest.mark.parametrize("role", ["owner", "admin"])
def test_a_grant_awaits_an_owners_word_over_http(role: str) -> None:
    with running(confirm_grants="on") as api:
        olga, oleg, mia = api.having(Role.OWNER, "olga"), api.having(Role.OWNER, "oleg"), api.having()
        response = olga.puts(f"/users/{mia.id}/role", role=role)
        change = good(response, 202)
        assert (change["kind"], change["from"], change["to"]) == ("role", "user", role)
        assert (change["state"], change["requested_by"]) == ("awaiting", olga.id)
        assert response.headers["location"].endswith(f"/role_changes/{change['id']}")
        assert {mail.to for mail in api.mails(MailKind.ROLE_GRANT_AWAITS)} == {
            f"{person.username}@example.org" for person in (olga, oleg, mia)
        }
        path = f"/role_changes/{change['id']}"
        for person in (olga, mia, api.having(Role.ADMIN)):
            assert answer(person.posts(f"{path}/confirm")) == FORBIDDEN
        assert me(mia)["role"] == "user"
        assert good(oleg.posts(f"{path}/confirm"), 200)["state"] == "applied"
        assert me(mia)["role"] == role
        assert answer(oleg.posts(f"{path}/reject")) == NOT_AWAITING
        assert len(api.mails(MailKind.ROLE_GRANTED)) == (3 if role == "owner" else 2)
        assert good(olga.puts(f"/users/{mia.id}/role", role=role), 200)["role"] == role


# Languages


def test_an_account_has_a_language_or_the_organisations(api: Api) -> None:
    ada = api.having(username="ada")
    assert me(ada)["language"] is None
    for language in ("en", "de", "ru", None):
        edited = good(ada.puts("/users/me", language=language), 200)
        assert edited["language"] == me(ada)["language"] == language
    version = me(ada)["version"]
    assert good(ada.puts("/users/me", language=None), 200)["version"] == version
    for wrong in ("xx", "", "DE", "de-DE", 5, ["de"]):
        assert fields(ada.puts("/users/me", language=wrong)) == ["language"]
    assert fields(ada.puts("/users/me", language="xx", name="\0")) == ["name", "language"]
    head, employee = api.having(Role.HEAD_MANAGER), api.having(Role.EMPLOYEE)
    assert good(head.puts(f"/users/{ada.id}", language="de"), 200)["language"] == "de"
    assert answer(employee.puts(f"/users/{ada.id}", language="en")) == FORBIDDEN
