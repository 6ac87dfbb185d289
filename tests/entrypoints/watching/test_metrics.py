"""Metrics: what is counted, who sees it, and that several workers count as one."""

import os
import re
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from attendance.adapters.http.server.operations.metrics import is_sent
from attendance.adapters.memory import MemoryStore
from attendance.adapters.sql import SqlStore
from attendance.domain.errors import Unavailable
from attendance.entrypoints.watching.metrics import PrometheusMetrics
from tests.databases import SqliteDatabases
from tests.fakes import FakeClock
from tests.http.api import Api, answer, good, refusal, running
from tests.http.attendance.test_attendance_protocol import Class, entry, marks
from tests.service import Service, serving

TOKEN = "a token of whoever watches"


@pytest.fixture
def watched() -> Iterator[Api]:
    with running(is_watched=True) as api:
        yield api


def values(api: Api) -> dict[str, float]:
    """Each series with its value."""
    return parsed(api.http.get("/metrics").text)


def parsed(text: str) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in text.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def requests(shown: dict[str, float]) -> dict[tuple[str, str, str], float]:
    pattern = re.compile(r'attendance_http_requests_total\{method="(.*)",route="(.*)",status="(.*)"\}')
    return {
        found.groups(): value  # type: ignore[misc]
        for name, value in shown.items()
        if (found := pattern.fullmatch(name))
    }


def test_requests_are_counted_and_timed_by_their_routes(watched: Api) -> None:
    ada = watched.someone()
    watched.nobody.reads(f"/users/{ada.id}")
    ada.reads(f"/users/{ada.id}")
    ada.reads("/users/me")
    watched.transport.ask("HEAD", b"/api/v1")
    shown = values(watched)
    assert requests(shown) == {
        ("POST", "/register", "201"): 1,
        ("POST", "/login", "200"): 1,
        ("GET", "/api/v1/users/{user_id}", "401"): 1,
        ("GET", "/api/v1/users/{user_id}", "200"): 2,
        ("HEAD", "/api/v1", "200"): 1,
    }
    series = 'attendance_http_request_duration_seconds_{}{{method="GET",route="/api/v1/users/{{user_id}}"}}'
    assert shown[series.format("count")] == 3
    assert 0 < shown[series.format("sum")] < 60


def test_paths_and_methods_that_there_are_not_make_no_series_of_their_own(watched: Api) -> None:
    for number in range(5):
        watched.transport.ask("GET", f"/nothing/{number}".encode())
        watched.transport.ask(f"ODD{number}", b"/api/v1")
    assert {route for _, route, _ in requests(values(watched))} <= {"", "/api/v1"}
    assert {method for method, _, _ in requests(values(watched))} == {"GET", "other"}


def test_failed_sign_ins_and_limits_are_counted_in_either_protocol_and_on_pages(watched: Api) -> None:
    ada = watched.someone("ada")
    watched.signs_in(username="ada", password="wrong")
    watched.nobody.posts("/auth/login", username="nobody", password="wrong")
    ada.posts("/auth/change_password", current_password="wrong", new_password="another horse")
    page = {"login": "ada", "password": "wrong"}
    watched.http.post("/app/sign-in", data=page, headers={"sec-fetch-site": "same-origin"})
    shown = values(watched)
    failed = shown["attendance_failed_sign_ins_total"]
    for _ in range(11):
        watched.signs_in(username="eve", password="wrong")
    again = values(watched)
    assert again["attendance_failed_sign_ins_total"] == failed + 10
    assert failed >= 3
    assert again['attendance_limits_hit_total{route="/login"}'] == 1


def test_marks_and_what_passes_pay_are_counted_once_they_are_stored(watched: Api) -> None:
    chess = Class.of(watched)
    anna, bea, _ = chess.members
    lesson = chess.lesson()
    chess.sells(anna)
    good(marks(chess.teacher, lesson, entry(anna), entry(bea, "absent")), 200)
    # what changes nothing is no mark
    good(marks(chess.teacher, lesson, entry(anna), entry(bea, "absent")), 200)
    owner, member = watched.someone(), watched.someone()
    lab = watched.lab_of(owner, member)
    good(owner.marks(lab, member), 200)
    assert owner.marks(lab, watched.nobody).status_code >= 400
    shown = values(watched)
    assert shown['attendance_marks_total{protocol="club"}'] == 2
    assert shown['attendance_marks_total{protocol="labs"}'] == 1
    assert shown["attendance_charges_total"] == 1


def test_mails_that_wait_are_shown_with_the_age_of_the_oldest(watched: Api) -> None:
    watched.registers_with_email("ada")
    watched.clock.pass_by(minutes=2)
    shown = values(watched)
    assert shown["attendance_mails_waiting"] == 1
    assert shown["attendance_mails_given_up"] == 0
    assert shown["attendance_mails_oldest_seconds"] == 120


