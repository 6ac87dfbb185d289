"""Servers in processes of their own, and what they use of the machine."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

import psutil

MIB = 1024 * 1024
# what is measured is what the benchmark itself imports
PYTHONPATH = os.pathsep.join([str(Path.cwd()), *filter(None, [os.environ.get("PYTHONPATH")])])
PATIENCE_SECONDS = 30.0
MEMORY_EVERY_SECONDS = 0.05


class DoesNotStart(Exception):
    """With what the server had to say."""


@dataclass(frozen=True, slots=True)
class Tree:
    """A process with its children."""

    pid: int

    def processes(self) -> list[psutil.Process]:
        parent = psutil.Process(self.pid)
        return [parent, *parent.children(recursive=True)]

    def worker(self) -> psutil.Process:
        """The one that answers: the process itself, or the largest of its children."""
        parent, *children = self.processes()
        return max(children, key=lambda child: child.memory_info().rss, default=parent)

    def cpu(self) -> float:
        """Seconds computed so far, those of children that ended included."""
        parent, *children = self.processes()
        own = parent.cpu_times()
        total = own.user + own.system + own.children_user + own.children_system
        for child in children:
            with suppress(psutil.NoSuchProcess):  # then its parent counts it from now on
                times = child.cpu_times()
                total += times.user + times.system
        return float(total)

    def worker_rss(self) -> float:
        """In MiB."""
        return float(self.worker().memory_info().rss / MIB)

    async def peak_rss(self, *, until: asyncio.Task[Any]) -> float:
        """The most that the worker had meanwhile, in MiB."""
        worker, peak = self.worker(), 0.0
        while not until.done():
            peak = max(peak, worker.memory_info().rss / MIB)
            await asyncio.sleep(MEMORY_EVERY_SECONDS)
        return peak


@dataclass(frozen=True, slots=True)
class Server:
    """An HTTP server that answers. `started_in` are the seconds until it did."""

    port: int
    tree: Tree
    log: Path
    started_in: float

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def serving(*command: str, port: int, home: Path, settings: dict[str, str], live: str) -> Iterator[Server]:
    """What a command starts, from when `GET live` is answered, whatever the answer, until the end."""
    log = home / f"{port}.log"
    started = time.perf_counter()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": PYTHONPATH, **settings},
            cwd=home,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        while not _answers(port, live):
            if process.poll() is not None or time.perf_counter() - started > PATIENCE_SECONDS:
                raise DoesNotStart(f"{' '.join(command)} does not start:\n{log.read_text()}")
            time.sleep(0.002)
        yield Server(port, Tree(process.pid), log, time.perf_counter() - started)
    finally:
        process.terminate()
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(port: int, path: str) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
    return True
