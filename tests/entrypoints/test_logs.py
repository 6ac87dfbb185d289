"""The log: a line of each request, one form for everybody who writes, and nothing that is nobody's."""

import asyncio
import io
import json
import logging
import logging.config
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from attendance.adapters.http.server.requests.observing import REQUEST_ID, TRACE_ID, Served, reason_of
from attendance.domain.errors import Unavailable
from attendance.entrypoints.serving import logs
from attendance.entrypoints.serving.logs import (
    ORDER,
    formatter,
    log_configuration,
    request_log,
    write_json,
    write_text,
    write_traced_json,
)
from attendance.entrypoints.settings import LogFormat, LogLevel, Settings
from tests.http.test_general_rules import Fragile, fragile, fragile_application
from tests.service import Service, serving

__all__ = ["fragile", "fragile_application"]

SECRETS = ("wrong-password", "forged-token", "searched-for", "noted", "unknown-path")
JSON = Settings(log_format=LogFormat.JSON)


@contextmanager
def written(caplog: pytest.LogCaptureFixture, *, is_json: bool = True) -> Iterator[io.StringIO]:
    """What the root logger writes meanwhile."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter(is_json=is_json))
    # not of the client by which it is asked
    handler.addFilter(lambda record: record.name.startswith(("attendance", "somebody")))
    logging.getLogger().addHandler(handler)
    try:
        with caplog.at_level(logging.INFO):
            yield stream
    finally:
        logging.getLogger().removeHandler(handler)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One whose lines of requests all wait until it ends: none of them is lost then."""
    home = tmp_path_factory.mktemp("service")
    with serving(home, "memory", test_sabotage="keeps_lines_of_requests_until_it_ends") as service:
        yield service


@pytest.mark.plants
@pytest.mark.processes
def test_lines_that_wait_are_seen_to_be_lost_when_nobody_writes_them_at_the_end(tmp_path: Path) -> None:
    with serving(tmp_path, "memory", test_sabotage="forgets_what_waits_as_it_ends") as service:
        httpx.get(f"{service.url}/unknown-path")
        service.stop()
        assert '"event":"request"' not in service.log


