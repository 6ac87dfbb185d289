"""A start where somebody listens already, and stopping amid requests."""

import asyncio
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.databases import SqliteDatabases
from tests.faults.clients import Answer, Request, at_once, connected, patiently, race
from tests.faults.conftest import running, service_of
from tests.faults.processes import PATIENCE_SECONDS, started
from tests.faults.scene import Scene, set_scene
from tests.preloaded import Forked
from tests.service import Service

LONGEST_START_SECONDS = 15
UNDER_WAY = 40
WORKERS = 2


@contextmanager
def serving_too(service: Service) -> Iterator[Forked]:
    """One more process that was told to serve what a service serves, on its port."""
    settings = service.settings | {"ATTENDANCE_PORT": str(service.port)}
    process = started(service.home, ("-m", "attendance", "serve"), settings)
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_until(condition: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while not condition():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.02)


def check_refused_for_its_port(process: Forked, port: int) -> None:
    wait_until(lambda: process.poll() is not None, "two services listen on one port")
    _, complaint = process.communicate()
    assert process.returncode != 0
    assert "Traceback" not in complaint
    last = complaint.strip().splitlines()[-1]
    assert str(port) in last
    assert "in use" in last


def check_is_alive(port: int) -> None:
    (answer,) = race(port, [Request(method="GET", path="/health/ready")])
    assert answer.status == 200


