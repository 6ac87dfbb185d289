"""Links of mails, used by many at once on two workers: each has one effect."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from uuid import UUID

import pytest

from attendance.adapters.sql.tables import outbox
from attendance.domain.accounts.mail import MailKind
from tests.conftest import DATABASES, databases
from tests.faults.clients import Answer, Request, race
from tests.faults.conftest import running, service_of
from tests.faults.records import records, rows_of
from tests.faults.scene import PASSWORD, library

USES = 16
ROUNDS = 5
ROUNDS_UNTIL_SEEN = 60
SENT_BY_NOBODY = {"mail_sender": "command"}
"""So that the outbox keeps the tokens."""
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Arena:
    port: int
    database_url: str


def arena_of(request: pytest.FixtureRequest, home: str, *sabotage: str) -> Iterator[Arena]:
    url = databases(request, request.param).fresh()
    factory: pytest.TempPathFactory = request.getfixturevalue("tmp_path_factory")
    with running(service_of(factory.mktemp(home), url, *sabotage, **SENT_BY_NOBODY)) as service:
        yield Arena(service.port, url)


@pytest.fixture(scope="module", params=DATABASES)
def arena(request: pytest.FixtureRequest) -> Iterator[Arena]:
    yield from arena_of(request, "arena")


@pytest.fixture(scope="module", params=DATABASES)
def unguarded(request: pytest.FixtureRequest) -> Iterator[Arena]:
    yield from arena_of(request, "unguarded", "uses_links_unguarded")


@dataclass(frozen=True, slots=True)
class Newcomer:
    """Somebody with an address that is not confirmed."""

    id: UUID
    username: str
    email: str
    token: str
    database_url: str

    def links(self, kind: MailKind) -> list[str]:
        """The tokens mailed to them, oldest first."""
        mails = [
            mail for mail in rows_of(self.database_url, outbox) if (mail.to, mail.kind) == (self.email, kind)
        ]
        return [mail.facts["token"] for mail in sorted(mails, key=lambda mail: mail.created_at)]

    def version_and_actions(self) -> tuple[int, Counter[str]]:
        found = records(self.database_url)
        (version,) = (account.version for account in found.accounts if account.id == self.id)
        return version, Counter(event.action for event in found.events_of(self.id))


def newcomer(database_url: str, *, resets: int = 0) -> Newcomer:
    """With a confirmation link and so many links that set the password."""
    username = f"newcomer{next(_numbers)}"
    email = f"{username}@example.org"
    with library(database_url) as attendance:
        user_id = attendance.register(username=username, email=email, password=PASSWORD)
        for _ in range(resets):
            attendance.request_password_reset(email=email)
        token = attendance.sign_in(username=username, password=PASSWORD).access_token
    return Newcomer(user_id, username, email, token, database_url)


def confirmation(token: str) -> Request:
    return Request(method="GET", path=f"/api/v1/auth/confirm_email/{token}")


def new_password(number: int) -> str:
    return f"{PASSWORD} {number}"


def reset(token: str, number: int) -> Request:
    path = f"/api/v1/auth/password_reset/{token}"
    return Request(method="PUT", path=path, body={"password": new_password(number)})


def check_confirmed_once(answers: Sequence[Answer], who: Newcomer) -> None:
    said = Counter(answer.body.get("status", answer.status) for answer in answers)
    assert said["confirmed"] == 1, f"{said['confirmed']} of them confirmed it"
    assert said["already confirmed"] == len(answers) - 1, said
    version, actions = who.version_and_actions()
    assert (version, actions["account.email_confirmed"]) == (2, 1)


def check_set_once(answers: Sequence[Answer], who: Newcomer) -> None:
    statuses = Counter(answer.status for answer in answers)
    assert statuses[204] == 1, f"{statuses[204]} of them set it"
    assert statuses[410] == len(answers) - 1, statuses
    version, actions = who.version_and_actions()
    assert (version, actions["account.password_set"]) == (2, 1)
    (winner,) = (number for number, answer in enumerate(answers) if answer.status == 204)
    with library(who.database_url) as attendance:
        attendance.sign_in(username=who.username, password=new_password(winner))


def confirmed_at_once(arena: Arena) -> tuple[list[Answer], Newcomer]:
    who = newcomer(arena.database_url)
    (token,) = who.links(MailKind.CONFIRM_EMAIL)
    return race(arena.port, [confirmation(token)] * USES), who


def reset_at_once(arena: Arena) -> tuple[list[Answer], Newcomer]:
    who = newcomer(arena.database_url, resets=1)
    (token,) = who.links(MailKind.RESET_PASSWORD)
    return race(arena.port, [reset(token, number) for number in range(USES)]), who


def test_of_16_uses_of_a_confirmation_link_one_confirms(arena: Arena) -> None:
    for _ in range(ROUNDS):
        check_confirmed_once(*confirmed_at_once(arena))


def test_of_16_uses_of_a_reset_link_one_sets_the_password(arena: Arena) -> None:
    for _ in range(ROUNDS):
        check_set_once(*reset_at_once(arena))


@pytest.mark.plants
def test_a_confirmation_link_without_its_guard_confirms_more_than_once(unguarded: Arena) -> None:
    with pytest.raises(AssertionError, match="of them confirmed it"):
        for _ in range(ROUNDS_UNTIL_SEEN):
            check_confirmed_once(*confirmed_at_once(unguarded))


@pytest.mark.plants
def test_a_reset_link_without_its_guard_sets_more_than_one_password(unguarded: Arena) -> None:
    with pytest.raises(AssertionError, match="of them set it"):
        for _ in range(ROUNDS_UNTIL_SEEN):
            check_set_once(*reset_at_once(unguarded))


def older_and_newer_at_once(arena: Arena) -> tuple[list[Answer], list[Answer], Newcomer]:
    """The answers to each of two links that set the password."""
    who = newcomer(arena.database_url, resets=2)
    links = who.links(MailKind.RESET_PASSWORD)
    answers = race(arena.port, [reset(links[number % 2], number) for number in range(USES)])
    return answers[::2], answers[1::2], who


def check_older_is_void(older: Sequence[Answer], newer: Sequence[Answer], who: Newcomer) -> None:
    used = sum(answer.status == 204 for answer in older)
    assert not used, f"{used} uses of the older one set it"
    assert Counter(answer.status for answer in newer) == {204: 1, 410: len(newer) - 1}
    assert who.version_and_actions()[1]["account.password_set"] == 1


def test_of_an_older_and_a_newer_reset_link_used_at_once_the_newer_one_counts(arena: Arena) -> None:
    for _ in range(ROUNDS):
        check_older_is_void(*older_and_newer_at_once(arena))


def renewed_and_used_at_once(arena: Arena) -> tuple[Answer, list[Answer], Newcomer]:
    """The answer to asking for a new confirmation link, and those to the uses of the first."""
    who = newcomer(arena.database_url)
    (token,) = who.links(MailKind.CONFIRM_EMAIL)
    uses = [confirmation(token)] * (USES // 2)
    renewal = Request(method="POST", path="/api/v1/auth/confirm_email", token=who.token)
    answers = race(arena.port, [*uses, renewal, *uses])
    renewed = answers.pop(len(uses))
    return renewed, answers, who


def check_used_or_renewed(renewed: Answer, uses: Sequence[Answer], who: Newcomer) -> None:
    """Never both: either the first link confirmed, and there is no other, or the other voided it."""
    if renewed.status == 409:
        check_confirmed_once(uses, who)
        return
    confirmed = sum(answer.status == 200 for answer in uses)
    assert (renewed.status, confirmed) == (202, 0), f"{renewed.status}, and {confirmed} uses of a void link"
    assert who.version_and_actions()[1]["account.email_confirmed"] == 0


def test_a_confirmation_link_is_used_or_voided_by_a_newer_one_never_both(arena: Arena) -> None:
    for _ in range(ROUNDS):
        check_used_or_renewed(*renewed_and_used_at_once(arena))


@pytest.mark.plants
def test_a_confirmation_link_without_its_guard_is_used_though_a_newer_one_voids_it(unguarded: Arena) -> None:
    with pytest.raises(AssertionError, match=r"of a void link|of them confirmed it"):
        for _ in range(ROUNDS_UNTIL_SEEN):
            check_used_or_renewed(*renewed_and_used_at_once(unguarded))
