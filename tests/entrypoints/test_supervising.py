"""When a worker that died is started again, and on which CPU workers run."""

import errno
import json
import os
import sys
from http.client import HTTPConnection
from pathlib import Path

import pytest

from attendance.adapters.http.server.operations.hashing_executor import NICENESS
from attendance.adapters.processes import cpus
from attendance.entrypoints.serving.supervising import Deaths, cpus_of_workers
from tests.service import CHEAP_HASHING, SECRET, Service

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no thread is kept on a CPU")


def pauses(*died_at: float) -> list[float]:
    """How long it is waited after each death, where it is started again as soon as it is due."""
    deaths, found = Deaths(), []
    deaths.started(0)
    for at in died_at:
        deaths.died(at)
        assert deaths.due_at is not None
        found.append(deaths.due_at - at)
        deaths.started(deaths.due_at)
        assert deaths.due_at is None
    return found


def test_the_first_death_costs_no_time_and_each_further_one_more() -> None:
    assert pauses(*range(0, 1000, 40)[:1], 1, 3, 6, 11) == [0, 1, 2, 4, 8]


def test_no_pause_is_longer_than_half_a_minute() -> None:
    assert pauses(*(40 * number for number in range(12)))[-3:] == [30, 30, 30]


def test_one_that_lived_long_is_started_at_once() -> None:
    assert pauses(1, 2, 500) == [0, 1, 0]


@pytest.mark.parametrize(
    ("workers", "port", "on"),
    [
        (1, 8000, [7]),
        (1, 8001, [5]),
        (2, 8000, [7, 5]),
        (4, 8003, [2, 7, 5, 3]),
        # more workers than CPUs: the system shares them out better
        (5, 8000, []),
    ],
)
def test_each_worker_has_a_cpu_and_another_port_another_one(
    monkeypatch: pytest.MonkeyPatch, workers: int, port: int, on: list[int]
) -> None:
    monkeypatch.setattr(cpus, "usable", lambda: frozenset({2, 3, 5, 7}))
    assert [*cpus_of_workers(workers, port=port)] == on


def test_the_only_cpu_is_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpus, "usable", lambda: frozenset({0}))
    assert not cpus_of_workers(1, port=8000)


@pytest.mark.parametrize(("cores", "found"), [(5, 5), (None, 1)])
def test_elsewhere_all_are_for_all(monkeypatch: pytest.MonkeyPatch, cores: int | None, found: int) -> None:
    monkeypatch.setattr(cpus, "_before_staying", None)
    monkeypatch.setattr(cpus.sys, "platform", "darwin")
    monkeypatch.setattr(cpus.os, "cpu_count", lambda: cores)
    cpus.stay_on(0)
    assert len(cpus.usable()) == found


@ON_LINUX
def test_where_the_system_forbids_it_a_thread_runs_anywhere(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    before = os.sched_getaffinity(0)
    monkeypatch.setattr(cpus, "_before_staying", None)
    monkeypatch.setattr(cpus.os, "sched_setaffinity", forbidden)
    cpus.stay_on(min(before))
    assert "cannot be kept on CPU" in caplog.text
    assert os.sched_getaffinity(0) == before == cpus.usable()


@ON_LINUX
@pytest.mark.processes
@pytest.mark.parametrize("pins", ["on", "off"])
def test_threads_of_a_worker_stay_together_but_for_those_that_hash(tmp_path: Path, pins: str) -> None:
    service = Service(
        tmp_path, {**CHEAP_HASHING, "ATTENDANCE_SECRET_KEY": SECRET, "ATTENDANCE_PIN_WORKERS": pins}
    )
    service.start()
    try:
        try_to_sign_in(service)
        hashing, others = cpus_of_threads(service)
        together = cpus_of_workers(1, port=service.port) if pins == "on" else ()
        kept = [each for each in others if each == (frozenset(together) or cpus.usable())]
        # but for the one that only looks now and then whether its parent lives
        assert len(others) - len(kept) == (1 if together else 0)
        assert hashing == [cpus.usable()] * len(hashing) != []
    finally:
        service.stop()


def try_to_sign_in(service: Service) -> None:
    connection = HTTPConnection("127.0.0.1", service.port, timeout=20)
    body = json.dumps({"username": "nobody", "password": "a password of nobody"})
    connection.request("POST", "/api/v1/auth/login", body, {"content-type": "application/json"})
    assert connection.getresponse().status == 401
    connection.close()


def cpus_of_threads(service: Service) -> tuple[list[frozenset[int]], list[frozenset[int]]]:
    """Where the threads of the worker may run: those that hash, whose niceness tells, and the others."""
    assert service.process
    hashing: list[frozenset[int]] = []
    others: list[frozenset[int]] = []
    for status in Path("/proc").glob("[0-9]*/status"):
        if f"PPid:\t{service.process.pid}\n" in status.read_text():
            for task in (int(each.name) for each in (status.parent / "task").iterdir()):
                is_hashing = os.getpriority(os.PRIO_PROCESS, task) == NICENESS
                (hashing if is_hashing else others).append(frozenset(os.sched_getaffinity(task)))
    return hashing, others
