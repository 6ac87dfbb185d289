"""Sessions in the club protocol: remembered ones, the list of one's own, ending one; what one may."""

import logging
from typing import Any

import pytest

from attendance.adapters.http.server.errors import reply_to
from attendance.domain.accounts.sessions import InvalidToken, SessionExpired
from attendance.domain.permissions.roles import Role
from tests.http.accounts.test_limits_over_http import from_address
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
from tests.http.club_protocol import DONE, INVALID_CREDENTIALS, SIGN_IN_FIRST, is_in

NO_SESSION = refusal(404, "session not found")
OWN = "/users/me/sessions"
PHONE = "Mozilla/5.0 (Android 16; Mobile; rv:140.0) Gecko/140.0 Firefox/140.0"


def signs_in(person: Person, user_agent: str = PHONE, **body: Any) -> Any:
    options = {"json": {"password": PASSWORD, **body}, "headers": {"user-agent": user_agent}}
    return person.asks("POST", f"{CLUB}/auth/login", **options)


def told(person: Person) -> list[dict[str, Any]]:
    listed = good(person.reads(OWN), 200)
    assert listed.keys() == {"sessions", "total"}
    assert listed["total"] == len(listed["sessions"])
    return listed["sessions"]


def test_signing_in_tells_how_long_it_lasts(api: Api) -> None:
    api.having(username="ada")
    usual = good(signs_in(api.nobody, username="ada"), 200)
    assert usual | {"access_token": ""} == {
        "access_token": "",
        "expires_at": "2026-03-03T00:00:00Z",
        "idle_seconds": 10800,
    }
    for body in ({"username": " Ada\t"}, {"email": "ada@example.org "}):
        remembered = good(signs_in(api.nobody, remember=True, **body), 200)
        assert remembered.keys() == usual.keys()
        assert (remembered["expires_at"], remembered["idle_seconds"]) == ("2026-04-01T12:00:00Z", 1209600)
        assert is_in(Person(api.http, token=remembered["access_token"]))
    assert good(signs_in(api.nobody, username="ada", remember=False), 200)["idle_seconds"] == 10800


def test_a_remembered_session_outlasts_the_usual_one(api: Api) -> None:
    ada = api.having(username="ada")
    phone = Person(
        api.http, ada.id, token=good(signs_in(api.nobody, username="ada", remember=True), 200)["access_token"]
    )
    api.clock.pass_by(days=13)
    assert [is_in(ada), is_in(phone)] == [False, True]
    api.finish_what_no_answer_waited_for()
    api.clock.pass_by(days=13)
    assert is_in(phone)
    api.finish_what_no_answer_waited_for()
    api.clock.pass_by(days=4)
    assert answer(phone.reads("/users/me")) == SIGN_IN_FIRST


@pytest.mark.slow
def test_how_long_a_remembered_session_lasts_is_a_setting() -> None:
    with running(remember_days=2, remember_idle_days=1) as api:
        api.having(username="ada")
        remembered = good(signs_in(api.nobody, username="ada", remember=True), 200)
        assert (remembered["expires_at"], remembered["idle_seconds"]) == ("2026-03-04T12:00:00Z", 86400)
        phone = Person(api.http, token=remembered["access_token"])
        api.clock.pass_by(hours=23, minutes=59)
        assert is_in(phone)
        api.finish_what_no_answer_waited_for()
        api.clock.pass_by(hours=24)
        assert answer(phone.reads("/users/me")) == SIGN_IN_FIRST


@IN_MEMORY
def test_remember_is_of_the_club_protocol_alone_and_a_boolean(api: Api) -> None:
    api.having(username="ada")
    for wrong in (None, 1, "true", []):
        assert fields(signs_in(api.nobody, username="ada", remember=wrong)) == ["remember"]
    body = {"username": "ada", "password": PASSWORD}
    assert fields(api.http.post("/login", json=body | {"remember": True})) == ["remember"]
    assert good(api.http.post("/login", json=body), 200).keys() == {"access_token"}


@IN_MEMORY
def test_white_space_at_the_ends_is_dropped_of_names_and_never_of_passwords(api: Api) -> None:
    api.having(username="ada")
    for typed in (" ada", "ada\u00a0", "\tada\r\n"):
        good(api.http.post("/login", json={"username": typed, "password": PASSWORD}), 200)
        good(signs_in(api.nobody, username=typed), 200)
        assert answer(signs_in(api.nobody, username="ada", password=f"{PASSWORD} ")) == INVALID_CREDENTIALS
        labs = api.http.post("/login", json={"username": "ada", "password": f" {PASSWORD}"})
        assert answer(labs) == INVALID_CREDENTIALS


