"""What the service is held to, beside what was measured: one table of ratios, memory and the first answer."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from benchmarks.contenders import FASTIFY, LIMIT, OURS, PEER, WHAT
from benchmarks.places import POSTGRESQL, SQLITE

PARTS = ("labs", "sheet", "start")
LENGTH = "30"
W4 = f"W4, {LENGTH} of 150"
TITLES = {POSTGRESQL: "PostgreSQL", SQLITE: "SQLite"}
Report = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Bound:
    """What is measured of one kind of database, and by kind what it shall be: `at_most`, or else at least."""

    name: str
    measured: Callable[[Report, str], float | None]
    wanted: dict[str, float]
    at_most: bool = False

    def cell(self, report: Report, kind: str) -> str:
        found, wanted = self.measured(report, kind), self.wanted.get(kind)
        if found is None:
            return "not measured" if wanted is not None else ""
        if wanted is None:
            return f"{found:.2f}"
        is_met = found <= wanted if self.at_most else found >= wanted
        return f"{found:.2f} ({'≤' if self.at_most else '≥'} {wanted:g}{'' if is_met else ': not met'})"


def lines(report: Report) -> Iterator[str]:
    """Markdown."""
    kinds = [kind for kind in TITLES if any(kind in report.get(part, {}) for part in PARTS)]
    yield from _unfit(report)
    yield ""
    yield from _row("", *(TITLES[kind] for kind in kinds))
    yield from _row(*["---"] * (len(kinds) + 1))
    for bound in BOUNDS:
        yield from _row(bound.name, *(bound.cell(report, kind) for kind in kinds))
    for title, figure in (("requests/s", "requests_per_second"), ("CPU of the server, ms", "cpu_ms")):
        yield ""
        yield from _row(title, *WHAT)
        yield from _row(*["---"] * (len(WHAT) + 1))
        for kind in kinds:
            for workload in ("W1", "W2", W4):
                medians = _compared(report, kind, workload).get("median", {})
                cells = [f"{of[figure]:.4g}" if (of := medians.get(name)) else "" for name in WHAT]
                yield from _row(f"{TITLES[kind]} {workload}", *cells)


def _row(*cells: str) -> Iterator[str]:
    yield f"| {' | '.join(cells)} |"


def _unfit(report: Report) -> Iterator[str]:
    """Who is not measured, and rounds that are void."""
    for part in ("labs", "sheet"):
        for kind, of in report.get(part, {}).items():
            for name, faults in of["unfit"].items():
                yield f"{kind}: {name} is not measured: {'; '.join(faults)}"
    for kind in TITLES:
        for workload in ("W1", "W2", W4):
            compared = _compared(report, kind, workload)
            for name, faults in compared.get("void", {}).items():
                if faults:
                    void = f"{len(faults)} of {len(compared['rounds'][name])} rounds"
                    yield f"{kind} {workload}: {void} of {name} are void: {faults[0]}"


def _compared(report: Report, kind: str, workload: str) -> dict[str, Any]:
    if workload == W4:
        lists: dict[str, Any] = report.get("sheet", {}).get(kind, {}).get("lists", {})
        found: dict[str, Any] = lists.get(LENGTH, {})
    else:
        found = report.get("labs", {}).get(kind, {}).get(workload, {})
    return found


def _ratio(workload: str, other: str) -> Callable[[Report, str], float | None]:
    """The median over rounds of our requests per second by theirs."""

    def measured(report: Report, kind: str) -> float | None:
        ratios = _compared(report, kind, workload).get("ratios", {})
        found: float | None = ratios.get(f"{OURS}/{other}", {}).get("requests_per_second")
        return found

    return measured


def _rss(report: Report, kind: str) -> float | None:
    """The most that a worker had after any of the loads."""
    compared = [_compared(report, kind, workload) for workload in ("W1", "W2", W4)]
    found = [each["median"][OURS]["rss_mib"] for each in compared if OURS in each.get("median", {})]
    if start := report.get("start", {}).get(kind):
        found.append(start["memory"]["after"]["worker_rss"])
    return max(found, default=None)


def _first_answer(report: Report, kind: str) -> float | None:
    start = report.get("start", {}).get(kind)
    return start and max(start["fresh_seconds"], start["existing_seconds"])


BOUNDS = (
    Bound("W1 / limit", _ratio("W1", LIMIT), {POSTGRESQL: 0.65, SQLITE: 0.6}),
    Bound("W2 / limit", _ratio("W2", LIMIT), {POSTGRESQL: 0.55, SQLITE: 0.5}),
    Bound(f"{W4} / limit", _ratio(W4, LIMIT), {POSTGRESQL: 0.7}),
    Bound("W1 / FastAPI + ORM", _ratio("W1", PEER), {POSTGRESQL: 8, SQLITE: 8}),
    Bound("W2 / FastAPI + ORM", _ratio("W2", PEER), {POSTGRESQL: 8, SQLITE: 8}),
    Bound(f"{W4} / FastAPI + ORM", _ratio(W4, PEER), {POSTGRESQL: 6, SQLITE: 6}),
    Bound("W1 / Fastify + pg, several statements", _ratio("W1", FASTIFY), {POSTGRESQL: 1}),
    Bound("W2 / Fastify + pg, several statements", _ratio("W2", FASTIFY), {POSTGRESQL: 1}),
    Bound(f"{W4} / Fastify + pg, several statements", _ratio(W4, FASTIFY), {POSTGRESQL: 1}),
    Bound("RSS of a worker after load, MiB", _rss, {POSTGRESQL: 95, SQLITE: 95}, at_most=True),
    Bound("first answer after start, s", _first_answer, {POSTGRESQL: 1, SQLITE: 1}, at_most=True),
)
