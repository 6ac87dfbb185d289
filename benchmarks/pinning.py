"""The service with each worker kept on a CPU, and left to all of them: in turn, on the same workloads."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.contenders import OURS, Contender, serving_one
from benchmarks.filling import fill
from benchmarks.labs import WORKLOADS
from benchmarks.load import LabPlan
from benchmarks.options import Options
from benchmarks.places import place
from benchmarks.rounds import alternating, summary
from benchmarks.seed import world

CHOICES = ("on", "off")
"""Of `ATTENDANCE_PIN_WORKERS`."""


def measure(options: Options, home: Path) -> dict[str, Any]:
    return {kind: _on(kind, options, home) for kind in options.kinds}


def _on(kind: str, options: Options, home: Path) -> dict[str, Any]:
    seeded = world()
    plans = {name: LabPlan(what, seeded, home / f"{what}.plan") for name, what in WORKLOADS.items()}
    with place(kind, home) as where, ExitStack() as stack:
        contenders = []
        for choice in CHOICES:
            url = where.databases.fresh()
            fill(url, seeded)
            server = stack.enter_context(serving_one(OURS, url, home, pin_workers=choice))
            contenders.append(Contender(choice, server, url))
        rounds = alternating(contenders, plans, where, options)
    return {name: summary(of) for name, of in rounds.items()}
