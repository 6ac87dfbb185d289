"""Passwords in the club protocol, letter for letter, over every store: changed, reset, first set."""

import httpx
import pytest

from attendance.application.accounts import passwords
from attendance.domain.accounts.mail import MailKind
from attendance.domain.permissions.roles import Role
from tests.http.api import CLUB, IN_MEMORY, PASSWORD, Api, Person, answer, fields, good, refusal
from tests.http.club_protocol import (
    A_THIRD,
    ACCEPTED,
    ANOTHER,
    CONFIRMED,
    DONE,
    INVALID_CREDENTIALS,
    NO_CONFIRMATION,
    NO_RESET,
    RESET,
    SIGN_IN_FIRST,
    asks_for_reset,
    confirms,
    is_in,
    me,
    registered,
    resets,
    signed_in,
    signs_in,
    without_request_id,
)

# Changing a password


def test_a_changed_password_ends_the_other_sessions_but_not_this_one(api: Api) -> None:
    ada, bob = api.having(username="ada"), api.having()
    others = [api.session_of(ada), signed_in(api, email="ada@example.org")]
    assert answer(ada.puts("/auth/password", current_password=PASSWORD, new_password=ANOTHER)) == DONE
    assert [is_in(person) for person in (ada, bob, *others)] == [True, True, False, False]
    assert answer(signs_in(api, username="ada")) == INVALID_CREDENTIALS
    good(signs_in(api, ANOTHER, username="ada"), 200)
    [mail] = api.mails()
    assert (mail.kind, mail.to) == (MailKind.PASSWORD_CHANGED, "ada@example.org")


@pytest.mark.plants
@IN_MEMORY
def test_the_other_sessions_are_seen_to_go_on_when_nobody_ends_them(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "end_sessions", lambda *_, **__: None)
    ada = api.having(username="ada")
    other = api.session_of(ada)
    assert answer(ada.puts("/auth/password", current_password=PASSWORD, new_password=ANOTHER)) == DONE
    assert is_in(other)
    asks_for_reset(api, "ada@example.org")
    assert answer(resets(api, api.token_mailed(MailKind.RESET_PASSWORD))) == DONE
    assert is_in(ada)


@IN_MEMORY
def test_a_password_is_changed_by_whoever_knows_the_present_one(api: Api) -> None:
    ada = api.having(username="ada")
    other = api.session_of(ada)
    for wrong in (ANOTHER, "", "x" * 5000, PASSWORD.upper(), PASSWORD + " "):
        refused = ada.puts("/auth/password", current_password=wrong, new_password=ANOTHER)
        assert answer(refused) == refusal(403, "current password is wrong")
    for bad in ("", "short", "password1", "x" * 1025, "a\0bcdefgh"):
        refused = ada.puts("/auth/password", current_password=PASSWORD, new_password=bad)
        assert fields(refused) == ["new_password"]
    assert is_in(other)
    good(signs_in(api, username="ada"), 200)
    assert (
        answer(api.nobody.puts("/auth/password", current_password=PASSWORD, new_password=ANOTHER))
        == SIGN_IN_FIRST
    )


@IN_MEMORY
def test_whoever_is_not_confirmed_may_change_the_password(api: Api) -> None:
    ada, labs_alone = registered(api), api.someone("bob")
    for person in (ada, labs_alone):
        assert answer(person.puts("/auth/password", current_password=PASSWORD, new_password=ANOTHER)) == DONE
    assert api.mails(MailKind.PASSWORD_CHANGED) == [], (
        "to an address that may be somebody else's nothing is told"
    )


@IN_MEMORY
def test_a_changed_password_voids_a_reset_link(api: Api) -> None:
    ada = api.having(username="ada")
    asks_for_reset(api, "ada@example.org")
    token = api.token_mailed(MailKind.RESET_PASSWORD)
    assert answer(ada.puts("/auth/password", current_password=PASSWORD, new_password=ANOTHER)) == DONE
    assert answer(resets(api, token, A_THIRD)) == NO_RESET
    good(signs_in(api, ANOTHER, username="ada"), 200)


# Resetting a password