def test_everybody_sees_where_they_are_signed_in_and_ends_any_of_it(
    api: Api, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    api.having(username="ada")
    away = from_address(api, "2001:db8:1:2:3::4")
    tokens = [good(signs_in(away, username="ada", remember=True), 200)["access_token"]]
    api.clock.pass_by(minutes=1)
    body = {"username": "ada", "password": PASSWORD}
    labs = from_address(api, "198.51.100.7").asks(
        "POST", "/login", json=body, headers={"user-agent": "  curl/8.7\t" + "x" * 300}
    )
    tokens.append(good(labs, 200)["access_token"])
    phone, here = (Person(api.http, token=token) for token in tokens)
    latest, first, seeded = told(here)
    assert (seeded["address"], seeded["user_agent"]) == (None, "")
    assert latest == {
        "id": latest["id"],
        "created_at": "2026-03-02T12:01:00Z",
        "last_seen_at": "2026-03-02T12:01:00Z",
        "address": "198.51.100.7",
        "user_agent": ("curl/8.7" + "x" * 300)[:256],
        "current": True,
        "remembered": False,
    }
    assert (first["address"], first["user_agent"]) == ("2001:db8:1:2::/64", PHONE)
    assert (first["current"], first["remembered"]) == (False, True)
    assert [session["current"] for session in told(phone)] == [False, True, False]
    assert answer(here.asks("DELETE", f"{CLUB}{OWN}/{first['id']}")) == DONE
    assert answer(phone.reads(OWN)) == SIGN_IN_FIRST
    assert answer(here.asks("DELETE", f"{CLUB}{OWN}/{first['id']}")) == NO_SESSION
    assert told(here) == [latest, seeded]
    assert answer(here.asks("DELETE", f"{CLUB}{OWN}/{latest['id']}")) == DONE
    assert answer(here.reads("/users/me")) == SIGN_IN_FIRST
    for personal in (PHONE, "198.51.100.7", "2001:db8"):
        assert personal not in caplog.text


def test_the_sessions_of_somebody_else_are_not_there(api: Api) -> None:
    ada, admin = api.having(username="ada"), api.having(Role.ADMIN)
    (session,) = told(ada)
    for unknown in (session["id"], UNKNOWN_ID, "nonsense", "%00"):
        assert answer(admin.asks("DELETE", f"{CLUB}{OWN}/{unknown}")) == NO_SESSION
    forbidden = refusal(403, "insufficient permissions")
    assert answer(admin.reads(f"/users/{ada.id}/sessions")) == forbidden
    path = f"{CLUB}/users/{ada.id}/sessions/{session['id']}"
    assert answer(admin.asks("DELETE", path)) == forbidden
    assert good(ada.reads(f"/users/{ada.id}/sessions"), 200)["total"] == 1
    assert is_in(ada)


@IN_MEMORY
def test_everybody_is_told_what_they_may(api: Api) -> None:
    for role in Role:
        shown = good(api.having(role).reads("/users/me/permissions"), 200)
        assert shown.keys() == {"level", "permissions"}
        assert shown["level"] == role.level
        assert shown["permissions"] == sorted(shown["permissions"])
        assert ("list_clients" in shown["permissions"]) is (role.level >= 3)
    assert answer(api.nobody.reads("/users/me/permissions")) == SIGN_IN_FIRST


@IN_MEMORY
def test_what_a_bad_token_is_told_comes_as_a_refusal_of_its_own(api: Api) -> None:
    """The answers look alike here; the refusals, by which programs are told, do not."""
    ada = api.having(username="ada")
    actor_of = api.container.use_cases().actor_of
    assert ada.token
    forged = f"{ada.token[:-4]}AAAA"
    for token, refused in [(forged, InvalidToken), ("x", InvalidToken), (ada.token, SessionExpired)]:
        api.clock.pass_by(hours=6)
        with pytest.raises(refused) as caught:
            actor_of(token)
        assert type(caught.value) is refused
        scope: Any = {
            "headers": [(b"authorization", b"Bearer " + token.encode())],
            "path": f"{CLUB}/users/me",
        }
        reply = reply_to(caught.value, scope)
        assert reply.status == 401
        told = {name.lower(): value for name, value in reply.headers}
        assert told[b"www-authenticate"] == b'Bearer error="invalid_token"'
