"""Marking (W1) and reading a sheet of 30 (W2): contenders in turn, round after round."""

from pathlib import Path
from typing import Any

from benchmarks.check import faults
from benchmarks.contenders import ON, all_serving
from benchmarks.filling import fill
from benchmarks.load import MARKING, READING, LabPlan
from benchmarks.options import Options
from benchmarks.places import place
from benchmarks.rounds import alternating, summary
from benchmarks.seed import world

WORKLOADS = {"W1": MARKING, "W2": READING}


def measure(options: Options, home: Path) -> dict[str, Any]:
    return {kind: _on(kind, options, home) for kind in options.kinds}


def _on(kind: str, options: Options, home: Path) -> dict[str, Any]:
    seeded = world()
    plans = {name: LabPlan(what, seeded, home / f"{what}.plan") for name, what in WORKLOADS.items()}
    with (
        place(kind, home) as where,
        all_serving(ON[kind], where, lambda url: fill(url, seeded), home) as contenders,
    ):
        wrong = {each.name: found for each in contenders if (found := faults(each, seeded))}
        fit = [each for each in contenders if each.name not in wrong]
        rounds = alternating(fit, plans, where, options)
    absent = {name: ["does not start"] for name in {*ON[kind]} - {each.name for each in contenders}}
    return {"unfit": wrong | absent, **{name: summary(of) for name, of in rounds.items()}}
