"""What is limited, over HTTP and over every store: counted the same by every name and in both protocols."""

import json
from dataclasses import replace
from typing import Any, NoReturn

import httpx
import pytest

from attendance.adapters.http.server.callers.authentication import Caller
from attendance.adapters.http.server.operations.plan import Plan
from attendance.domain.accounts.rate_limits import RateLimitWindow
from attendance.domain.permissions.roles import Role
from tests.http.api import CLUB, IN_MEMORY, PASSWORD, Api, Person, answer, fields, good, refusal, running

TOO_MANY = refusal(429, "too many requests")
INVALID_CREDENTIALS = refusal(401, "invalid credentials")
WRONG = "not the password"


def from_address(api: Api, address: str | None, *forwarded: str) -> Person:
    """Nobody, from an address; `forwarded` are the `X-Forwarded-For` headers."""
    peer = None if address is None else (address, 50000)
    headers = [("x-forwarded-for", each) for each in forwarded]
    transport = replace(api.transport, peer=peer)
    return Person(httpx.Client(transport=transport, base_url="http://testserver", headers=headers))


def club(person: Person, password: str = WRONG, **who: str) -> httpx.Response:
    return person.posts("/auth/login", password=password, **who)


def labs(person: Person, password: str = WRONG, **who: str) -> httpx.Response:
    return person.asks("POST", "/login", json={"password": password, **who})


# Failed sign-ins


def test_the_eleventh_failed_sign_in_is_refused_even_with_the_right_password(api: Api) -> None:
    ada = api.having(username="ada")
    failed = [answer(club(api.nobody, username="ada")) for _ in range(10)]
    assert failed == [INVALID_CREDENTIALS] * 10
    refused = club(api.nobody, PASSWORD, username="ada")
    assert answer(refused) == TOO_MANY
    assert refused.headers.get_list("retry-after") == ["300"]
    assert "www-authenticate" not in refused.headers
    assert ada.reads("/users/me").status_code == 200, "live sessions go on"
    assert answer(club(api.nobody, username="bob")) == INVALID_CREDENTIALS, "nobody else is concerned"


@IN_MEMORY
def test_it_is_over_when_it_is_said_to_be(api: Api) -> None:
    api.having(username="ada")
    for _ in range(10):
        club(api.nobody, username="ada")
        api.clock.pass_by(seconds=10)
    refused = club(api.nobody, PASSWORD, username="ada")
    wait = int(refused.headers["retry-after"])
    assert wait == 200
    api.clock.pass_by(seconds=wait - 1)
    assert answer(club(api.nobody, PASSWORD, username="ada")) == TOO_MANY, "to ask is not counted"
    api.clock.pass_by(seconds=1)
    assert club(api.nobody, PASSWORD, username="ada").status_code == 200


@IN_MEMORY
def test_a_sign_in_that_succeeds_is_not_counted(api: Api) -> None:
    api.having(username="ada")
    for _ in range(9):
        club(api.nobody, username="ada")
    for _ in range(12):
        assert club(api.nobody, PASSWORD, username="ada").status_code == 200
    assert answer(club(api.nobody, username="ada")) == INVALID_CREDENTIALS
    assert answer(club(api.nobody, username="ada")) == TOO_MANY


def test_username_address_and_both_protocols_count_together(api: Api) -> None:
    api.having(username="ada")
    ways = [
        lambda: club(api.nobody, username="ada"),
        lambda: club(api.nobody, username="ＡＤＡ"),
        lambda: club(api.nobody, email="ada@example.org"),
        lambda: club(api.nobody, email="ADA@Example.org"),
        lambda: labs(api.nobody, username="Ada"),
    ]
    assert [answer(way()) for way in ways * 2] == [INVALID_CREDENTIALS] * 10
    assert [answer(way()) for way in ways] == [TOO_MANY] * 5


