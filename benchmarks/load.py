"""Load on a contender: by wrk, where it is installed, else by this process itself, which costs more."""

import asyncio
import itertools
import json
import shutil
import subprocess
import time
from abc import abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import quantiles
from typing import Protocol

from benchmarks.client import Connection, request
from benchmarks.seed import READ_ON, WRITE_ON, World

SCRIPT = Path(__file__).with_name("load.lua")
WRK = shutil.which("wrk")
GENERATOR = f"wrk ({WRK})" if WRK else "asyncio (wrk is not installed)"
MARKING, READING = "mark", "sheet"
DATE_OF = {MARKING: WRITE_ON, READING: READ_ON}
STATUSES = ("present", "absent", "late", "excused")
_words = (f"round {number}, request" for number in itertools.count())


@dataclass(frozen=True, slots=True)
class Load:
    """What came of it. `errors` are answers other than 2xx, and requests without an answer."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    errors: int


class Plan(Protocol):
    """What is asked. Each request changes as many marks as `marks`."""

    @property
    def marks(self) -> int: ...

    @abstractmethod
    def script(self, sent: int) -> list[str]:
        """The script that makes wrk ask it, and its arguments, after so many requests."""

    @abstractmethod
    def requests(self, sent: int = 0) -> Iterator[bytes]:
        """The same as the script makes."""


@dataclass(frozen=True, slots=True)
class LabPlan(Plan):
    """Marks that all change something, or sheets, in a world of labs."""

    kind: str
    world: World
    file: Path

    def __post_init__(self) -> None:
        tokens = [f"token {token}" for token in self.world.tokens]
        cells = [f"cell {lab_id} {user_id}" for lab_id, user_id in self.world.cells]
        self.file.write_text("\n".join([*tokens, *cells]) + "\n")

    @property
    def date(self) -> date:
        return DATE_OF[self.kind]

    @property
    def marks(self) -> int:
        return 1 if self.kind == MARKING else 0

    def script(self, sent: int) -> list[str]:  # noqa: ARG002 # its words are new each time
        return [str(SCRIPT), "--", self.kind, self.date.isoformat(), str(self.file), next(_words)]

    def requests(self, sent: int = 0) -> Iterator[bytes]:
        tokens, word = itertools.cycle(self.world.tokens), next(_words)
        for n, (lab_id, user_id) in enumerate(itertools.cycle(self.world.cells), sent):
            path, token = f"/labs/{lab_id}/attendance", next(tokens)
            if self.kind == READING:
                yield request("GET", f"{path}?date={self.date}", token)
                continue
            body = {
                "user_id": str(user_id),
                "date": self.date.isoformat(),
                "status": STATUSES[(n + n // len(self.world.cells)) % 4],
                "note": f"{word} {n}",
            }
            yield request("PUT", path, token, body)


def load(port: int, plan: Plan, *, connections: int, seconds: float, sent: int = 0) -> Load:
    """Ask over so many connections, each as soon as it has its answer, for so long."""
    if WRK:
        return _by_wrk(port, plan, sent, connections, seconds)
    return asyncio.run(ask_for(port, plan.requests(sent), connections, seconds))


def _by_wrk(port: int, plan: Plan, sent: int, connections: int, seconds: float) -> Load:
    options = ["-t", "1", "-c", str(connections), "-d", f"{seconds:.0f}s", "--timeout", "10s"]
    script, *arguments = plan.script(sent)
    command = ["wrk", *options, "-s", script, f"http://127.0.0.1:{port}", *arguments]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result = printed.partition("RESULT ")[2]
    return Load(**json.loads(result))


async def ask_for(port: int, asked: Iterator[bytes], connections: int, seconds: float) -> Load:
    """By this process itself, whether wrk is installed or not."""
    taken: list[float] = []
    errors = 0
    started = time.perf_counter()

    async def ask_on() -> None:
        nonlocal errors
        async with Connection.opened(port) as connection:
            while (at := time.perf_counter()) < started + seconds:
                status = await connection.ask(next(asked))
                taken.append(time.perf_counter() - at)
                errors += not 200 <= status < 300

    await asyncio.gather(*(ask_on() for _ in range(connections)))
    p50, p99 = percentiles(taken)
    return Load(len(taken), time.perf_counter() - started, p50, p99, errors)


def percentiles(seconds: list[float]) -> tuple[float, float]:
    """The 50th and the 99th, in milliseconds."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1e3, cuts[98] * 1e3
