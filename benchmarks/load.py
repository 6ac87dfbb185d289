"""Load on a contender: by wrk, where it is installed, else by this process itself, which costs more."""

import asyncio
import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import quantiles

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


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked: marks that all change something, or sheets, in a world."""

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


def load(port: int, plan: Plan, *, connections: int, seconds: float) -> Load:
    """Ask over so many connections, each as soon as it has its answer, for so long."""
    word = next(_words)
    if WRK:
        return _by_wrk(port, plan, word, connections, seconds)
    return asyncio.run(_by_asyncio(port, plan, word, connections, seconds))


def _by_wrk(port: int, plan: Plan, word: str, connections: int, seconds: float) -> Load:
    options = ["-t", "1", "-c", str(connections), "-d", f"{seconds:.0f}s", "--timeout", "10s"]
    arguments = [plan.kind, plan.date.isoformat(), str(plan.file), word]
    command = ["wrk", *options, "-s", str(SCRIPT), f"http://127.0.0.1:{port}", "--", *arguments]
    printed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    result = printed.partition("RESULT ")[2]
    return Load(**json.loads(result))


async def _by_asyncio(port: int, plan: Plan, word: str, connections: int, seconds: float) -> Load:
    asked = requests(plan, word)
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


def requests(plan: Plan, word: str = "") -> Iterator[bytes]:
    """The same as the script for wrk makes."""
    tokens = itertools.cycle(plan.world.tokens)
    for sent, (lab_id, user_id) in enumerate(itertools.cycle(plan.world.cells)):
        path, token = f"/labs/{lab_id}/attendance", next(tokens)
        if plan.kind == READING:
            yield request("GET", f"{path}?date={plan.date}", token)
            continue
        body = {
            "user_id": str(user_id),
            "date": plan.date.isoformat(),
            "status": STATUSES[(sent + sent // len(plan.world.cells)) % 4],
            "note": f"{word} {sent}",
        }
        yield request("PUT", path, token, body)


def percentiles(seconds: list[float]) -> tuple[float, float]:
    """The 50th and the 99th, in milliseconds."""
    cuts = quantiles(seconds, n=100, method="inclusive")
    return cuts[49] * 1e3, cuts[98] * 1e3