@pytest.mark.parametrize(
    "who",
    [{"username": "nobody"}, {"email": "nobody@example.org"}, {"username": "x" * 5000}],
    ids=["username", "email", "long"],
)
@IN_MEMORY
def test_a_name_nobody_has_is_limited_alike(api: Api, who: dict[str, str]) -> None:
    api.having(username="ada")
    for _ in range(10):
        assert (
            answer(club(api.nobody, username="ada")) == answer(club(api.nobody, **who)) == INVALID_CREDENTIALS
        )
    known, unknown = club(api.nobody, username="ada"), club(api.nobody, **who)
    assert answer(known) == answer(unknown) == TOO_MANY
    assert known.headers["retry-after"] == unknown.headers["retry-after"]


@IN_MEMORY
def test_a_deactivated_account_is_limited_alike(api: Api) -> None:
    api.having(username="gone", active=False)
    assert [answer(club(api.nobody, PASSWORD, username="gone")) for _ in range(11)] == [
        INVALID_CREDENTIALS
    ] * 10 + [TOO_MANY]


def test_a_malformed_sign_in_is_not_counted(memory: Api) -> None:
    memory.having(username="ada")
    for _ in range(12):
        assert fields(memory.nobody.posts("/auth/login", username="ada")) == ["password"]
        assert fields(club(memory.nobody, username="ada", email="ada@example.org")) == ["body"]
    assert club(memory.nobody, PASSWORD, username="ada").status_code == 200


def test_guesses_at_the_present_password_are_failed_sign_ins(api: Api) -> None:
    ada = api.having(username="ada")
    change = {"current_password": WRONG, "new_password": "staple tarpaulin 7"}
    assert [ada.puts("/auth/password", **change).status_code for _ in range(6)] == [403] * 6
    assert [answer(club(api.nobody, username="ada")) for _ in range(4)] == [INVALID_CREDENTIALS] * 4
    refused = ada.puts("/auth/password", **change | {"current_password": PASSWORD})
    assert answer(refused) == answer(club(api.nobody, PASSWORD, username="ada")) == TOO_MANY
    assert refused.headers["retry-after"] == "300"
    assert ada.reads("/users/me").status_code == 200


@pytest.mark.slow
def test_a_hundred_failures_from_one_address_are_enough_whatever_the_names(memory: Api) -> None:
    memory.having(username="ada")
    here, elsewhere = from_address(memory, "198.51.100.7"), from_address(memory, "198.51.100.8")
    for number in range(100):
        assert answer((club, labs)[number % 2](here, username=f"user{number}")) == INVALID_CREDENTIALS
    refused = club(here, PASSWORD, username="ada")
    assert (answer(refused), refused.headers["retry-after"]) == (TOO_MANY, "300")
    assert club(elsewhere, PASSWORD, username="ada").status_code == 200
    memory.clock.pass_by(minutes=5)
    assert club(here, PASSWORD, username="ada").status_code == 200


# Whose address it is


def limited(person: Person) -> bool:
    """Whether a sign-in under another name is refused from there."""
    return answer(club(person, username="somebody else")) == TOO_MANY


def test_what_a_stranger_says_about_addresses_counts_for_nothing() -> None:
    with running(limit_failed_sign_ins_per_address=2) as api:
        for number in range(2):
            club(from_address(api, "198.51.100.7", f"203.0.113.{number}"), username=f"user{number}")
        assert limited(from_address(api, "198.51.100.7", "203.0.113.99"))
        assert limited(from_address(api, "198.51.100.7"))
        assert not limited(from_address(api, "203.0.113.0"))


@pytest.mark.plants
def test_what_a_stranger_says_is_seen_to_count_when_everybody_is_trusted() -> None:
    with running(limit_failed_sign_ins_per_address=2, trusted_proxies="0.0.0.0/0") as api:
        for number in range(2):
            club(from_address(api, "198.51.100.7", f"203.0.113.{number}"), username=f"user{number}")
        assert not limited(from_address(api, "198.51.100.7", "203.0.113.99"))