def test_where_the_store_is_away_everything_else_is_shown() -> None:
    class Away(MemoryStore):
        def autocommit(self) -> object:  # type: ignore[override]
            raise Unavailable

    metrics = PrometheusMetrics(store=Away(), clock=FakeClock(), pools={})
    shown = parsed(metrics.exposition().decode())
    assert shown["attendance_workers"] == 1
    assert "attendance_mails_waiting" not in shown


def test_what_waits_and_what_is_in_use_is_shown(database_url: str) -> None:
    with running(database_url, is_watched=True, pool_size=7) as api:
        shown = values(api)
        assert shown['attendance_database_connections_most{database="primary"}'] == 7
        in_use = shown['attendance_database_connections_in_use{database="primary"}']
        with api.container.primary().connection():
            more = values(api)['attendance_database_connections_in_use{database="primary"}']
        assert more == in_use + 1
        assert shown["attendance_requests_waiting"] == shown["attendance_hashes_waiting"] == 0


def test_calls_that_wait_are_shown() -> None:
    metrics = PrometheusMetrics(store=MemoryStore(), clock=FakeClock(), pools={})
    metrics.sample(waiting_requests=3, waiting_hashes=5)
    metrics.maintained()
    shown = parsed(metrics.exposition().decode())
    assert (shown["attendance_requests_waiting"], shown["attendance_hashes_waiting"]) == (3, 5)
    assert shown["attendance_maintenance_success_timestamp_seconds"] == FakeClock().now.timestamp()


@pytest.mark.slow
def test_without_a_token_everybody_sees_them_and_with_one_whoever_has_it(watched: Api) -> None:
    assert watched.http.get("/metrics").headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    with running(is_watched=True, metrics_token=TOKEN) as api:
        for sent in ({}, {"authorization": f"Bearer {TOKEN}x"}, {"authorization": TOKEN}):
            assert answer(api.http.get("/metrics", headers=sent)) == refusal(401, "authentication required")
        shown = api.http.get("/metrics", headers={"authorization": f"bearer {TOKEN}"})
        assert shown.status_code == 200
        assert TOKEN not in shown.text


@pytest.mark.parametrize(
    "sent", [b"", b"Bearer", b"Basic secret", b"Bearer secre", b"Bearer secret2", b"\xff"]
)
def test_another_token_is_none(sent: bytes) -> None:
    assert not is_sent("secret", [(b"authorization", sent)])
    assert is_sent("secret", [(b"authorization", b"Bearer secret")])


@pytest.mark.slow
def test_they_are_nothing_for_clients(watched: Api) -> None:
    assert "/metrics" not in watched.http.get("/schema/openapi.json").json()["paths"]


@pytest.mark.attacks
@pytest.mark.processes
def test_workers_count_together_and_one_that_is_killed_takes_no_count_along(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    with serving(tmp_path, sqlite_databases.fresh(), workers="2") as service:
        asked = 40
        for _ in range(asked):
            # each on a connection of its own: the workers take turns as they like
            httpx.get(f"{service.url}/api/v1")
        series = 'attendance_http_requests_total{method="GET",route="/api/v1",status="200"}'
        assert all(shown_by(service)[series] == asked for _ in range(10))
        until(lambda: shown_by(service)["attendance_workers"] == 2)
        assert service.process
        os.kill(workers_of(service.process.pid)[0], signal.SIGKILL)
        until(lambda: len(workers_of(service.process.pid)) == 2 if service.process else False)
        until(lambda: shown_by(service)["attendance_workers"] == 2)
        httpx.get(f"{service.url}/api/v1")
        assert all(shown_by(service)[series] == asked + 1 for _ in range(10))
        [directory] = [*Path("/dev/shm").glob(f"attendance-metrics-*-{service.port}")]
        assert len([*directory.glob("counter_*.db")]) == 2
        assert service.stop() == 0
        assert not directory.exists()


def shown_by(service: Service) -> dict[str, float]:
    for _ in range(50):
        try:
            return parsed(httpx.get(f"{service.url}/metrics", timeout=10).text)
        except httpx.TransportError:
            # the worker that had the connection was killed
            time.sleep(0.1)
    raise AssertionError("nobody answers")


def workers_of(process: int) -> list[int]:
    return [*map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split())]


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_store_that_is_watched_is_one_like_others(database_url: str) -> None:
    """What the watching costs nobody: the same units over the database itself."""
    with running(database_url, is_watched=True) as api:
        assert not isinstance(api.store, SqlStore)
        person = api.someone()
        good(person.reads("/users/me"), 200)
