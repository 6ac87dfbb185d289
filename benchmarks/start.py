"""How long `attendance serve` takes to answer, and what a worker keeps in memory."""

from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.contenders import OURS, serving_one
from benchmarks.filling import fill
from benchmarks.load import MARKING, READING, LabPlan, load
from benchmarks.options import Options
from benchmarks.places import Place, place
from benchmarks.processes import MIB, Tree
from benchmarks.seed import World, world


def measure(options: Options, home: Path) -> dict[str, Any]:
    return {kind: _on(kind, options, home) for kind in options.kinds}


def _on(kind: str, options: Options, home: Path) -> dict[str, Any]:
    seeded = world()
    with place(kind, home) as where:
        fresh, existing = [], []
        for number in range(options.repeats):
            options.say(f"{kind}: start {number + 1}/{options.repeats}")
            url = where.databases.empty()
            fresh.append(_started(url, home))
            existing.append(_started(url, home))
        memory = _memory(where, seeded, options, home)
    return {"fresh_seconds": median(fresh), "existing_seconds": median(existing), "memory": memory}


def _started(url: str, home: Path) -> float:
    with serving_one(OURS, url, home) as server:
        return server.started_in


def _memory(where: Place, seeded: World, options: Options, home: Path) -> dict[str, dict[str, float]]:
    """Before any work, and after both workloads."""
    url = where.databases.fresh()
    fill(url, seeded)
    with serving_one(OURS, url, home) as server:
        idle = _of(server.tree)
        for kind in (MARKING, READING):
            options.say(f"{where.kind}: working before memory is looked at: {kind}")
            plan = LabPlan(kind, seeded, home / f"{kind}.plan")
            load(server.port, plan, connections=options.connections, seconds=2 * options.seconds)
        return {"idle": idle, "after": _of(server.tree)}


def _of(tree: Tree) -> dict[str, float]:
    """In MiB. `own` is what ends with the worker: pages it shares with the parent are not in it."""
    worker, parent = tree.worker(), tree.processes()[0]
    return {
        "worker_rss": worker.memory_info().rss / MIB,
        "worker_own": worker.memory_full_info().uss / MIB,
        "parent_rss": parent.memory_info().rss / MIB,
    }
