"""A client that stalls amid a body, or takes nothing of an answer, holds nothing for long."""

import asyncio
from typing import Any

import pytest

from attendance.adapters.http.server import middleware
from tests.http.api import running

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
    monkeypatch.setattr(middleware, "ReceivingInTime", lambda receive, _: receive)
    with pytest.raises(AssertionError):
        check_is_told(asked(leaves_after=10 * DEADLINE))


def stalled(seconds: float) -> tuple[list[str], bool]:
    """What happens to an answer in pieces whose second is not taken, and whether it is not over then."""

    async def exchange() -> tuple[list[str], bool]:
        happened: list[str] = []

        async def answers(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            try:
                for piece in (b"a", b"b", b"c"):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                    happened.append(piece.decode())
            finally:
                happened.append("left")

        async def send(message: Any) -> None:
            if message.get("body") == b"b":
                await asyncio.Event().wait()

        around: Any = middleware.Middleware(answers, receive_seconds=seconds)
        scope = {"type": "http", "method": "GET", "path": "/", "headers": []}
        task = asyncio.ensure_future(around(scope, None, send))
        done, _ = await asyncio.wait({task}, timeout=None if seconds < 1 else 10 * DEADLINE)
        try:
            return [*happened], not done
        finally:
            task.cancel()

    return asyncio.run(exchange())


def test_an_answer_that_nobody_takes_is_given_up() -> None:
    assert stalled(DEADLINE) == (["a", "left"], False)


@pytest.mark.plants
def test_without_a_deadline_an_answer_that_nobody_takes_is_waited_with_for_ever() -> None:
    assert stalled(3600) == (["a"], True)
