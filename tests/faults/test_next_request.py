"""What ends a session or lowers a level holds on the very next request, whichever worker gets it."""

import asyncio
import json
from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import cycle
from pathlib import Path

import pytest

from attendance.domain.permissions.roles import Role
from tests import make
from tests.faults.clients import Answer, Client, Request, connected, patiently
from tests.faults.conftest import running, service_of
from tests.faults.scene import Person, stored

WORKERS = 2
CONNECTIONS_OF_EACH = 4
CHECKS_OF_EACH = WORKERS * CONNECTIONS_OF_EACH

Rounds = Iterator[tuple[Request, Request, int, int]]
"""What changes, whom it concerns, and what they are answered before and after."""


@asynccontextmanager
async def workers(port: int) -> AsyncIterator[list[list[Client]]]:
    """Connections to each of the workers."""
    found: dict[str, list[Client]] = {}
    async with AsyncExitStack() as stack:
        while len(found) < WORKERS or min(map(len, found.values())) < CONNECTIONS_OF_EACH:
            client = await stack.enter_async_context(connected(port))
            answer = await client.ask(Request(method="GET", path="/health/live"))
            found.setdefault(answer.headers["x-request-id"].rpartition(".")[2], []).append(client)
        assert len(found) == WORKERS
        yield [clients[:CONNECTIONS_OF_EACH] for clients in found.values()]


async def all_told(port: int, rounds: Rounds) -> tuple[int, list[Answer]]:
    """How many were asked after changes that either worker made in turn, and what was not as it should be."""
    asked, wrong = 0, []
    async with workers(port) as each:
        everybody = [client for clients in each for client in clients]
        for (change, question, before, after), role_change_workflow in zip(rounds, cycle(each), strict=False):
            heard = await asyncio.gather(*(client.ask(question) for client in everybody))
            assert {answer.status for answer in heard} == {before}
            changed = await role_change_workflow[0].ask(change)
            assert changed.status in (200, 204), changed
            heard = await asyncio.gather(*(client.ask(question) for client in everybody))
            asked += len(heard)
            wrong += [answer for answer in heard if answer.status != after]
    return asked, wrong


def check_changes_hold(port: int, rounds: Rounds, *, number: int) -> None:
    asked, wrong = patiently(all_told(port, rounds))
    assert asked == number * CHECKS_OF_EACH
    assert not wrong, f"{len(wrong)} of {asked} were answered as if nothing had been: {wrong[0]}"


def about_oneself(person: Person) -> Request:
    return Request(method="GET", path="/api/v1/users/me", token=person.token)


def session_id(person: Person) -> str:
    payload = person.token.split(".")[1]
    return str(json.loads(urlsafe_b64decode(f"{payload}=="))["sid"])


def sign_outs(database_url: str, number: int) -> Rounds:
    """By signing out, and by ending the session from another one."""
    for session in stored(database_url, [make.confirmed()], sessions=number // 2):
        sign_out = Request(method="POST", path="/api/v1/auth/logout", token=session.token)
        yield sign_out, about_oneself(session), 200, 401
    here, *others = stored(database_url, [make.confirmed()], sessions=number - number // 2 + 1)
    for session in others:
        path = f"/api/v1/users/me/sessions/{session_id(session)}"
        end = Request(method="DELETE", path=path, token=here.token)
        yield end, about_oneself(session), 200, 401


def deactivations(database_url: str, number: int) -> Rounds:
    (head,) = stored(database_url, [make.confirmed(role=Role.HEAD_MANAGER)])
    for person in stored(database_url, [make.confirmed(role=Role.MANAGER) for _ in range(number)]):
        path = f"/api/v1/users/{person.id}/active"
        deactivate = Request(method="PUT", path=path, body={"active": False}, token=head.token)
        yield deactivate, about_oneself(person), 200, 401


def role_changes(database_url: str, number: int) -> Rounds:
    """A manager may list users, a user may not."""
    head, person = stored(
        database_url, [make.confirmed(role=role) for role in (Role.HEAD_MANAGER, Role.MANAGER)]
    )
    listing = Request(method="GET", path="/api/v1/users?role=owner", token=person.token)
    steps: Sequence[tuple[Role, int, int]] = [(Role.USER, 200, 403), (Role.MANAGER, 403, 200)]
    for (role, before, after), _ in zip(cycle(steps), range(number), strict=False):
        path = f"/api/v1/users/{person.id}/role"
        change = Request(method="PUT", path=path, body={"role": role.value}, token=head.token)
        yield change, listing, before, after


CHANGES = {"sign-out": sign_outs, "deactivation": deactivations, "role": role_changes}


def check_every_change_holds(port: int, database_url: str, *, number: int) -> None:
    """`number` changes of each kind."""
    for rounds in CHANGES.values():
        check_changes_hold(port, rounds(database_url, number), number=number)


def test_of_1000_requests_after_changes_all_know_of_them(database_url: str, tmp_path: Path) -> None:
    with running(service_of(tmp_path, database_url, "names_its_worker")) as service:
        check_every_change_holds(service.port, database_url, number=42)


@pytest.mark.long
def test_of_10000_requests_after_changes_of_each_kind_all_know_of_them(
    database_url: str, tmp_path: Path
) -> None:
    with running(service_of(tmp_path, database_url, "names_its_worker")) as service:
        check_every_change_holds(service.port, database_url, number=1250)


@pytest.mark.plants
def test_workers_that_remember_sessions_are_caught(database_url: str, tmp_path: Path) -> None:
    sabotage = ("names_its_worker", "remembers_sessions")
    with running(service_of(tmp_path, database_url, *sabotage)) as service:
        for rounds in CHANGES.values():
            with pytest.raises(AssertionError, match="as if nothing had been"):
                check_changes_hold(service.port, rounds(database_url, 1), number=1)
