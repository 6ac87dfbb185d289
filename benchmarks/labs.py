"""Marking (W1) and reading a sheet of 30 (W2): three contenders in turn, round after round."""

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.check import events, faults
from benchmarks.contenders import LIMIT, OURS, PEER, WHAT, Contender, all_serving
from benchmarks.load import MARKING, READING, Plan, load
from benchmarks.options import Options
from benchmarks.places import Ask, Place, beside, place, tidy
from benchmarks.seed import world

WORKLOADS = {"W1": MARKING, "W2": READING}
SECONDS_TO_SETTLE = 0.2
FIGURES = ("requests_per_second", "cpu_ms", "database_cpu_ms", "p50_ms", "p99_ms", "rss_mib")
RATIOS = ("requests_per_second", "cpu_ms", "cpu_ms_with_database", "p50_ms", "p99_ms")


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """One contender under one workload for some seconds; CPU is per request. `fault` makes it void."""

    requests_per_second: float
    cpu_ms: float
    database_cpu_ms: float
    p50_ms: float
    p99_ms: float
    rss_mib: float
    fault: str = ""

    @property
    def cpu_ms_with_database(self) -> float:
        return self.cpu_ms + self.database_cpu_ms


def measure(options: Options, home: Path) -> dict[str, Any]:
    return {kind: _on(kind, options, home) for kind in options.kinds}


def _on(kind: str, options: Options, home: Path) -> dict[str, Any]:
    seeded = world()
    plans = {name: Plan(what, seeded, home / f"{what}.plan") for name, what in WORKLOADS.items()}
    with place(kind, home) as where, all_serving(where, seeded, home) as contenders:
        wrong = {each.name: found for each in contenders if (found := faults(each, seeded))}
        fit = [each for each in contenders if each.name not in wrong]
        for each in fit:
            for plan in plans.values():
                options.say(f"{kind}: warming up {each.name}")
                load(each.server.port, plan, connections=options.connections, seconds=options.warm_up)
        rounds: dict[str, dict[str, list[Round]]] = {name: {each.name: [] for each in fit} for name in plans}
        for number in range(options.rounds):
            for name, plan in plans.items():
                for each in fit:
                    measured = _round(each, plan, where, options)
                    rounds[name][each.name].append(measured)
                    options.say(
                        f"{kind} {name} {number + 1}/{options.rounds} {each.name}: "
                        f"{measured.requests_per_second:.0f}/s, {measured.cpu_ms:.3f} ms CPU {measured.fault}"
                    )
    absent = {name: ["does not start"] for name in {*WHAT} - {each.name for each in contenders}}
    return {"unfit": wrong | absent, **{name: _summary(of) for name, of in rounds.items()}}


def _round(contender: Contender, plan: Plan, where: Place, options: Options) -> Round:
    with beside(contender.url) as ask:
        tidy(ask, where.kind)
        logged = events(ask)
        time.sleep(SECONDS_TO_SETTLE)
        cpu, database_cpu = contender.server.tree.cpu(), where.cpu()
        done = load(contender.server.port, plan, connections=options.connections, seconds=options.seconds)
        time.sleep(SECONDS_TO_SETTLE)
        cpu, database_cpu = contender.server.tree.cpu() - cpu, where.cpu() - database_cpu
        fault = (
            f"{done.errors} errors" if done.errors else _miscount(ask, plan, logged, done.requests, options)
        )
    answered = max(done.requests, 1)
    return Round(
        requests_per_second=done.requests / done.seconds,
        cpu_ms=cpu / answered * 1e3,
        database_cpu_ms=database_cpu / answered * 1e3,
        p50_ms=done.p50_ms,
        p99_ms=done.p99_ms,
        rss_mib=contender.server.tree.worker_rss(),
        fault=fault,
    )


def _miscount(ask: Ask, plan: Plan, logged: int, answered: int, options: Options) -> str:
    """An event for each mark, and for those under way when the time was up; none for what only reads."""
    added = events(ask) - logged
    least, most = (answered, answered + options.connections) if plan.kind == MARKING else (0, 0)
    return "" if least <= added <= most else f"{added} events for {answered} requests"


def _summary(rounds: dict[str, list[Round]]) -> dict[str, Any]:
    sound = {name: [each for each in of if not each.fault] for name, of in rounds.items()}
    return {
        "median": {
            name: {figure: median(getattr(each, figure) for each in of) for figure in FIGURES}
            for name, of in sound.items()
            if of
        },
        "ratios": {f"{OURS}/{other}": _ratios(rounds, other) for other in (LIMIT, PEER)},
        "rounds": {name: [asdict(each) for each in of] for name, of in rounds.items()},
        "void": {name: [each.fault for each in of if each.fault] for name, of in rounds.items()},
    }


def _ratios(rounds: dict[str, list[Round]], other: str) -> dict[str, float]:
    """The median over rounds in which both were sound of ours by theirs."""
    pairs = list(_pairs(rounds, other))
    if not pairs:
        return {}
    return {
        figure: median(getattr(ours, figure) / max(getattr(theirs, figure), 1e-9) for ours, theirs in pairs)
        for figure in RATIOS
    }


def _pairs(rounds: dict[str, list[Round]], other: str) -> Iterator[tuple[Round, Round]]:
    for ours, theirs in zip(rounds.get(OURS, []), rounds.get(other, []), strict=False):
        if not ours.fault and not theirs.fault:
            yield ours, theirs