def test_a_reset_ends_all_sessions_and_sets_the_password(api: Api) -> None:
    ada, bob = api.having(username="ada"), api.having()
    other = api.session_of(ada)
    assert answer(asks_for_reset(api, "ADA@example.org")) == ACCEPTED
    assert is_in(ada)
    assert answer(resets(api, api.token_mailed(MailKind.RESET_PASSWORD))) == DONE
    assert [is_in(person) for person in (ada, other, bob)] == [False, False, True]
    assert answer(signs_in(api, username="ada")) == INVALID_CREDENTIALS
    good(signs_in(api, ANOTHER, username="ada"), 200)
    assert [mail.to for mail in api.mails(MailKind.PASSWORD_CHANGED)] == ["ada@example.org"]


def test_a_reset_link_works_once(api: Api) -> None:
    api.having(username="ada")
    asks_for_reset(api, "ada@example.org")
    token = api.token_mailed(MailKind.RESET_PASSWORD)
    assert fields(resets(api, token, "short")) == ["password"], "a refused password uses nothing up"
    assert answer(resets(api, token)) == DONE
    assert answer(resets(api, token, A_THIRD)) == answer(api.http.get(f"{RESET}/{token}")) == NO_RESET
    good(signs_in(api, ANOTHER, username="ada"), 200)


@IN_MEMORY
def test_to_look_at_the_form_uses_nothing_up(api: Api) -> None:
    api.having(username="ada")
    asks_for_reset(api, "ada@example.org")
    token = api.token_mailed(MailKind.RESET_PASSWORD)
    for _ in range(3):
        form = good(api.http.get(f"{RESET}/{token}"), 200)
        assert api.http.head(f"{RESET}/{token}").status_code == 200
    assert (form["method"], form["path"]) == ("PUT", f"{RESET}/{token}")
    [field] = form["fields"]
    assert (field["name"], field["required"], field["min_length"]) == ("password", True, 8)
    assert answer(resets(api, token)) == DONE


def test_a_newer_reset_link_voids_the_older(api: Api) -> None:
    api.having(username="ada")
    asks_for_reset(api, "ada@example.org")
    older = api.token_mailed(MailKind.RESET_PASSWORD)
    asks_for_reset(api, "ada@example.org")
    assert answer(resets(api, older)) == answer(api.http.get(f"{RESET}/{older}")) == NO_RESET
    assert answer(resets(api, api.token_mailed(MailKind.RESET_PASSWORD))) == DONE


@IN_MEMORY
def test_a_reset_link_lives_two_hours(api: Api) -> None:
    api.having(username="ada")
    asks_for_reset(api, "ada@example.org")
    token = api.token_mailed(MailKind.RESET_PASSWORD)
    api.clock.pass_by(minutes=119)
    good(api.http.get(f"{RESET}/{token}"), 200)
    api.clock.pass_by(minutes=1)
    assert answer(api.http.get(f"{RESET}/{token}")) == answer(resets(api, token)) == NO_RESET


def test_a_reset_link_is_for_the_address_the_account_still_has(api: Api) -> None:
    ada = api.having(username="ada")
    good(ada.puts("/users/me", email="new@example.org"), 200)
    asks_for_reset(api, "ada@example.org")
    reset = api.token_mailed(MailKind.RESET_PASSWORD, "ada@example.org")
    assert answer(confirms(api, api.token_mailed(MailKind.CONFIRM_EMAIL))) == CONFIRMED
    assert answer(resets(api, reset)) == answer(api.http.get(f"{RESET}/{reset}")) == NO_RESET
    good(signs_in(api, username="ada"), 200)


def test_whether_somebody_has_an_address_is_not_told(api: Api) -> None:
    api.having(username="ada")
    api.having(username="gone", active=False)
    known = asks_for_reset(api, "ada@example.org")
    others = [
        "nobody@example.org",
        "gone@example.org",
        "",
        "x",
        "ada",
        "a" * 5000,
        "ада@example.org",
        "a\nb@c.d",
    ]
    answers = [without_request_id(asks_for_reset(api, email)) for email in others]
    assert answers == [without_request_id(known)] * len(others)
    assert answer(known) == ACCEPTED
    assert [mail.to for mail in api.mails()] == ["ada@example.org"]
    assert fields(asks_for_reset(api, None)) == ["email"]  # type: ignore[arg-type]


