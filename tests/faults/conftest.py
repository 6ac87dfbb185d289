"""The real service with two workers, as it is or with a protection taken out."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import DATABASES, databases
from tests.preloaded import SABOTAGE
from tests.service import CHEAP_HASHING, SECRET, Service

LONGEST_START_SECONDS = 20


def sabotaged(*sabotage: str) -> dict[str, str]:
    """The environment in which a process takes protections out before it does anything else."""
    return {SABOTAGE: ",".join(sabotage)}


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """A new database of either kind, which nobody else's processes are connected to."""
    return databases(request, request.param).fresh()


def service_of(home: Path, database_url: str, *sabotage: str, **settings: str) -> Service:
    """Not yet started."""
    usual = {"database_url": database_url, "secret_key": SECRET, "workers": "2", **settings}
    chosen = {f"ATTENDANCE_{name.upper()}": value for name, value in usual.items()}
    return Service(home, CHEAP_HASHING | chosen | (sabotaged(*sabotage) if sabotage else {}))


@contextmanager
def running(service: Service) -> Iterator[Service]:
    """Started, with all its workers, and killed if it is still there in the end."""
    service.start()
    try:
        wait_for_all_workers(service)
        yield service
    except (OSError, EOFError, ExceptionGroup) as error:
        # a connection that nobody meant to end: what did the service say?
        error.add_note(service.log)
        raise
    finally:
        if service.process and service.process.poll() is None:
            service.kill()


def wait_for_all_workers(service: Service) -> None:
    """The first that listens answers all there is, so that nothing would race. Does nothing but on Linux."""
    table = Path("/proc/net/tcp")
    workers = int(service.settings["ATTENDANCE_WORKERS"])
    deadline = time.monotonic() + LONGEST_START_SECONDS
    while table.exists() and len(_listening(table.read_text(), service.port)) < workers:
        assert time.monotonic() < deadline, service.log
        time.sleep(0.005)


def workers(service: Service) -> set[int]:
    """Their process ids, on Linux."""
    assert service.process
    main = service.process.pid
    return {int(child) for child in Path(f"/proc/{main}/task/{main}/children").read_text().split()}


def oldest_worker(service: Service) -> int:
    """Its process id. The server gives up when the same of its workers ends twice within seconds."""

    def started(worker: int) -> int:
        return int(Path(f"/proc/{worker}/stat").read_text().rpartition(")")[2].split()[19])

    return min(workers(service), key=started)


def _listening(table: str, port: int) -> list[str]:
    return re.findall(rf"^ *\d+: [0-9A-F]+:{port:04X} [0-9A-F:]+ 0A ", table, re.MULTILINE)
