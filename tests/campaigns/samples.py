"""What a service holds while it runs, and whether that grows."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from statistics import median

import psycopg

MIB = 1024 * 1024
PAGE = os.sysconf("SC_PAGE_SIZE")
WARM_UP = 1 / 3
"""The part at the beginning in which caches fill, pools open and arenas grow to what the load needs."""

FEWEST_SAMPLES = 6
"""After the warm-up: of fewer nothing can be said."""

MEMORY_GROWTH = 0.06
LEAST_MEMORY_GROWTH_MIB = 8.0
"""The heap of a process that leaks nothing moves by some MiB, too: what is freed lies between what is not.

In twenty minutes at a hundred requests a second, 8 MiB are 70 bytes a request: less than any object that a
request makes.
"""

COUNTED_GROWTH = 2.0
"""Of descriptors and threads in the whole run: one may be opened late."""

POOLED = 13
"""Connections of a worker to its database: `ATTENDANCE_POOL_SIZE` (12), and on SQLite the one that writes."""


@dataclass
class Series:
    """A quantity of one process, or of the database, over time, in seconds."""

    name: str
    unit: str
    times: list[float] = field(default_factory=list)
    values: list[float] = field(default_factory=list)

    def settled(self) -> "Series":
        """Without the warm-up."""
        first = self.times[0] + (self.times[-1] - self.times[0]) * WARM_UP if self.times else 0.0
        kept = [(at, value) for at, value in zip(self.times, self.values, strict=True) if at >= first]
        return Series(self.name, self.unit, [at for at, _ in kept], [value for _, value in kept])

    def growth(self) -> float:
        """How much it grew: the slope of Theil and Sen times the time.

        That is the median of the slopes between any two samples: a quarter of the samples may be anything.
        """
        slopes = [
            (value - before) / (at - earlier)
            for (earlier, before), (at, value) in combinations(zip(self.times, self.values, strict=True), 2)
            if at > earlier
        ]
        return median(slopes) * (self.times[-1] - self.times[0]) if slopes else 0.0

    def allowed(self) -> float:
        if self.name == "connections":
            # what pools may have is another matter: see `beyond_pools`
            return float(POOLED)
        if self.unit == "MiB":
            return max(LEAST_MEMORY_GROWTH_MIB, MEMORY_GROWTH * median(self.values))
        return COUNTED_GROWTH


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a quantity did after the warm-up."""

    series: Series
    growth: float
    allowed: float

    @property
    def is_growing(self) -> bool:
        return self.growth > self.allowed

    def __str__(self) -> str:
        values = self.series.values
        what = f"{self.series.name:<24} {values[0]:8.1f} → {values[-1]:8.1f} {self.series.unit:<4}"
        most = f"most {max(values):8.1f}"
        grew = f"grew by {self.growth:+7.2f} of {self.allowed:.1f} allowed"
        return f"{what}  {most}  {grew}{'  GROWS' if self.is_growing else ''}"


def verdicts(series: Iterable[Series]) -> list[Verdict]:
    """Raises ValueError where too few samples are left after the warm-up."""
    found = []
    for each in series:
        settled = each.settled()
        if len(settled.values) < FEWEST_SAMPLES:
            raise ValueError(f"{each.name}: {len(settled.values)} samples are too few to judge by")
        found.append(Verdict(settled, settled.growth(), settled.allowed()))
    return found


def processes_of(pid: int) -> list[int]:
    """A process and all that it has started, each after the one that started it."""
    parents: dict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError):
            parents[int(path.joinpath("stat").read_text().rpartition(")")[2].split()[1])].append(
                int(path.name)
            )
    found = [pid]
    for each in found:
        found += sorted(parents.get(each, ()))
    return found


def rss_mib(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE / MIB


def descriptors(pid: int) -> list[str]:
    """What each open descriptor of a process leads to."""
    found = []
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            found.append(str(path.readlink()))
    return found


def threads(pid: int) -> int:
    return len([*Path(f"/proc/{pid}/task").iterdir()])


@dataclass
class Samples:
    """Taken of a service's processes and its database, again and again."""

    pid: int
    database_url: str
    series: dict[str, Series] = field(default_factory=dict)
    processes: list[list[int]] = field(default_factory=list)
    at_rest: dict[int, int] = field(default_factory=dict)

    def take(self, at: float) -> None:
        pids = processes_of(self.pid)
        self.processes.append(pids)
        own = 0
        for number, pid in enumerate(pids):
            name = f"worker {number}" if number else "supervisor"
            opened = descriptors(pid)
            own += sum(self._is_database(it) for it in opened)
            # those of clients come and go with the load, and are the load's
            counted = sum(not it.startswith("socket:") for it in opened)
            self._note(f"{name} memory", "MiB", at, rss_mib(pid))
            self._note(f"{name} descriptors", "", at, counted)
            self._note(f"{name} threads", "", at, threads(pid))
        self._note("connections", "", at, own if self._file else self._backends())

    def rest(self) -> list[str]:
        """What is wrong while nobody asks anything: called before the load, and again after it.

        Sockets that are left after it are nobody's, but for those of a pool that has opened meanwhile.
        """
        found = []
        for pid in processes_of(self.pid):
            sockets = sum(it.startswith("socket:") for it in descriptors(pid))
            before = self.at_rest.setdefault(pid, sockets)
            if sockets > before + POOLED:
                found.append(f"process {pid} has {sockets} sockets at rest, {before} before")
        return found

    def beyond_pools(self) -> list[str]:
        """Whether there were ever more connections to the database than the pools of the workers have."""
        workers = max(len(pids) for pids in self.processes) - 1
        most = max(self.series["connections"].values)
        return [f"{most:.0f} connections to the database"] if most > workers * POOLED else []

    @property
    def restarted(self) -> list[int]:
        """Processes that were not there from the beginning to the end."""
        everybody = {pid for pids in self.processes for pid in pids}
        return sorted(everybody - set.intersection(*map(set, self.processes)))

    @property
    def _file(self) -> str | None:
        is_file = self.database_url.startswith("sqlite:///")
        return self.database_url.removeprefix("sqlite:///") if is_file else None

    def _is_database(self, opened: str) -> bool:
        return opened == self._file

    def _backends(self) -> float:
        with psycopg.connect(self.database_url, autocommit=True) as connection:
            row = connection.execute(
                "SELECT count(*) FROM pg_stat_activity "
                "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchone()
        assert row
        return float(row[0])

    def _note(self, name: str, unit: str, at: float, value: float) -> None:
        series = self.series.setdefault(name, Series(name, unit))
        series.times.append(at)
        series.values.append(value)


def growing(found: Sequence[Verdict]) -> Mapping[str, Verdict]:
    return {verdict.series.name: verdict for verdict in found if verdict.is_growing}