def test_a_port_that_another_program_has_is_refused_in_one_line(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    service = service_of(tmp_path, sqlite_databases.fresh())
    with socket.create_server(("127.0.0.1", service.port)), serving_too(service) as process:
        check_refused_for_its_port(process, service.port)


def test_a_second_start_on_one_port_is_refused_in_one_line(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    with running(service_of(tmp_path, sqlite_databases.fresh())) as first:
        with serving_too(first) as second:
            check_refused_for_its_port(second, first.port)
        check_is_alive(first.port)


def test_of_several_starts_at_once_on_one_port_all_but_one_are_refused_in_one_line(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    service = service_of(tmp_path, sqlite_databases.fresh())

    def is_listening() -> bool:
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", service.port)) == 0

    with ExitStack() as stack:
        processes = [stack.enter_context(serving_too(service)) for _ in range(4)]
        wait_until(
            lambda: sum(process.poll() is None for process in processes) == 1,
            "several services listen on one port",
        )
        for process in processes:
            if process.poll() is not None:
                check_refused_for_its_port(process, service.port)
        wait_until(is_listening, "nobody listens")
        check_is_alive(service.port)


Stop: TypeAlias = Callable[[int], None]
"""Given the process that was started, which leads a process group of its own."""


def told_to_stop(process: int) -> None:
    os.kill(process, signal.SIGTERM)


def told_to_stop_with_all_workers(process: int) -> None:
    """As systemd does it."""
    os.killpg(process, signal.SIGTERM)


def killed(process: int) -> None:
    os.killpg(process, signal.SIGKILL)


def number_of(service: Service, pattern: str) -> int:
    """How many files its workers left."""
    return len(list(service.home.glob(pattern)))


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 # what is waited for happens in other processes
        await asyncio.sleep(0.01)


async def stopped_amid(service: Service, scene: Scene, stop: Stop) -> list[Answer | Exception]:
    """What requests get that are all under way when the service is told to stop, its workers long at work."""

    async def mark(number: int) -> Answer | Exception:
        async with connected(service.port) as client:
            try:
                return await client.ask(scene.mark("here", date=f"2026-03-{number % 28 + 1:02}"))
            except (OSError, EOFError) as error:
                return error

    process = service.process
    assert process
    while number_of(service, "alive-*") < WORKERS:
        await at_once(service.port, [Request(method="GET", path="/health/live")] * UNDER_WAY)
    async with asyncio.TaskGroup() as group:
        requests = [group.create_task(mark(number)) for number in range(UNDER_WAY)]
        await until(lambda: number_of(service, "arrived-*") == UNDER_WAY)
        stop(process.pid)
        await until(lambda: "Shutting down" in service.log or process.poll() is not None)
        (service.home / "go").touch()
    return [request.result() for request in requests]


def check_stop_leaves_nobody_unanswered(service: Service, told: list[Answer | Exception]) -> None:
    unanswered = [answer for answer in told if not (isinstance(answer, Answer) and answer.status == 200)]
    assert not unanswered, f"{len(unanswered)} of {UNDER_WAY} were not answered: {unanswered[0]!r}"
    assert service.process
    assert service.process.wait(timeout=PATIENCE_SECONDS) == 0
    assert "Traceback" not in service.log


@pytest.mark.parametrize("stop", [told_to_stop, told_to_stop_with_all_workers])
def test_requests_under_way_are_answered_before_the_service_stops(
    database_url: str, tmp_path: Path, stop: Stop
) -> None:
    scene = set_scene(database_url)
    with running(service_of(tmp_path, database_url, "waits_with_each_mark")) as service:
        told = patiently(stopped_amid(service, scene, stop))
        check_stop_leaves_nobody_unanswered(service, told)


@pytest.mark.plants
def test_requests_under_way_are_lost_when_the_service_is_killed(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    scene = set_scene(database_url := sqlite_databases.fresh())
    with running(service_of(tmp_path, database_url, "waits_with_each_mark")) as service:
        told = patiently(stopped_amid(service, scene, killed))
        with pytest.raises(AssertionError, match=f"{UNDER_WAY} of {UNDER_WAY} were not answered"):
            check_stop_leaves_nobody_unanswered(service, told)


async def stopped_amid_its_start(service: Service, process: Forked, stop: Stop) -> None:
    await until(lambda: number_of(service, "starting-*") == WORKERS)
    stop(process.pid)
    (service.home / "go").touch()


@pytest.mark.parametrize("stop", [told_to_stop, told_to_stop_with_all_workers])
def test_a_service_told_to_stop_while_its_workers_start_does_stop(
    sqlite_databases: SqliteDatabases, tmp_path: Path, stop: Stop
) -> None:
    service = service_of(tmp_path, sqlite_databases.fresh(), "waits_with_each_start")
    with serving_too(service) as process:
        patiently(stopped_amid_its_start(service, process, stop))
        process.communicate(timeout=PATIENCE_SECONDS)
        assert process.returncode == 0


@pytest.mark.parametrize("sent_bytes", [20, -5], ids=["amid the head", "amid the body"])
def test_a_client_that_stalls_does_not_keep_the_service_from_stopping(
    sqlite_databases: SqliteDatabases, tmp_path: Path, sent_bytes: int
) -> None:
    scene = set_scene(database_url := sqlite_databases.fresh())
    with running(service_of(tmp_path, database_url)) as service, socket.socket() as stalling:
        stalling.connect(("127.0.0.1", service.port))
        stalling.sendall(scene.mark("here").encoded()[:sent_bytes])
        check_is_alive(service.port)
        assert service.process
        service.process.terminate()
        assert service.process.wait(timeout=PATIENCE_SECONDS) == 0


def workers_of(service: Service) -> list[int]:
    """The processes that the service has started."""
    assert service.process
    children = Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text()
    return [int(child) for child in children.split()]


def is_there(process: int) -> bool:
    with suppress(FileNotFoundError, ProcessLookupError):
        return "Z" not in Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    return False


@contextmanager
def two_workers(databases: SqliteDatabases, home: Path, *sabotage: str) -> Iterator[Service]:
    with running(service_of(home, databases.fresh(), *sabotage)) as service:
        wait_until(lambda: service.log.count("Started worker") == WORKERS, "the workers do not start")
        yield service


def killed_alone(service: Service) -> list[int]:
    """The workers whose parent was killed, and nothing else."""
    workers = workers_of(service)
    assert service.process
    os.kill(service.process.pid, signal.SIGKILL)
    return workers


def test_workers_end_with_the_process_that_started_them(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    with two_workers(sqlite_databases, tmp_path) as service:
        workers = killed_alone(service)
        wait_until(lambda: not any(map(is_there, workers)), "workers outlive who started them")


@pytest.mark.plants
def test_workers_that_are_not_told_answer_though_nobody_can_stop_them(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    with two_workers(sqlite_databases, tmp_path, "outlives_its_parent") as service:
        workers = killed_alone(service)
        try:
            wait_until(lambda: not is_there(service.process.pid), "it is not killed")  # type: ignore[union-attr]
            check_is_alive(service.port)
        finally:
            for worker in workers:
                os.kill(worker, signal.SIGKILL)


def check_workers_that_die_are_started_anew(service: Service, deaths: int = 3) -> None:
    for number in range(1, deaths + 1):
        os.kill(workers_of(service)[-1], signal.SIGKILL)
        expected = WORKERS + number
        wait_until(lambda expected=expected: is_started(service, expected), "no worker is started")  # type: ignore[misc]
        check_is_alive(service.port)
    assert len(workers_of(service)) == WORKERS


def is_started(service: Service, number: int) -> bool:
    assert service.process
    assert service.process.poll() is None, "the service has ended"
    return service.log.count("Started worker") == number


def test_a_worker_that_dies_again_and_again_is_started_anew(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    with two_workers(sqlite_databases, tmp_path) as service:
        check_workers_that_die_are_started_anew(service)


@pytest.mark.plants
def test_without_the_supervisor_a_worker_that_dies_twice_ends_the_service(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    with (
        two_workers(sqlite_databases, tmp_path, "gives_up_on_workers_that_die") as service,
        pytest.raises(AssertionError, match="the service has ended"),
    ):
        check_workers_that_die_are_started_anew(service)


def test_before_it_stops_it_is_not_ready_and_answers_all_the_same(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    service = service_of(tmp_path, sqlite_databases.fresh())
    service.settings["ATTENDANCE_DRAIN_SECONDS"] = "300"
    live, ready = (Request(method="GET", path=f"/health/{name}") for name in ("live", "ready"))

    def statuses(request: Request) -> set[int]:
        return {answer.status for answer in race(service.port, [request] * 16) if answer}

    with running(service):
        wait_until(lambda: service.log.count("Started worker") == WORKERS, "the workers do not start")
        assert statuses(ready) == {200}
        assert service.process
        os.kill(service.process.pid, signal.SIGTERM)
        wait_until(lambda: statuses(ready) == {503}, "it is ready though it is to stop")
        assert statuses(live) == {200}
        os.kill(service.process.pid, signal.SIGTERM)
        assert service.process.wait(timeout=PATIENCE_SECONDS) == 0


def test_a_second_service_on_one_file_is_warned_of_in_one_line(
    sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    """A third on another file is not."""
    url = sqlite_databases.fresh()
    logs = []
    with ExitStack() as stack:
        for name, of in [("first", url), ("second", url), ("third", sqlite_databases.fresh())]:
            (tmp_path / name).mkdir()
            service = stack.enter_context(running(service_of(tmp_path / name, of, workers="1")))
            logs.append([line for line in service.log.splitlines() if "another service" in line])
            check_is_alive(service.port)
    assert [len(lines) for lines in logs] == [0, 1, 0]
    assert url.removeprefix("sqlite:///") in logs[1][0]
