"""`make overload`: 500 clients at once, then three times what the service can do, and what comes after."""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.campaigns.clubs import CLUB, Club, Day, prepared, serving
from tests.campaigns.load import Answered, Asked, Connection, Outcome, ask_at, ask_on, percentile
from tests.campaigns.samples import processes_of, rss_mib

CLIENTS = 500
TIMES = 3
CALIBRATION_SECONDS = 20.0
CALIBRATION_CLIENTS = 16
USUAL_SECONDS = 15.0
PROBE_SECONDS = 2.0
USUAL_AGAIN = 3.0
"""Answers are as quick as before when half of them take no longer than so many times what they took."""

LONGEST_RECOVERY_SECONDS = 30.0
LONGEST_ACCEPTED_MS = 15_000.0
"""What is let in waits for `ATTENDANCE_QUEUE_SECONDS` (5) at most; here it shares its cores with who asks."""

FINE = {*range(200, 400), 429, 503}


@dataclass
class Marks:
    """What the service has acknowledged of marks, and what it may have done without saying so."""

    acknowledged: Counter[tuple[str, str]] = field(default_factory=Counter)
    unanswered: Counter[tuple[str, str]] = field(default_factory=Counter)

    def told(self, asked: Asked, answer: Answered | None) -> None:
        if asked.kind != "mark":
            return
        lesson, client, _ = asked.about
        if answer is None:
            self.unanswered[lesson, client] += 1
        elif answer.status == 200:
            self.acknowledged[lesson, client] += 1

    def wrong(self, before: Counter[tuple[str, str]], after: Counter[tuple[str, str]]) -> list[str]:
        """What is not as acknowledged. Each mark said something new, so each has left an event."""
        found = []
        for key in {*self.acknowledged, *after}:
            made, sure = after[key] - before[key], self.acknowledged[key]
            if not sure <= made <= sure + self.unanswered[key]:
                found.append(f"{made} marks at {key}, {sure} acknowledged, {self.unanswered[key]} unanswered")
        return found


async def marked(club: Club, day: Day) -> Counter[tuple[str, str]]:
    """How often each client of each lesson was marked."""
    head = {"authorization": f"Bearer {day.tokens['demo-head']}"}
    found: Counter[tuple[str, str]] = Counter()
    async with Connection(club.service.port) as connection:
        for lesson, clients in day.clients.items():
            for client in clients:
                path = f"{CLUB}/lessons/{lesson}/attendance/{client}/history"
                answer = await connection.ask(Asked("GET", path, kind="history", headers=head))
                events = answer.json()["events"]
                found[lesson, client] = sum(event["action"] == "attendance.marked" for event in events)
    return found


@dataclass(frozen=True, slots=True)
class Stress:
    """One way to ask too much, what came of it, and how long answers were slow after it."""

    name: str
    outcome: Outcome
    peak_mib: float
    recovery: float | None

    @property
    def faults(self) -> list[str]:
        found = [
            f"{number} answers of status {status}"
            for status, number in self.outcome.by_status.items()
            if status not in FINE
        ]
        if self.outcome.without_retry_after:
            found.append(f"{self.outcome.without_retry_after} refusals without Retry-After")
        if (slowest := percentile(self.outcome.all_accepted, 99)) > LONGEST_ACCEPTED_MS:
            found.append(f"one of a hundred accepted requests took {slowest:.0f} ms or more")
        if self.recovery is None:
            found.append(f"answers were still slow {LONGEST_RECOVERY_SECONDS:.0f} s later")
        return [f"{self.name}: {fault}" for fault in found]

    def __str__(self) -> str:
        accepted, refused = self.outcome.all_accepted, self.outcome.refused
        recovery = "not" if self.recovery is None else f"in {self.recovery:.0f} s"
        speed = f"p50 {percentile(accepted, 50):.0f} ms, p99 {percentile(accepted, 99):.0f} ms"
        return "; ".join(
            [
                f"{self.name}: {self.outcome.rate:.0f} accepted a second, {speed}",
                f"{len(refused)} refused, p99 {percentile(refused, 99):.0f} ms",
                f"by status {self.outcome.by_status}, {self.outcome.late} not sent",
                f"memory at most {self.peak_mib:.0f} MiB",
                f"as quick as before {recovery}",
            ]
        )