@pytest.mark.processes
def test_each_line_of_the_service_is_json_and_each_request_has_one(service: Service) -> None:
    httpx.post(
        f"{service.url}/api/v1/auth/registration",
        json={"username": "ada", "email": "ada@example.org", "password": "wrong-password"},
    )
    body = {"username": "ada", "password": "wrong-password"}
    token = httpx.post(f"{service.url}/login", json=body).json()["access_token"]
    own = httpx.get(f"{service.url}/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})
    forged = {"Authorization": "Bearer forged-token"}
    httpx.get(f"{service.url}/api/v1/clients?q=searched-for", headers=forged)
    httpx.post(f"{service.url}/login", json={"username": "ada", "password": "noted"})
    httpx.head(f"{service.url}/", headers={"X-Request-Id": "of-somebody-else"})
    httpx.get(f"{service.url}/unknown-path")
    httpx.post(f"{service.url}/app/sign-out", headers={"Cookie": f"attendance={token}"})
    service.stop()
    told = lines(service.log.replace(f"attendance answers at {service.url}", "").partition("\n")[2])
    assert all([*line][: len(line)] == [name for name in ORDER if name in line] for line in told)
    assert [line for line in told if line["level"] != "info"] == []
    assert any("granian" in line["event"] for line in told)
    requests = [line for line in told if line["event"] == "request" and line["route"] != "/health/live"]
    assert [(it["method"], it["route"], it["status"], it["account_id"]) for it in requests] == [
        ("POST", "/api/v1/auth/registration", 201, None),
        ("POST", "/login", 200, None),
        ("GET", "/api/v1/users/{user_id}", 200, own.json()["id"]),
        ("GET", "/api/v1/clients", 401, None),
        ("POST", "/login", 401, None),
        ("HEAD", "/", 200, None),
        ("GET", "", 404, None),
        ("POST", "/app/sign-out", 403, None),
    ]
    assert requests[5]["request_id"] == "of-somebody-else"
    assert {it["address"] for it in requests} == {"127.0.0.1"}
    assert all(it["ms"] > 0 for it in requests)
    assert [secret for secret in (*SECRETS, token) if secret in service.log] == []


def test_a_forced_500_is_told_with_the_id_that_its_answer_has(
    fragile: Fragile, caplog: pytest.LogCaptureFixture
) -> None:
    fragile.errors["list_prices"] = RuntimeError("boom")
    with written(caplog) as stream:
        answered = fragile.api.http.get("/api/v1/prices")
    (line,) = lines(stream.getvalue())
    assert (answered.status_code, line["level"]) == (500, "error")
    assert line["request_id"] == answered.headers["x-request-id"]
    assert line["event"] == "GET /api/v1/prices failed"
    assert line["exception"].endswith("RuntimeError: boom\n")


@pytest.mark.parametrize("path", ["/api/v1/prices", "/users?name=x", "/app/sign-in"])
def test_what_a_driver_says_of_a_database_that_fails_is_told(
    fragile: Fragile, caplog: pytest.LogCaptureFixture, path: str
) -> None:
    failed = Unavailable()
    failed.__cause__ = sqlite3.OperationalError("database or disk is full")
    fragile.errors.update(dict.fromkeys(("list_prices", "search_accounts", "sign_in"), failed))
    with written(caplog) as stream:
        if path == "/app/sign-in":
            form = {"login": "ada", "password": "x"}
            answered = fragile.api.http.post(path, data=form, headers={"sec-fetch-site": "same-origin"})
        else:
            answered = fragile.api.http.get(path)
    (line,) = lines(stream.getvalue())
    assert answered.status_code == 503
    assert (line["level"], line["event"]) == ("warning", "unavailable: database or disk is full")
    assert line["request_id"] == answered.headers["x-request-id"]


def test_of_what_a_driver_says_no_value_of_a_row_is_told() -> None:
    said = 'duplicate key violates "x"\nDETAIL:  Key (email)=(ada@example.org) already exists.'
    assert reason_of(RuntimeError(said)) == 'duplicate key violates "x"'
    assert reason_of(TimeoutError()) == "TimeoutError"


SERVED = Served("an-id", "GET", "/x/{id}", 200, 0.00123, None, "127.0.0.1")


def test_a_line_of_a_request_is_the_same_in_one_piece(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[bytes] = []
    monkeypatch.setattr("os.write", lambda _, piece: pieces.append(piece))
    write_json(SERVED)
    (line,) = lines(pieces[0].decode())
    assert [*line] == [name for name in ORDER if name != "trace_id"]
    assert (line["ms"], line["route"], line["account_id"]) == (1.23, "/x/{id}", None)


def test_lines_of_a_moment_are_written_whole_and_in_few_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[bytes] = []
    monkeypatch.setattr("os.write", lambda _, piece: pieces.append(piece))

    async def answer_many() -> None:
        for number in range(100):
            write_json(SERVED._replace(request_id=str(number)))
        assert not pieces
        written = asyncio.get_running_loop().create_future()
        # due after what was to be written before
        asyncio.get_running_loop().call_later(logs.LONGEST_WAIT_SECONDS, written.set_result, None)
        await written

    asyncio.run(answer_many())
    assert [line["request_id"] for line in lines(b"".join(pieces).decode())] == [*map(str, range(100))]
    assert 1 < len(pieces) < 10
    assert all(piece.endswith(b"\n") and len(piece) <= logs.PIPE_BUF for piece in pieces)


def test_lines_that_a_loop_has_left_are_written_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[bytes] = []
    monkeypatch.setattr("os.write", lambda _, piece: pieces.append(piece))

    async def answer(request_id: str) -> None:
        write_json(SERVED._replace(request_id=request_id))

    asyncio.run(answer("first"))
    asyncio.run(answer("second"))
    logs._lines.flush()
    assert [line["request_id"] for line in lines(b"".join(pieces).decode())] == ["first", "second"]


def test_a_line_of_a_traced_request_has_the_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[bytes] = []
    monkeypatch.setattr("os.write", lambda _, piece: pieces.append(piece))
    assert request_log(Settings(log_format=LogFormat.JSON, otlp_endpoint="http://x/v1/traces")) == (
        write_traced_json,
    )
    under_way = TRACE_ID.set("4bf92f3577b34da6a3ce929d0e0e4736")
    try:
        write_traced_json(SERVED)
    finally:
        TRACE_ID.reset(under_way)
    (line,) = lines(pieces[0].decode())
    assert [*line] == [*ORDER]
    assert line["trace_id"] == "4bf92f3577b34da6a3ce929d0e0e4736"


def test_a_log_that_nobody_takes_stops_no_request(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[bytes] = []

    def broken(_: int, piece: bytes) -> None:
        tried.append(piece)
        raise BrokenPipeError

    monkeypatch.setattr("os.write", broken)
    write_json(SERVED)
    assert len(tried) == 1


def test_on_a_terminal_it_is_text_without_what_is_not_known(caplog: pytest.LogCaptureFixture) -> None:
    with written(caplog, is_json=False) as stream:
        write_text(SERVED)
    line = stream.getvalue()
    assert all(part in line for part in ("request", "status=200", "route=/x/{id}", "ms=1.23"))
    assert "account_id" not in line


def test_the_form_and_the_level_are_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert request_log(JSON) == (write_json,)
    assert request_log(Settings(log_format=LogFormat.TEXT)) == (write_text,)
    assert request_log(Settings(log_level=LogLevel.WARNING)) == ()
    for is_terminal, observers in ((True, (write_text,)), (False, (write_json,))):
        monkeypatch.setattr(logs.sys.stderr, "isatty", lambda is_terminal=is_terminal: is_terminal)
        assert request_log(Settings()) == observers
    assert log_configuration(Settings(log_level=LogLevel.DEBUG))["root"]["level"] == "DEBUG"


def test_lines_of_whatever_happens_amid_a_request_have_its_id(caplog: pytest.LogCaptureFixture) -> None:
    with written(caplog) as stream:
        token = REQUEST_ID.set("an-id")
        logging.getLogger("somebody.elses").warning("told by %s", "a library")
        REQUEST_ID.reset(token)
        logging.getLogger("somebody.elses").warning("and afterwards")
    during, after = lines(stream.getvalue())
    assert (during["event"], during["request_id"]) == ("told by a library", "an-id")
    assert "request_id" not in after
