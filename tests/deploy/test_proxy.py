"""The examples of proxies in front of the real service: nginx and Caddy, at the root and below a path."""

import json
import os
import re
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.deploy.proxies import CLIENT, Proxied, behind
from tests.service import Service
from tests.web.conftest import Driven, driven, running

__all__ = ["driven"]

pytestmark = [pytest.mark.processes, pytest.mark.deployment]

PASSWORD = "correct horse battery"
STYLES = "/schema/assets/swagger_style.css"
BASES = {"at the root": "", "below a path": "/club"}
PROXIES = [(kind, base) for kind in ("nginx", "caddy") for base in BASES.values()]


@pytest.fixture(scope="module", params=PROXIES, ids=lambda each: f"{each[0]}{each[1]}")
def proxied(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxied]:
    kind, base = request.param
    with behind(kind, base, tmp_path_factory.mktemp(kind)) as proxied:
        yield proxied


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Proxied]:
    """Behind nginx that waits a second for what a client sends."""
    with behind("nginx", "", tmp_path, **{"client_body_timeout 15s": "client_body_timeout 1s"}) as proxied:
        yield proxied


def logged(proxied: Proxied, route: str | None = None) -> list[dict[str, Any]]:
    """The lines of the log about requests, of one route if one is given; they are written a moment later."""
    last = httpx.get(f"http://127.0.0.1:{proxied.service.port}/health/live").headers["x-request-id"]
    deadline = time.monotonic() + 10
    while last not in proxied.service.log:
        assert time.monotonic() < deadline, proxied.service.log
        time.sleep(0.01)
    lines = (json.loads(line) for line in proxied.service.log.splitlines() if line.startswith("{"))
    return [line for line in lines if line["event"] == "request" and route in (None, line["route"])]


def register(proxied: Proxied, username: str) -> None:
    with proxied.client() as http:
        body = {"username": username, "name": "Ada", "email": f"{username}@example.org", "password": PASSWORD}
        assert http.post("/api/v1/auth/registration", json=body).status_code == 201


def create_owner(proxied: Proxied, username: str) -> None:
    subprocess.run(
        [
            *(sys.executable, "-m", "attendance", "create-owner", "--password-stdin"),
            *("--username", username, "--email", f"{username}@example.org"),
        ],
        input=PASSWORD,
        text=True,
        cwd=proxied.service.home,
        env={"PATH": os.environ["PATH"], **proxied.service.settings},
        check=True,
        capture_output=True,
    )


def token(http: httpx.Client, username: str) -> str:
    answered = http.post(
        "/api/v1/auth/login", json={"email": f"{username}@example.org", "password": PASSWORD}
    )
    assert answered.status_code == 200, answered.text
    return str(answered.json()["access_token"])


def test_somebody_signs_in_with_a_browser_and_finds_every_file(proxied: Proxied, driven: Driven) -> None:
    register(proxied, "ada")
    with running(driven.loop):
        context = driven.browser.new_context(ignore_https_errors=True, locale="en")
        page = context.new_page()
        failed: list[str] = []
        page.on(
            "response",
            lambda response: (
                failed.append(f"{response.status} {response.url}") if response.status > 399 else None
            ),
        )
        page.on("requestfailed", lambda request: failed.append(request.url))
        page.goto(f"{proxied.url}/")
        page.get_by_role("link", name="Sign in").first.click()
        page.get_by_label("Username").fill("ada")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("link", name="Account").click()
        assert page.url == f"{proxied.url}/app/account"
        styles = page.evaluate("[...document.styleSheets].map(sheet => sheet.cssRules.length)")
        cookies = context.cookies()
        page.get_by_role("button", name="Sign out").first.click()
        page.get_by_role("link", name="Sign in").first.wait_for()
        left = context.cookies()
        context.close()
    assert styles
    assert all(styles)
    assert failed == []
    # the browser keeps a cookie of this name for the whole host alone, so it is sent below any path of it
    assert [(each["name"], each["path"], each["secure"]) for each in cookies] == [
        ("__Host-attendance", "/", True)
    ]
    assert left == []