def test_a_trusted_proxy_tells_whose_address_it_is_and_nobody_further() -> None:
    with running(limit_failed_sign_ins_per_address=2, trusted_proxies="10.0.0.0/8, 2001:db8:1::/48") as api:
        for number in range(2):
            said = f"203.0.113.{number}, 198.51.100.7, 10.1.2.3"
            club(from_address(api, "10.0.0.1", said), username=f"user{number}")
        for peer, forwarded in [
            ("10.0.0.1", ["198.51.100.7"]),
            ("10.9.9.9", ["spoofed, 198.51.100.7"]),
            ("10.0.0.1", ["1.1.1.1", "198.51.100.7"]),
            ("2001:db8:1::5", ["198.51.100.7"]),
            ("::ffff:10.0.0.1", ["::ffff:198.51.100.7"]),
            ("198.51.100.7", ["203.0.113.1"]),
        ]:
            assert limited(from_address(api, peer, *forwarded)), (peer, forwarded)
        for peer, forwarded in [
            ("10.0.0.1", "198.51.100.8"),
            ("203.0.113.1", "198.51.100.7"),
            ("10.0.0.1", ""),
        ]:
            assert not limited(from_address(api, peer, forwarded)), (peer, forwarded)


def test_the_addresses_of_one_customer_count_as_one() -> None:
    with running(limit_failed_sign_ins_per_address=2) as api:
        for number in range(2):
            club(from_address(api, f"2001:db8:0:1::{number}"), username=f"user{number}")
        assert limited(from_address(api, "2001:db8:0:1:ffff::1"))
        assert not limited(from_address(api, "2001:db8:0:2::1"))


def test_whoever_has_all_the_usernames_locks_nobody_out_but_their_own_customer(memory: Api) -> None:
    teachers = {f"teacher{number}": from_address(memory, f"2001:db8:{number}::1") for number in range(3)}
    for name in teachers:
        memory.having(Role.EMPLOYEE, name)
        guesses = [
            answer(club(from_address(memory, f"2001:db8:66::{n}"), username=name)) for n in range(1, 12)
        ]
        assert guesses == [INVALID_CREDENTIALS] * 10 + [TOO_MANY]
    for name, at_home in teachers.items():
        assert answer(club(from_address(memory, "2001:db8:66::ffff"), PASSWORD, username=name)) == TOO_MANY
        assert club(at_home, PASSWORD, username=name).status_code == 200
        assert labs(at_home, PASSWORD, username=name).status_code == 200


@pytest.mark.attacks
def test_a_hundred_addresses_lock_nobody_out_where_they_sign_in() -> None:
    with running(limit_failed_sign_ins_everywhere=20) as api:
        api.having(username="ada")
        at_home, away = from_address(api, "198.51.100.7"), from_address(api, "198.51.100.8")
        good(club(at_home, PASSWORD, username="ada"), 200)
        for number in range(20):
            bot = from_address(api, f"203.0.113.{number}")
            assert answer((club, labs)[number % 2](bot, username="ada")) == INVALID_CREDENTIALS
        assert answer(club(away, PASSWORD, username="ada")) == TOO_MANY
        good(club(at_home, PASSWORD, email="ada@example.org"), 200)
        good(labs(at_home, PASSWORD, username="ada"), 200)


@pytest.mark.slow
def test_without_an_address_names_are_still_counted() -> None:
    with running(limit_failed_sign_ins_per_address=1) as api:
        unknown = from_address(api, None)
        assert [answer(club(unknown, username="ada")) for _ in range(11)] == [INVALID_CREDENTIALS] * 10 + [
            TOO_MANY
        ]
        assert answer(club(unknown, username="bob")) == INVALID_CREDENTIALS


# Registrations


def registers(person: Person, number: int, **more: Any) -> httpx.Response:
    body = {"username": f"user{number}", "email": f"user{number}@example.org", "password": PASSWORD}
    return person.posts("/auth/registration", **body | more)


def registers_for_labs(person: Person, number: int) -> httpx.Response:
    return person.asks("POST", "/register", json={"username": f"user{number}", "password": PASSWORD})


