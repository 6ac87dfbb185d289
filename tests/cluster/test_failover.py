"""A cluster of PostgreSQL that elects its leader by itself, under two services that go on meanwhile.

Its leader is killed, stopped and cut off: nothing acknowledged is lost, and the services find the next one.
What was measured is written to var/cluster.md.
"""

import asyncio
import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

import psycopg
import pytest

from tests.cluster.load import Front, Load, check_all_acknowledged_is_there, front
from tests.cluster.machines import Machine
from tests.cluster.patroni import ASYNCHRONOUS, SYNCHRONOUS, Cluster, running, until
from tests.databases import migrated
from tests.faults.conftest import running as served, service_of, workers
from tests.preloaded import REPOSITORY

pytestmark = pytest.mark.deployment

FEW = 40
"""Acknowledged writes of each service, after which it counts as serving."""
LOST = r"is lost|of .* only"
REPORT = REPOSITORY / "var" / "cluster.md"


@dataclass(frozen=True)
class Event:
    """What befalls the machine that leads, and how it comes back afterwards."""

    name: str
    begins: Callable[[Cluster, Machine, list[Front]], None]
    ends: Callable[[Cluster, Machine], None]


def others(cluster: Cluster, machine: Machine) -> list[Machine]:
    return [each for each in cluster.machines if each is not machine]


def all_addresses(machines: list[Machine]) -> list[str]:
    return [address for each in machines for address in (each.data, each.control)]


def kill_with_writes_that_no_other_server_has(
    cluster: Cluster, machine: Machine, fronts: list[Front]
) -> None:
    """Each write since replicas hear nothing more is acknowledged, or waits for one of them."""
    before = [each.total for each in fronts]
    machine.say_nothing_to(*(each.data for each in others(cluster, machine)))
    with psycopg.connect(cluster.url(), autocommit=True) as operator:

        def written() -> tuple[int, int]:
            (waiting,) = operator.execute(WAITING_FOR_REPLICAS).fetchone() or (0,)
            return waiting, min(each.total - total for each, total in zip(fronts, before, strict=True))

        until(written, lambda it: it[0] >= FEW_CLIENTS or it[1] >= FEW, lambda: cluster.logs)
        machine.kill()


def start_and_speak(cluster: Cluster, machine: Machine) -> None:
    machine.speak_to(*(each.data for each in others(cluster, machine)))
    cluster.start_machine(machine)


FEW_CLIENTS = 6
WAITING_FOR_REPLICAS = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"

KILLED = Event(
    "killed (SIGKILL: PostgreSQL, Patroni and etcd)",
    lambda _, machine, __: machine.kill(),
    lambda cluster, machine: cluster.start_machine(machine),
)
STOPPED = Event(
    "stopped (SIGSTOP), woken when another leads",
    lambda _, machine, __: machine.stop(),
    lambda _, machine: machine.go_on(),
)
CUT_OFF = Event(
    "cut off from everything",
    lambda _, machine, __: machine.pull_the_cable(),
    lambda _, machine: machine.plug_the_cable(),
)
HEARD_BY_SERVICES_ALONE = Event(
    "cut off from the other servers, not from the services",
    lambda cluster, machine, _: machine.say_nothing_to(*all_addresses(others(cluster, machine))),
    lambda cluster, machine: machine.speak_to(*all_addresses(others(cluster, machine))),
)
KILLED_AHEAD = Event(
    "killed while its replicas hear nothing of it", kill_with_writes_that_no_other_server_has, start_and_speak
)
EVENTS = [
    KILLED,
    STOPPED,
    KILLED,
    CUT_OFF,
    KILLED,
    STOPPED,
    KILLED,
    HEARD_BY_SERVICES_ALONE,
    KILLED,
    KILLED_AHEAD,
]


@dataclass
class Report:
    gaps: dict[str, list[float]] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)

    def note(self, event: Event, fronts: list[Front], since: float) -> None:
        gaps = [each.longest_gap(since) for each in fronts]
        self.gaps.setdefault(event.name, []).extend(gaps)
        print(event.name, *(f"{gap:.1f} s" for gap in gaps), flush=True)  # noqa: T201

    def write(self, fronts: list[Front]) -> None:
        rows = [
            f"| {name} | {len(gaps) // len(fronts)} | {min(gaps):.1f} | {statistics.median(gaps):.1f} "
            f"| {max(gaps):.1f} |"
            for name, gaps in self.gaps.items()
        ]
        sales = sum(len(ids) for each in fronts for ids in each.sales.values())
        refused: Counter[int] = sum((each.refused for each in fronts), start=Counter())
        lines = [
            "| the leader is | times | least s | median s | most s |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
            f"acknowledged: {sum(each.total for each in fronts)} writes, {sales} of them sales; lost: none",
            f"not done, by status: {dict(refused)}",
            "",
        ]
        REPORT.parent.mkdir(exist_ok=True)
        REPORT.write_text("\n".join(lines))


@contextmanager
def two_services(home: Path, database_url: str) -> Iterator[list[Front]]:
    migrated(database_url)
    fronts = []
    with ExitStack() as started:
        for name in ("first", "second"):
            (home / name).mkdir()
            service = started.enter_context(served(service_of(home / name, database_url)))
            fronts.append(front(service, database_url))
        yield fronts


async def befall(cluster: Cluster, fronts: list[Front], events: list[Event], report: Report) -> None:
    """One after the other, each once all machines are there again and both services serve."""
    async with Load(*fronts) as load:
        for event in events:
            await load.until_acknowledged(FEW)
            leader = await asyncio.to_thread(cluster.leader)
            since = monotonic()
            await asyncio.to_thread(event.begins, cluster, leader, fronts)
            await asyncio.to_thread(cluster.wait_for_another_leader, leader)
            await load.until_acknowledged(FEW)
            report.note(event, fronts, since)
            await asyncio.to_thread(event.ends, cluster, leader)
        await asyncio.to_thread(cluster.wait_until_whole)
        await load.until_acknowledged(FEW)


def check_nothing_is_lost(home: Path, replication: Mapping[str, bool], events: list[Event]) -> None:
    report = Report()
    with running(home, replication) as cluster, two_services(home, cluster.url()) as fronts:
        before = [workers(each.service) for each in fronts]
        asyncio.run(befall(cluster, fronts, events, report))
        assert [workers(each.service) for each in fronts] == before, "a worker was started again"
        for each in fronts:
            check_all_acknowledged_is_there(cluster.url(), each)
        report.write(fronts)


def test_whatever_befalls_the_leader_nothing_acknowledged_is_lost(tmp_path: Path) -> None:
    """Whoever asks meanwhile is answered 503, and served again without anything being started anew."""
    check_nothing_is_lost(tmp_path, SYNCHRONOUS, EVENTS)


@pytest.mark.plants
def test_a_cluster_whose_leader_waits_for_nobody_is_caught(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=LOST):
        check_nothing_is_lost(tmp_path, ASYNCHRONOUS, [KILLED_AHEAD])