def test_the_sixth_reset_a_day_looks_the_same_and_mails_nothing(api: Api) -> None:
    api.having(username="ada")
    answers = [without_request_id(asks_for_reset(api, "ada@example.org")) for _ in range(7)]
    assert answers == [answers[0]] * 7
    assert len(api.mails()) == 5
    assert answer(resets(api, api.token_mailed(MailKind.RESET_PASSWORD))) == DONE, "the last one still works"
    api.clock.pass_by(days=1)
    asks_for_reset(api, "ada@example.org")
    assert len(api.mails(MailKind.RESET_PASSWORD)) == 6


def test_a_reset_confirms_the_address_it_was_mailed_to(api: Api) -> None:
    stolen = registered(api, "ada")
    asks_for_reset(api, "ada@example.org")
    assert answer(resets(api, api.token_mailed(MailKind.RESET_PASSWORD))) == DONE
    assert not is_in(stolen)
    ada = signed_in(api, ANOTHER, username="ada")
    assert (me(ada)["email_confirmed"], me(ada)["level"]) == (True, 2)


def test_a_link_for_one_thing_is_none_for_the_other(api: Api) -> None:
    registered(api)
    asks_for_reset(api, "ada@example.org")
    confirmation, reset = (
        api.token_mailed(kind) for kind in (MailKind.CONFIRM_EMAIL, MailKind.RESET_PASSWORD)
    )
    assert answer(confirms(api, reset)) == NO_CONFIRMATION
    assert answer(resets(api, confirmation)) == answer(api.http.get(f"{RESET}/{confirmation}")) == NO_RESET
    for bearer in (confirmation, reset):
        assert answer(Person(api.http, token=bearer).reads("/users/me")) == SIGN_IN_FIRST
    assert me(signed_in(api, username="ada"))["email_confirmed"] is False


@IN_MEMORY
def test_of_a_deactivated_account_no_link_works(api: Api) -> None:
    ada = registered(api)
    asks_for_reset(api, "ada@example.org")
    confirmation, reset = (
        api.token_mailed(kind) for kind in (MailKind.CONFIRM_EMAIL, MailKind.RESET_PASSWORD)
    )
    head = api.having(Role.HEAD_MANAGER)
    good(head.puts(f"/users/{me(ada)['id']}/active", active=False), 200)
    assert confirms(api, confirmation, "HEAD").status_code == 410
    assert answer(confirms(api, confirmation)) == NO_CONFIRMATION
    assert answer(resets(api, reset)) == NO_RESET


STRANGE_TOKENS = [
    b"x", b"%00", b"%FF", b"%ED%A0%80", b"%20", b"..", b"%2e%2e", b"%5C", b"*", b"me", b"null",
    b"'%20OR%20'1'='1",
    "ё".encode(), b"a" * 60_000, b"%0d%0aset-cookie:%20x=1", b"{token}", b"%25", b"%", b"\xff", b"-", b"=",
    b"%3F",
]  # fmt: skip


def test_a_token_of_odd_characters_is_none(api: Api) -> None:
    for token in STRANGE_TOKENS:
        for method, path, body, said in [
            ("GET", b"confirm_email", b"", NO_CONFIRMATION),
            ("GET", b"password_reset", b"", NO_RESET),
            ("PUT", b"password_reset", b'{"password": "correct horse battery"}', NO_RESET),
        ]:
            target = f"{CLUB}/auth/".encode() + path + b"/" + token
            response = api.transport.ask(method, target, chunks=[body])
            assert answer(response) == said, (method, target[:60])
            assert "set-cookie" not in response.headers


# Invitations


def test_an_invitation_sets_the_password_and_confirms_the_address(api: Api) -> None:
    head = api.having(Role.HEAD_MANAGER, "head")
    body = {"username": "guest", "email": "guest@example.org", "name": "Guest", "role": "employee"}
    response = head.posts("/users", **body)
    invited = good(response, 201)
    assert response.headers["location"] == f"{CLUB}/users/{invited['id']}"
    assert response.headers["etag"] == '"1"'
    assert (invited["role"], invited["level"], invited["email_confirmed"]) == ("employee", 1, False)
    assert "clients" not in invited
    assert good(head.asks("GET", response.headers["location"]), 200) == invited
    [mail] = api.mails()
    assert (mail.kind, mail.to) == (MailKind.INVITATION, "guest@example.org")
    assert answer(signs_in(api, username="guest")) == INVALID_CREDENTIALS
    token = api.token_mailed(MailKind.INVITATION)
    good(api.http.get(f"{RESET}/{token}"), 200)
    assert answer(resets(api, token)) == DONE
    guest = signed_in(api, ANOTHER, email="guest@example.org")
    assert (me(guest)["role"], me(guest)["level"], me(guest)["email_confirmed"]) == ("employee", 3, True)
    assert answer(resets(api, token)) == NO_RESET


