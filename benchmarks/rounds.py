"""Contenders under workloads in turn, round after round, and what comes of it."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from statistics import median
from typing import Any

from benchmarks.contenders import OURS, WHAT, Contender
from benchmarks.load import Load, Plan, load
from benchmarks.options import Options
from benchmarks.places import Ask, Place, beside, tidy

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


Rounds = dict[str, dict[str, list[Round]]]
"""By workload and contender."""


def alternating(
    contenders: Sequence[Contender], plans: Mapping[str, Plan], where: Place, options: Options
) -> Rounds:
    """Each contender under each workload, again and again; what is done first is not counted."""
    sent = dict.fromkeys(product(plans, [each.name for each in contenders]), 0)

    def loaded(each: Contender, name: str, seconds: float) -> Load:
        turn = name, each.name
        done = load(
            each.server.port,
            plans[name],
            connections=options.connections,
            seconds=seconds,
            sent=sent[turn],
        )
        # and those under way when the time was up
        sent[turn] += done.requests + 2 * options.connections
        return done

    for each in contenders:
        for name in plans:
            options.say(f"{where.kind}: warming up {each.name}")
            loaded(each, name, options.warm_up)
    rounds: Rounds = {name: {each.name: [] for each in contenders} for name in plans}
    for number in range(options.rounds):
        for name, plan in plans.items():
            for each in contenders:
                measured = _round(each, plan, where, options, partial(loaded, each, name))
                rounds[name][each.name].append(measured)
                options.say(
                    f"{where.kind} {name} {number + 1}/{options.rounds} {each.name}: "
                    f"{measured.requests_per_second:.0f}/s, {measured.cpu_ms:.3f} ms CPU {measured.fault}"
                )
    return rounds


def marks_told(ask: Ask) -> int:
    """How many marks were ever made or changed."""
    return int(ask("SELECT count(*) FROM events WHERE action LIKE '%attendance.marked'").scalar_one())


def _round(
    contender: Contender, plan: Plan, where: Place, options: Options, loaded: Callable[[float], Load]
) -> Round:
    with beside(contender.url) as ask:
        tidy(ask, where.kind)
        told = marks_told(ask)
        time.sleep(SECONDS_TO_SETTLE)
        cpu, database_cpu = contender.server.tree.cpu(), where.cpu()
        done = loaded(options.seconds)
        time.sleep(SECONDS_TO_SETTLE)
        cpu, database_cpu = contender.server.tree.cpu() - cpu, where.cpu() - database_cpu
        fault = (
            f"{done.errors} errors"
            if done.errors
            else _miscount(marks_told(ask) - told, plan, done.requests, options)
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


def _miscount(told: int, plan: Plan, answered: int, options: Options) -> str:
    """An event for each mark, and for those under way when the time was up; none for what only reads."""
    least, most = answered * plan.marks, (answered + options.connections) * plan.marks
    return "" if least <= told <= most else f"{told} events for {answered} requests"


def summary(rounds: Mapping[str, list[Round]]) -> dict[str, Any]:
    """Of one workload, by contender."""
    sound = {name: [each for each in of if not each.fault] for name, of in rounds.items()}
    return {
        "median": {
            name: {figure: median(getattr(each, figure) for each in of) for figure in FIGURES}
            for name, of in sound.items()
            if of
        },
        "ratios": {
            f"{OURS}/{other}": _ratios(rounds, other) for other in WHAT if other in rounds and other != OURS
        },
        "rounds": {name: [asdict(each) for each in of] for name, of in rounds.items()},
        "void": {name: [each.fault for each in of if each.fault] for name, of in rounds.items()},
    }


def _ratios(rounds: Mapping[str, list[Round]], other: str) -> dict[str, float]:
    """The median over rounds in which both were sound of ours by theirs."""
    pairs = list(_pairs(rounds, other))
    if not pairs:
        return {}
    return {
        figure: median(getattr(ours, figure) / max(getattr(theirs, figure), 1e-9) for ours, theirs in pairs)
        for figure in RATIOS
    }


def _pairs(rounds: Mapping[str, list[Round]], other: str) -> Iterator[tuple[Round, Round]]:
    for ours, theirs in zip(rounds.get(OURS, []), rounds.get(other, []), strict=False):
        if not ours.fault and not theirs.fault:
            yield ours, theirs