def refused_before_anything_else(api: Api) -> dict[str, tuple[int, Any]]:
    """What is answered to registrations that are wrong in other ways too."""
    wrong: dict[str, tuple[bytes, bytes]] = {
        "another type": (b"text/plain", b"{}"),
        "no JSON": (b"application/json", b"{"),
        "nothing": (b"application/json", b""),
        "a wrong type": (b"application/json", b'{"username": 1}'),
        "a bad password": (b"application/json", json.dumps({"username": "x", "password": "x"}).encode()),
    }
    return {
        f"{path}: {what}": answer(api.transport.ask("POST", path.encode(), [(b"content-type", kind)], [body]))
        for path in ("/register", f"{CLUB}/auth/registration")
        for what, (kind, body) in wrong.items()
    }


@pytest.mark.attacks
def test_both_protocols_registrations_count_together_and_the_next_is_refused_first(store_url: str) -> None:
    with running(store_url, limit_registrations_per_hour=3) as api:
        good(registers(api.nobody, 1), 201)
        good(registers_for_labs(api.nobody, 2), 201)
        assert fields(registers(api.nobody, 3, password="short")) == ["password"], (
            "only what is accepted counts"
        )
        taken = registers(api.nobody, 1, email="new@example.org")
        assert answer(taken) == refusal(400, "username is taken")
        good(registers(api.nobody, 3), 201)
        for refused in (registers(api.nobody, 4), registers_for_labs(api.nobody, 4)):
            assert answer(refused) == TOO_MANY
            assert refused.headers.get_list("retry-after") == ["3600"]
        refused_first = refused_before_anything_else(api)
        assert refused_first == dict.fromkeys(refused_first, TOO_MANY)
        assert answer(api.http.post("/register?x=1")) == TOO_MANY
        good(registers(from_address(api, "198.51.100.8"), 4), 201)
        assert club(api.nobody, PASSWORD, username="user1").status_code == 200
        assert api.http.get(f"{CLUB}/auth/registration").status_code == 200
        assert answer(api.http.put("/register"))[0] == 405
        too_large = api.transport.ask("POST", b"/register", [(b"content-length", b"9999999")])
        assert answer(too_large)[0] == 413, "which needs nothing to be counted"
        api.clock.pass_by(hours=1)
        good(registers(api.nobody, 5), 201)
        good(registers_for_labs(api.nobody, 6), 201)


@pytest.mark.plants
def test_that_the_limit_comes_first_is_seen_to_break_without_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Plan, __: Caller, refusal: Exception) -> NoReturn:
        raise refusal

    monkeypatch.setattr(Plan, "_refuse", refuse)
    with running(limit_registrations_per_hour=1) as api:
        good(registers_for_labs(api.nobody, 1), 201)
        assert {status for status, _ in refused_before_anything_else(api).values()} == {400, 415, 429}


@pytest.mark.attacks
def test_two_hundred_may_register_in_an_hour_from_one_address(memory: Api) -> None:
    for number in range(200):
        good(registers_for_labs(memory.nobody, number), 201)
    assert answer(registers_for_labs(memory.nobody, 200)) == answer(registers(memory.nobody, 200)) == TOO_MANY
    assert good(memory.nobody.searches_users(), 200)["total"] == 200


def test_invitations_are_not_registrations() -> None:
    with running(limit_registrations_per_hour=1) as api:
        owner = api.having(Role.OWNER)
        for number in range(3):
            good(owner.posts("/users", username=f"g{number}", email=f"g{number}@example.org"), 201)
        assert good(owner.reads("/users", name="g"), 200)["total"] == 3
        assert registers_for_labs(api.nobody, 1).status_code == 201


@pytest.mark.plants
def test_what_is_limited_is_seen_to_go_through_when_nothing_is_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(RateLimitWindow, "require_room", lambda *_, **__: None)
    with running(limit_registrations_per_hour=1) as api:
        assert [registers_for_labs(api.nobody, number).status_code for number in range(3)] == [201] * 3
        assert [club(api.nobody, username="x").status_code for _ in range(12)] == [401] * 12