def test_an_invitation_lives_a_week_and_then_a_reset_does_no_longer_help(api: Api) -> None:
    head = api.having(Role.HEAD_MANAGER)
    good(head.posts("/users", username="guest", email="guest@example.org"), 201)
    token = api.token_mailed(MailKind.INVITATION)
    api.clock.pass_by(days=7)
    assert answer(resets(api, token)) == NO_RESET
    good(api.registers_with_email("ada", email="guest@example.org"), 201)


@IN_MEMORY
def test_an_invitation_gives_no_more_than_the_inviter_may(api: Api) -> None:
    head, owner = api.having(Role.HEAD_MANAGER), api.having(Role.OWNER)
    for inviter, roles in ((head, ("head_manager", "owner", "admin")), (owner, ("owner", "admin"))):
        for role in roles:
            refused = inviter.posts("/users", username="guest", email="guest@example.org", role=role)
            assert answer(refused) == refusal(403, "insufficient permissions"), role
    for number, role in enumerate(("user", "employee", "manager")):
        body = {"username": f"guest{number}", "email": f"guest{number}@example.org", "role": role}
        assert good(head.posts("/users", **body), 201)["role"] == role
    good(owner.posts("/users", username="guest", email="guest@example.org", role="head_manager"), 201)


def test_an_invitation_is_refused_for_names_that_are_taken_or_none(api: Api) -> None:
    head = api.having(Role.HEAD_MANAGER, "head")
    taken = head.posts("/users", username="HEAD", email="new@example.org")
    assert answer(taken) == refusal(400, "username is taken")
    taken = head.posts("/users", username="new", email="HEAD@example.org")
    assert answer(taken) == refusal(400, "email is taken")
    wrong = {"username": "two words", "email": "x", "name": "a\nb", "role": "user"}
    assert fields(head.posts("/users", **wrong)) == ["username", "name", "email"]
    mistyped = {"username": "a", "email": "a@example.org", "role": "boss", "password": PASSWORD}
    assert fields(head.posts("/users", **mistyped)) == ["password", "role"]
    assert api.mails() == []


BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


def shown_in_a_browser(api: Api, path: str) -> httpx.Response:
    page = api.http.get(path, headers=BROWSER, follow_redirects=True)
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.headers["cache-control"] == "no-store"
    return page


def test_a_phone_is_led_to_pages_by_the_links(memory: Api) -> None:
    """Whoever taps a link has no program that speaks JSON."""
    registered(memory)
    asks_for_reset(memory, "ada@example.org")
    confirmation, reset = (
        memory.token_mailed(kind) for kind in (MailKind.CONFIRM_EMAIL, MailKind.RESET_PASSWORD)
    )
    confirming, resetting = f"{CLUB}/auth/confirm_email/{confirmation}", f"{RESET}/{reset}"
    led = memory.http.get(confirming, headers=BROWSER)
    assert (led.status_code, led.headers["location"]) == (303, f"/app/confirm-email/{confirmation}")
    assert memory.http.head(confirming, headers=BROWSER).status_code == 303
    assert "is confirmed" in shown_in_a_browser(memory, confirming).text
    assert "was confirmed before" in shown_in_a_browser(memory, confirming).text
    form = shown_in_a_browser(memory, resetting)
    assert (form.status_code, "At least 8 characters" in form.text) == (200, True)
    assert reset not in form.text
    assert answer(resets(memory, reset)) == DONE
    for path in (resetting, f"{CLUB}/auth/confirm_email/<b onclick=alert(1)>", f"{RESET}/x"):
        gone = shown_in_a_browser(memory, path)
        assert (gone.status_code, "link is over" in gone.text, "alert" in gone.text) == (410, True, False)


def test_whoever_does_not_ask_for_html_is_given_json(memory: Api) -> None:
    registered(memory)
    asks_for_reset(memory, "ada@example.org")
    reset = memory.token_mailed(MailKind.RESET_PASSWORD)
    for accept in ("*/*", "application/json", ""):
        form = memory.http.get(f"{RESET}/{reset}", headers={"accept": accept})
        assert good(form, 200)["method"] == "PUT"