async def overloaded(
    club: Club, day: Day, seconds: float, say: Callable[[str], None]
) -> tuple[list[Stress], list[str]]:
    """Measure, ask too much in both ways, and look what is left of what was acknowledged."""
    port, marks = club.service.port, Marks()
    before = await marked(club, day)
    calibrated = await ask_on(
        port, day.draw, clients=CALIBRATION_CLIENTS, seconds=CALIBRATION_SECONDS, told=marks.told
    )
    capacity = calibrated.rate
    usual = await ask_at(port, day.draw, rate=capacity / 2, seconds=USUAL_SECONDS, told=marks.told)
    p50, p99 = (percentile(usual.all_accepted, hundredth) for hundredth in (50, 99))
    say(f"it answers {capacity:.0f} requests a second to {CALIBRATION_CLIENTS} clients at once")
    say(f"asked half of that: p50 {p50:.0f} ms, p99 {p99:.0f} ms, memory {memory(club):.0f} MiB")
    ways: dict[str, Callable[[], Coroutine[Any, Any, Outcome]]] = {
        f"{CLIENTS} clients": lambda: ask_on(
            port, day.draw, clients=CLIENTS, seconds=seconds, told=marks.told
        ),
        f"{TIMES} times as much": lambda: ask_at(
            port, day.draw, rate=TIMES * capacity, seconds=seconds, told=marks.told
        ),
    }
    found = []
    for name, way in ways.items():
        outcome, peak = await watched(club, way())
        recovery = await recovered(club, day, marks, rate=capacity / 2, usual_ms=p50)
        found.append(Stress(name, outcome, peak, recovery))
        say(str(found[-1]))
    return found, marks.wrong(before, await marked(club, day))


def memory(club: Club) -> float:
    """Of all processes of the service, in MiB."""
    return sum(rss_mib(pid) for pid in processes_of(club.pid))


async def watched(club: Club, asking: Coroutine[Any, Any, Outcome]) -> tuple[Outcome, float]:
    """What comes of it, and the most memory meanwhile."""
    load, peak = asyncio.create_task(asking), 0.0
    while not load.done():
        peak = max(peak, await asyncio.to_thread(memory, club))
        await asyncio.wait({load}, timeout=1.0)
    return load.result(), peak


async def recovered(club: Club, day: Day, marks: Marks, *, rate: float, usual_ms: float) -> float | None:
    """After how many seconds half of the answers are as quick as before; None: not in time."""
    began = time.monotonic()
    while time.monotonic() < began + LONGEST_RECOVERY_SECONDS:
        at = time.monotonic()
        probed = await ask_at(club.service.port, day.draw, rate=rate, seconds=PROBE_SECONDS, told=marks.told)
        if probed.all_accepted and percentile(probed.all_accepted, 50) <= USUAL_AGAIN * usual_ms:
            return at - began
    return None


def run(kind: str, seconds: float, *, workers: int, queue_seconds: float | None) -> list[str]:
    """Overload the service on a kind of database, print what came of it, and return what must not be."""
    settings = {} if queue_seconds is None else {"queue_seconds": str(queue_seconds)}
    with TemporaryDirectory(prefix="attendance-overload-") as home:
        Path(home).chmod(0o755)
        with serving(kind, Path(home), workers=workers, **settings) as club:
            say = lambda text: print(f"{kind}: {text}", flush=True)  # noqa: E731, T201
            stresses, wrong = asyncio.run(overloaded(club, prepared(club), seconds, say))
            faults = [fault for stress in stresses for fault in stress.faults] + wrong
            say("; ".join(faults) or "all that was acknowledged is there, and nothing else went wrong")
            return faults


def main() -> None:
    parser = argparse.ArgumentParser(prog="make overload", description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0, help="of each of the two")
    parser.add_argument("--stores", default="postgresql,sqlite", help="one after the other, with a comma")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--queue-seconds", type=float, help="ATTENDANCE_QUEUE_SECONDS")
    options = parser.parse_args()
    faults = [
        fault
        for kind in options.stores.split(",")
        for fault in run(kind, options.seconds, workers=options.workers, queue_seconds=options.queue_seconds)
    ]
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
