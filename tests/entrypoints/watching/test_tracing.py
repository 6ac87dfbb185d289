"""Traces, as a collector gets them: what a span says, what it never says, and that none costs anything."""

import gzip
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.databases import SqliteDatabases
from tests.fakes import PASSWORD
from tests.preloaded import REPOSITORY
from tests.service import CHEAP_HASHING, SECRET, serving

TRACE_ID, PARENT_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SECRETS = ("spyglass", "a note of mine", "unknown-path", "searched-for", PASSWORD)

pytestmark = pytest.mark.processes


@dataclass
class Collector:
    """Takes spans by OTLP over HTTP and keeps them, and the bytes in which they came."""

    spans: list[Span] = field(default_factory=list)
    resources: list[dict[str, str]] = field(default_factory=list)
    raw: bytes = b""
    url: str = ""

    def take(self, content: bytes) -> None:
        self.raw += content
        for of_resource in ExportTraceServiceRequest.FromString(content).resource_spans:
            self.resources.append(
                {pair.key: pair.value.string_value for pair in of_resource.resource.attributes}
            )
            for of_scope in of_resource.scope_spans:
                self.spans += of_scope.spans

    def requests(self) -> list[Span]:
        found = [span for span in self.spans if span.kind == Span.SPAN_KIND_SERVER]
        return sorted(found, key=lambda span: span.start_time_unix_nano)

    def below(self, parent: Span) -> list[Span]:
        return [span for span in self.spans if span.parent_span_id == parent.span_id]


def attributes(span: Span) -> dict[str, Any]:
    return {pair.key: getattr(pair.value, str(pair.value.WhichOneof("value"))) for pair in span.attributes}


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            if self.headers.get("content-encoding") == "gzip":
                content = gzip.decompress(content)
            assert self.path == "/v1/traces"
            collector.take(content)
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector.url = f"http://127.0.0.1:{server.server_address[1]}/v1/traces"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