def test_a_form_is_believed_by_its_origin_where_a_browser_says_no_more(proxied: Proxied) -> None:
    register(proxied, "boris")
    origin = f"https://localhost:{proxied.port}"
    typed = {"login": "boris", "password": PASSWORD}
    with proxied.client() as http:
        refused = http.post("/app/sign-in", data=typed, headers={"origin": "https://elsewhere.example"})
        assert refused.status_code == 403
        answered = http.post("/app/sign-in", data=typed, headers={"origin": origin})
        assert answered.status_code == 303
        assert answered.headers["location"] == f"{proxied.base}/"
        assert http.get("/app/account").status_code == 200


def test_without_tls_one_is_led_to_it(proxied: Proxied) -> None:
    answered = httpx.get(f"http://127.0.0.1:{proxied.plain_port}/app/sign-in", headers={"host": "localhost"})
    assert answered.status_code == 308
    assert answered.headers["location"].startswith("https://localhost")


def test_the_log_has_the_address_of_the_client_and_not_what_it_says_of_itself(proxied: Proxied) -> None:
    with proxied.client() as http:
        answered = http.get("/api/v1/users/me", headers={"x-forwarded-for": "203.0.113.9"})
    lines = [line for line in logged(proxied) if line["request_id"] == answered.headers["x-request-id"]]
    assert [line["address"] for line in lines] == [CLIENT]


@pytest.mark.parametrize("encoding", ["gzip", "br"])
def test_what_is_long_is_compressed_and_known_again_by_its_weak_tag(proxied: Proxied, encoding: str) -> None:
    sent = {"accept-encoding": encoding}
    with proxied.client() as http:
        first = http.get(STYLES, headers=sent)
        assert first.headers["content-encoding"] == encoding
        assert first.headers["etag"].startswith('W/"')
        known = http.get(STYLES, headers=sent | {"if-none-match": first.headers["etag"]})
        assert known.status_code == 304
        assert known.content == b""
        changed = http.get(STYLES, headers=sent | {"if-none-match": 'W/"another"'})
        assert changed.status_code == 200


def test_a_resource_keeps_its_tag_and_its_place(proxied: Proxied) -> None:
    create_owner(proxied, "olga")
    with proxied.client() as http:
        bearer = {"authorization": f"Bearer {token(http, 'olga')}"}
        body = {"name": "House", "address": "Mill Street 1", "timezone": "Europe/Berlin"}
        made = http.post("/api/v1/locations", headers=bearer, json=body)
        assert made.status_code == 201, made.text
        place = made.headers["location"].removeprefix(proxied.base)
        assert made.headers["location"] == f"{proxied.base}/api/v1/locations/{made.json()['id']}"
        tag = http.get(place, headers=bearer).headers["etag"]
        assert http.get(place, headers=bearer | {"if-none-match": tag}).status_code == 304
        renamed = body | {"name": "Home"}
        assert http.put(place, headers=bearer | {"if-match": tag}, json=renamed).status_code == 200
        assert http.put(place, headers=bearer | {"if-match": tag}, json=renamed).status_code == 412
        assert http.get("/schema/openapi.json").json()["servers"] == [{"url": proxied.base or "/"}]


def test_a_page_with_a_token_is_not_compressed(proxied: Proxied) -> None:
    sent = {"accept": "text/html", "accept-language": "ru", "accept-encoding": "gzip, br"}
    with proxied.client() as http:
        answered = http.get("/app/set-password/0123456789", headers=sent)
        assert len(answered.content) > 1024
        assert "content-encoding" not in answered.headers


def test_headers_come_once(proxied: Proxied) -> None:
    with proxied.client() as http:
        headers = http.get("/app/sign-in").headers
    names = [name.lower() for name, _ in headers.multi_items() if name.lower() != "vary"]
    assert sorted({name for name in names if names.count(name) > 1}) == []
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers["x-content-type-options"] == "nosniff"


