"""`make soak`: the service at half of what it can do, for long, and whether what it holds grows."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.campaigns.clubs import Club, Day, prepared, serving
from tests.campaigns.load import Outcome, ask_at, ask_on, percentile
from tests.campaigns.samples import Samples, Verdict, growing, verdicts

CALIBRATION_SECONDS = 30.0
CALIBRATION_CLIENTS = 16
SAMPLE_SECONDS = 10.0
REST_SECONDS = 5.0
PART = 0.5
"""Of what the service was measured to do."""


@dataclass(frozen=True, slots=True)
class Soaked:
    """What came of it."""

    capacity: float
    outcome: Outcome
    verdicts: list[Verdict]
    restarted: list[int]
    others: list[str]

    @property
    def faults(self) -> list[str]:
        """What must not be, in words; none where all is well."""
        found = [f"{name} grows" for name in growing(self.verdicts)]
        found += [f"process {pid} was not there all the time" for pid in self.restarted]
        found += self.others
        return found + [
            f"{number} × {kind} answered {status or 'nothing'}"
            for (kind, status), number in sorted(self.outcome.statuses.items())
            if not 200 <= status < 400 and status != 503
        ]


async def soaked(club: Club, day: Day, seconds: float, *, every: float, say: Callable[[str], None]) -> Soaked:
    """Measure what the service can do, then ask half of it for so long, taking samples."""
    calibrated = await ask_on(
        club.service.port, day.draw, clients=CALIBRATION_CLIENTS, seconds=CALIBRATION_SECONDS
    )
    rate = calibrated.rate * PART
    say(f"it answers {calibrated.rate:.0f} requests a second to {CALIBRATION_CLIENTS} clients at once")
    say(f"it is asked {rate:.0f} a second for {seconds / 60:.0f} minutes")
    samples = Samples(club.pid, club.database_url)
    samples.rest()
    load = asyncio.create_task(
        ask_at(club.service.port, day.draw, rate=rate, seconds=seconds, most_under_way=200)
    )
    began = time.monotonic()
    while not load.done():
        await asyncio.to_thread(samples.take, time.monotonic() - began)
        await asyncio.wait({load}, timeout=every)
    # what clients have closed, the service closes
    await asyncio.sleep(REST_SECONDS)
    others = [*samples.rest(), *samples.beyond_pools()]
    return Soaked(
        calibrated.rate, load.result(), verdicts(samples.series.values()), samples.restarted, others
    )


def run(kind: str, minutes: float, *, workers: int, every: float, leak: str = "") -> list[str]:
    """Soak the service on a kind of database, print what came of it, and return what must not be."""
    with TemporaryDirectory(prefix="attendance-soak-") as home:
        Path(home).chmod(0o755)
        with serving(kind, Path(home), workers=workers, leak=leak) as club:
            say = lambda text: print(f"{kind}: {text}", flush=True)  # noqa: E731, T201
            result = asyncio.run(soaked(club, prepared(club), minutes * 60, every=every, say=say))
            say(f"answers by status: {result.outcome.by_status}, {result.outcome.late} not sent in time")
            for kind_of, taken in sorted(result.outcome.accepted.items()):
                p50, p99 = (percentile(taken, hundredth) for hundredth in (50, 99))
                say(f"{kind_of:<12} {len(taken):7} answers  p50 {p50:7.1f} ms  p99 {p99:7.1f} ms")
            for verdict in result.verdicts:
                say(str(verdict))
            say("; ".join(result.faults) or "nothing grows")
            return result.faults


def main() -> None:
    parser = argparse.ArgumentParser(prog="make soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--stores", default="postgresql,sqlite", help="one after the other, with a comma")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--every", type=float, default=SAMPLE_SECONDS, help="seconds between two samples")
    parser.add_argument("--leak", default="", help="a leak of sabotage.py, which is to be found")
    options = parser.parse_args()
    faults = [
        fault
        for kind in options.stores.split(",")
        for fault in run(
            kind, options.minutes, workers=options.workers, every=options.every, leak=options.leak
        )
    ]
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