def test_a_collector_is_told_of_each_request_and_of_nothing_that_is_nobodys(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    with collecting() as collector:
        settings = {"otlp_endpoint": collector.url, "log_format": "json"}
        with (
            serving(tmp_path, sqlite_databases.fresh(), **settings) as service,
            httpx.Client(base_url=service.url) as http,
        ):
            registered = http.post(
                "/register",
                json={"username": "spyglass", "password": PASSWORD},
                headers={"x-request-id": "mine-1", "traceparent": f"00-{TRACE_ID}-{PARENT_ID}-01"},
            )
            assert registered.status_code == 201
            token = http.post("/login", json={"username": "spyglass", "password": PASSWORD}).json()
            bearer = {"authorization": f"Bearer {token['access_token']}"}
            lab = http.post("/labs", json={"name": "a note of mine"}, headers=bearer).json()
            http.get(f"/labs/{lab['lab_id']}/attendance?date=x", headers=bearer)
            http.get("/users?name=searched-for", headers={"traceparent": "00-nonsense-01"})
            http.get("/unknown-path")
            assert service.stop() == 0
            log = [msgspec.json.decode(line) for line in service.log.splitlines() if line.startswith("{")]

    named = [it for it in collector.requests() if attributes(it).get("http.route") != "/health/live"]
    said = [(span.name, attributes(span)["http.response.status_code"]) for span in named]
    assert said == [
        ("POST /register", 201),
        ("POST /login", 200),
        ("POST /labs", 201),
        ("GET /labs/{lab_id}/attendance", 400),
        ("GET /users", 200),
        ("GET", 404),
    ]
    first = named[0]
    assert attributes(first) == {
        "http.request.method": "POST",
        "http.route": "/register",
        "http.response.status_code": 201,
        "attendance.request_id": "mine-1",
    }
    assert (first.trace_id.hex(), first.parent_span_id.hex()) == (TRACE_ID, PARENT_ID)
    assert len({span.trace_id for span in named}) == len(named)
    assert all(not span.parent_span_id for span in named[1:])
    units = collector.below(first)
    assert {span.name for span in units} >= {"transaction"}
    assert all(attributes(span)["db.system.name"] == "sqlite" for span in units)
    assert {span.trace_id for span in units} == {first.trace_id}
    assert collector.resources[0]["service.name"] == "attendance"
    for secret in (*SECRETS, token["access_token"], lab["lab_id"], registered.json()["user_id"]):
        assert secret.encode() not in collector.raw, secret
    lines = {line["request_id"]: line for line in log if line["event"] == "request"}
    assert lines["mine-1"]["trace_id"] == TRACE_ID
    by_trace = {span.trace_id.hex(): attributes(span)["attendance.request_id"] for span in named}
    assert {by_trace[trace_id] for trace_id in by_trace} <= lines.keys()
    assert all(lines[request_id]["trace_id"] == trace_id for trace_id, request_id in by_trace.items())


@pytest.mark.attacks
def test_a_collector_that_is_away_stops_no_request(tmp_path: Path) -> None:
    with (
        serving(tmp_path, "memory", otlp_endpoint="http://127.0.0.1:9/v1/traces") as service,
        httpx.Client(base_url=service.url) as http,
    ):
        assert [http.get("/users").status_code for _ in range(20)] == [200] * 20
        assert service.stop() == 0


def test_what_fails_is_marked_as_failed(tmp_path: Path) -> None:
    """A database that is away: 503, and of the error its kind alone."""
    with collecting() as collector:
        database = tmp_path / "attendance.db"
        with (
            serving(tmp_path, f"sqlite:///{database}", otlp_endpoint=collector.url) as service,
            httpx.Client(base_url=service.url) as http,
        ):
            for path in tmp_path.glob("attendance.db*"):
                path.write_bytes(b"no database at all" * 400)
            statuses = {http.get("/users").status_code for _ in range(3)}
            assert statuses <= {500, 503}
            service.stop()
    failed = [it for it in collector.requests() if attributes(it).get("http.route") == "/users"]
    assert [it.status.code for it in failed] == [Status.STATUS_CODE_ERROR] * 3
    below = [unit for it in failed for unit in collector.below(it)]
    assert any(re.fullmatch(r"\w+", attributes(unit).get("error.type", "")) for unit in below)
    assert all(not unit.status.message and not unit.events for unit in below)


LOADED = """
import asyncio, sys
# the benchmarks' FastAPI loads it, and is loaded by dependency-injector where it is installed
sys.modules["fastapi"] = None
from attendance.entrypoints.asgi import create_app

# without a client, which may load something of it as well
SCOPE = {
    "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http", "method": "GET",
    "path": "/users", "raw_path": b"/users", "query_string": b"", "root_path": "", "headers": [],
    "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80), "state": {},
}

async def ask():
    app, statuses = create_app(), []

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message):
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async with app.lifespan():
        await app(SCOPE, receive, send)
    assert statuses == [200]
    print(type(app.asgi_handler).__name__)

asyncio.run(ask())
# Litestar looks for names of attributes wherever the packages are installed
OURS = ("opentelemetry.sdk", "opentelemetry.exporter", "attendance.entrypoints.watching.tracing")
print(*sorted(name for name in sys.modules if name.startswith(OURS)))
"""


def loaded(**settings: str) -> list[str]:
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), **CHEAP_HASHING}
    environment |= {"ATTENDANCE_DATABASE_URL": "memory", "ATTENDANCE_SECRET_KEY": SECRET, **settings}
    done = subprocess.run(
        [sys.executable, "-c", LOADED], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_without_the_setting_nothing_of_it_is_loaded_and_no_request_passes_it() -> None:
    outermost, modules = loaded()
    assert outermost == "Middleware"
    assert modules == ""


@pytest.mark.plants
def test_that_nothing_is_loaded_is_seen_to_break() -> None:
    outermost, modules = loaded(ATTENDANCE_OTLP_ENDPOINT="http://127.0.0.1:9/v1/traces")
    assert outermost == "TracedRequests"
    assert "opentelemetry.sdk.trace" in modules.split()