def test_figures_for_operators_are_shown_to_nobody(proxied: Proxied) -> None:
    with proxied.client() as http:
        answered = http.get("/metrics")
    assert answered.status_code == 404
    # the service never heard of it
    assert "x-error-code" not in answered.headers


def test_what_is_too_large_is_refused(proxied: Proxied) -> None:
    with proxied.client() as http:
        answered = http.post("/api/v1/auth/login", content=b"x" * (3 * 1024 * 1024))
    assert answered.status_code == 413


def test_where_the_service_is_away_the_proxy_says_so_and_is_well_again(tmp_path: Path) -> None:
    with behind("nginx", "", tmp_path) as proxied, proxied.client() as http:
        assert http.get("/health/ready").status_code == 200
        proxied.service.kill()
        assert http.get("/health/ready").status_code == 502
        proxied.service.start()
        assert http.get("/health/ready").status_code == 200


# Slow clients, where the proxy takes a request whole before it hands it on


def half_sent(connection: ssl.SSLSocket, proxied: Proxied, body: bytes) -> None:
    head = (
        f"POST {proxied.base}/login HTTP/1.1\r\nHost: localhost:{proxied.port}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    )
    connection.sendall(head.encode() + body[:5])


def answer(connection: ssl.SSLSocket) -> bytes:
    """All that is sent until the other side hangs up."""
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def connections_to(service: Service) -> int:
    """How many connections the proxy has to the service now."""
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    established = [row[2] for row in rows if row[3] == "01"]
    return sum(remote.endswith(f":{service.port:04X}") for remote in established)


# each somebody else, or guessing would be limited; five times as many as the service has threads
BODIES = [json.dumps({"username": f"nobody{number}", "password": PASSWORD}).encode() for number in range(40)]
FEW = 4


@contextmanager
def slow_clients(home: Path, **changes: str) -> Iterator[tuple[Proxied, list[ssl.SSLSocket]]]:
    """Connections on each of which half a request was sent."""
    with ExitStack() as open_until_the_end:
        proxied = open_until_the_end.enter_context(behind("nginx", "/club", home, **changes))
        connections = [open_until_the_end.enter_context(proxied.connected()) for _ in BODIES]
        for connection, body in zip(connections, BODIES, strict=True):
            half_sent(connection, proxied, body)
        yield proxied, connections


def test_clients_that_are_slow_are_the_proxys_business_until_they_are_done(tmp_path: Path) -> None:
    with slow_clients(tmp_path) as (proxied, connections), proxied.client() as http:
        assert http.get("/health/ready").status_code == 200
        assert connections_to(proxied.service) <= FEW
        for connection, body in zip(connections, BODIES, strict=True):
            connection.sendall(body[5:])
            assert re.match(rb"HTTP/1.1 401 ", answer(connection))
        assert len(logged(proxied, "/login")) == len(BODIES)


@pytest.mark.plants
def test_slow_clients_are_seen_to_reach_the_service_where_nothing_is_taken_whole(tmp_path: Path) -> None:
    unbuffered = {"proxy_request_buffering on": "proxy_request_buffering off"}
    with slow_clients(tmp_path, **unbuffered) as (proxied, _):
        deadline = time.monotonic() + 20
        while connections_to(proxied.service) < len(BODIES):
            assert time.monotonic() < deadline, connections_to(proxied.service)
            time.sleep(0.02)


def test_a_client_that_says_no_more_is_let_go(impatient: Proxied) -> None:
    with impatient.connected() as connection:
        half_sent(connection, impatient, b'{"username": "nobody"}')
        answer(connection)
    with impatient.client() as http:
        assert http.get("/health/live").status_code == 200
    assert logged(impatient, "/login") == []


@pytest.mark.plants
def test_all_clients_are_seen_to_be_one_where_the_proxy_is_not_trusted(tmp_path: Path) -> None:
    with behind("nginx", "", tmp_path, trusted_proxies="") as proxied:
        with proxied.client() as http:
            assert http.get("/health/ready").status_code == 200
        assert {line["address"] for line in logged(proxied, "/health/ready")} == {"127.0.0.1"}
