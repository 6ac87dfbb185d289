"""Guessing passwords at a service of two workers: so many are evaluated, whoever asks whichever worker."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from itertools import count
from pathlib import Path

import pytest

from tests import make
from tests.conftest import DATABASES, databases
from tests.faults.clients import Answer, Request, race
from tests.faults.conftest import running, service_of
from tests.faults.scene import PASSWORD, Person, stored

GUESSES = 200
PER_ACCOUNT = 10
EVERYWHERE = 100
PER_ADDRESS = 100
LONGEST_WAIT_SECONDS = 300
ROUNDS_UNTIL_SEEN = 60
BEHIND_A_PROXY = {"trusted_proxies": "127.0.0.1"}
_addresses = count(1)


def new_address() -> str:
    """One that nobody has guessed from."""
    return str(ip_address("198.18.0.0") + next(_addresses))


@dataclass(frozen=True, slots=True)
class Arena:
    port: int
    database_url: str


@pytest.fixture(scope="module", params=DATABASES)
def arena(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    url = databases(request, request.param).fresh()
    with running(service_of(tmp_path_factory.mktemp("arena"), url, **BEHIND_A_PROXY)) as service:
        yield Arena(service.port, url)


@pytest.fixture(scope="module", params=DATABASES)
def uncounted(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arena]:
    """Where nothing holds those who count at the same moment back."""
    url = databases(request, request.param).fresh()
    home = tmp_path_factory.mktemp("uncounted")
    with running(service_of(home, url, "counts_without_holding", **BEHIND_A_PROXY)) as service:
        yield Arena(service.port, url)


def guess(*, password: str = "a guess", forwarded_for: str | None = None, **who: str) -> Request:
    return Request(
        method="POST",
        path="/login" if "username" in who else "/api/v1/auth/login",
        body={**who, "password": password},
        forwarded_for=forwarded_for,
    )


def check_evaluated(answers: Sequence[Answer], number: int) -> None:
    """So many were told that it was wrong, all others when to come back."""
    statuses = Counter(answer.status for answer in answers)
    assert statuses[401] == number, f"{statuses[401]} guesses were evaluated instead of {number}"
    assert statuses[429] == len(answers) - number, statuses
    waits = {int(answer.headers["retry-after"]) for answer in answers if answer.status == 429}
    assert all(0 < wait <= LONGEST_WAIT_SECONDS for wait in waits), waits


def guesses_at_somebody(arena: Arena) -> tuple[Person, list[Answer]]:
    """At one account, by its name and by its address alike, from a place nobody has guessed from."""
    account = make.confirmed()
    (person,) = stored(arena.database_url, [account])
    email = account.email
    assert email
    half, here = GUESSES // 2, new_address()
    by_name, by_email = (
        guess(username=person.username, forwarded_for=here),
        guess(email=email, forwarded_for=here),
    )
    guesses = [by_name] * half + [by_email] * half
    return person, race(arena.port, guesses)


def test_of_200_wrong_sign_ins_for_one_account_10_are_evaluated(arena: Arena) -> None:
    person, answers = guesses_at_somebody(arena)
    check_evaluated(answers, PER_ACCOUNT)
    right, living = race(
        arena.port,
        [
            guess(username=person.username, password=PASSWORD, forwarded_for=new_address()),
            Request(method="GET", path="/api/v1/users/me", token=person.token),
        ],
    )
    assert (right.status, living.status) == (200, 200), "whoever is elsewhere is not locked out"
    assert living.body["id"] == person.id


def test_of_200_sign_ins_for_a_name_nobody_has_100_are_evaluated(arena: Arena) -> None:
    spellings = ["nobody", "NOBODY", "Nobody", "ｎｏｂｏｄｙ"]
    guesses = [guess(username=name, forwarded_for=new_address()) for name in spellings * (GUESSES // 4)]
    check_evaluated(race(arena.port, guesses), EVERYWHERE)


@pytest.mark.plants
def test_without_holding_the_tally_more_are_evaluated(uncounted: Arena) -> None:
    with pytest.raises(AssertionError, match="guesses were evaluated instead of 10"):
        for _ in range(ROUNDS_UNTIL_SEEN):
            _, answers = guesses_at_somebody(uncounted)
            check_evaluated(answers, PER_ACCOUNT)


def from_one_address(address: str) -> list[Request]:
    """At as many names, nobody's."""
    return [guess(username=f"nobody{number}", forwarded_for=address) for number in range(GUESSES)]


def test_of_200_wrong_sign_ins_from_one_address_100_are_evaluated(arena: Arena) -> None:
    address = new_address()
    check_evaluated(race(arena.port, from_one_address(address)), PER_ADDRESS)
    (person,) = stored(arena.database_url, [make.confirmed()])
    right, elsewhere = race(
        arena.port,
        [
            guess(username=person.username, password=PASSWORD, forwarded_for=where)
            for where in (address, new_address())
        ],
    )
    assert (right.status, elsewhere.status) == (429, 200)


@pytest.mark.plants
def test_without_holding_the_tally_more_are_evaluated_from_one_address(uncounted: Arena) -> None:
    with pytest.raises(AssertionError, match="guesses were evaluated instead of 100"):
        for _ in range(ROUNDS_UNTIL_SEEN):
            check_evaluated(race(uncounted.port, from_one_address(new_address())), PER_ADDRESS)


def from_many_addresses() -> list[Request]:
    return [guess(username=f"somebody{number}", forwarded_for=new_address()) for number in range(GUESSES)]


def test_what_a_proxy_says_about_a_clients_address_counts(arena: Arena) -> None:
    check_evaluated(race(arena.port, from_many_addresses()), GUESSES)


def test_what_a_client_says_about_its_own_address_does_not(database_url: str, tmp_path: Path) -> None:
    with running(service_of(tmp_path, database_url)) as service:
        check_evaluated(race(service.port, from_many_addresses()), PER_ADDRESS)
