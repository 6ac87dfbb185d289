"""A client that stalls amid a body, or takes nothing of an answer, holds nothing for long."""

import asyncio
from contextlib import nullcontext
from typing import Any

import pytest

from attendance.application.forms.listing import BATCH
from attendance.domain.permissions.roles import Role
from tests import make
from tests.http.api import CLUB, running

DEADLINE = 0.01
LOGIN = {"type": "http.request", "body": b'{"username": "ann", ', "more_body": True}


def asked(*, leaves_after: float | None, path: str = "/login") -> list[dict[str, Any]]:
    """What is sent to somebody who begins a body, and goes no further; perhaps they leave in the end."""
    with running(receive_seconds=DEADLINE) as api:
        scope = api.transport._scope("POST", path.encode(), [(b"content-type", b"application/json")])

        async def exchange() -> list[dict[str, Any]]:
            waiting, sent = [LOGIN], []

            async def receive() -> dict[str, Any]:
                if waiting:
                    return waiting.pop()
                if leaves_after is None:
                    await asyncio.Event().wait()
                await asyncio.sleep(leaves_after or 0)
                return {"type": "http.disconnect"}

            async def send(message: dict[str, Any]) -> None:
                sent.append(message)

            app: Any = api.app
            await app(scope, receive, send)
            return sent

        return api.transport._await(exchange())


def check_is_told(sent: list[dict[str, Any]]) -> None:
    assert sent[0]["status"] == 408
    headers = dict(sent[0]["headers"])
    assert (headers[b"connection"], headers[b"x-error-code"]) == (b"close", b"request_timeout")


def test_a_body_that_stalls_is_answered_408_and_its_connection_closed() -> None:
    check_is_told(asked(leaves_after=None))


@pytest.mark.plants
def test_without_a_deadline_a_body_that_stalls_is_waited_for_until_the_client_leaves(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(asyncio, "timeout_at", lambda _: nullcontext())
    with pytest.raises(AssertionError):
        check_is_told(asked(leaves_after=10 * DEADLINE))


def is_over(seconds: float, patience: float | None) -> bool:
    """Whether a table of which the client takes the first piece alone is over, and its place free again."""
    with running(receive_seconds=seconds, exports_per_person=1) as api:
        clerk = api.having(Role.EMPLOYEE)
        with api.store.transaction() as work:
            for number in range(2 * BATCH):
                work.clients.add(make.client(name=f"{number:05}"))
        headers = [(name.encode(), value.encode()) for name, value in clerk.headers.items()]
        scope = api.transport._scope("GET", f"{CLUB}/clients?format=csv".encode(), headers)

        async def exchange() -> bool:
            taken = 0

            async def receive() -> dict[str, Any]:
                if taken:
                    await asyncio.Event().wait()
                return {"type": "http.request", "body": b"", "more_body": False}

            async def send(message: dict[str, Any]) -> None:
                nonlocal taken
                taken += message["type"] == "http.response.body"
                if taken > 1:
                    await asyncio.Event().wait()

            app: Any = api.app
            task = asyncio.ensure_future(app(scope, receive, send))
            done, _ = await asyncio.wait({task}, timeout=patience)
            task.cancel()
            return bool(done)

        over = api.transport._await(exchange())
        assert clerk.reads("/clients", format="csv").status_code == 200
        return over


@pytest.mark.slow
def test_an_answer_that_nobody_takes_is_given_up() -> None:
    assert is_over(DEADLINE, None)


@pytest.mark.plants
def test_without_a_deadline_an_answer_that_nobody_takes_is_waited_with_for_ever() -> None:
    assert not is_over(300, 10 * DEADLINE)
