"""The figures as people read them."""

import os
import platform
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from benchmarks.contenders import OURS, WHAT
from benchmarks.load import GENERATOR
from benchmarks.places import seconds_to_sync

MEANING = {
    "W1": "PUT /labs/{id}/attendance, each changes a mark and appends an event",
    "W2": "GET /labs/{id}/attendance?date=, 30 rows",
}
CELLS_OF_A_MARK = 14
PACKAGES = (
    "attendance", "litestar", "granian", "sqlalchemy", "psycopg", "msgspec", "uvloop",
    "fastapi", "pydantic", "uvicorn", "asyncpg", "aiosqlite", "httptools",
)  # fmt: skip


def environment(home: Path) -> dict[str, Any]:
    return {
        "python": platform.python_version(),
        "machine": platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "load_before": os.getloadavg()[0],
        "sync_ms": seconds_to_sync(home) * 1e3,
        "load_generator": GENERATOR,
        "packages": {name: _version(name) for name in PACKAGES},
    }


def about(report: dict[str, Any]) -> Iterator[str]:
    """The machine, and what else it had to do."""
    about = report["environment"]
    yield f"Python {about['python']}, {about['cores']} cores, a durable write takes {about['sync_ms']:.1f} ms"
    yield (
        f"load by {about['load_generator']}; the machine's own load {about['load_before']:.1f} before, "
        f"{about['load_after']:.1f} after"
    )


def lines(report: dict[str, Any]) -> Iterator[str]:
    for part, of in (
        ("layer", _layer),
        ("labs", _labs),
        ("pinning", _pinning),
        ("writers", _writers),
        ("sheet", _sheet),
        ("additions", _additions),
        ("start", _start),
        ("search", _search),
        ("lists", _lists),
        ("lessons", _lessons),
        ("figures", _figures),
        ("pages", _pages),
        ("export", _export),
        ("wave", _wave),
        ("fairness", _fairness),
        ("stalled", _stalled),
        ("timing", _timing),
        ("growth", _growth),
        ("roll_call", _roll_call),
    ):
        for kind, figures in report.get(part, {}).items():
            yield ""
            yield from of(kind, figures)


def _layer(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    yield f"{kind}: what HTTP adds, in process, without a server; CPU of all threads in µs (medians)"
    yield f"  {'':18}{'use case':>9}{'session':>9}{'1 asks':>9}{'adds':>7}{'many':>9}{'adds':>7}"
    for name, of in figures.items():
        yield (
            f"  {name:18}{of['use_case_us']:9.1f}{of['actor_us']:9.1f}{of['one_by_one_us']:9.1f}"
            f"{of['layer_one_by_one_us']:7.1f}{of['together_us']:9.1f}{of['layer_together_us']:7.1f}"
        )


def _roll_call(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    yield f"{kind}: the page of a roll call beside the JSON of its sheet, ms (medians; ≤ 1.5 times wanted)"
    yield f"  {'clients':9}{'page CPU':>10}{'JSON':>8}{'times':>7}{'page answers':>14}{'JSON':>8}{'times':>7}"
    for clients, of in figures["costs"].items():
        yield (
            f"  {clients:9}{of['page_cpu_ms']:10.2f}{of['json_cpu_ms']:8.2f}{of['cpu_ratio']:7.2f}"
            f"{of['page_answer_ms']:14.2f}{of['json_answer_ms']:8.2f}{of['answer_ratio']:7.2f}"
        )
    yield "from a tap on a link until the roll call is used, 400 kbit/s, 400 ms (≤ 2 s, ≤ 3 requests wanted)"
    for name, of in figures["phone"].items():
        seconds = f"{of['seconds']:6.2f} s, at most {of['most_seconds']:.2f} s"
        net = f"{of['requests']} requests, {of['round_trips']} round trips, {of['kilobytes']:.1f} kB"
        yield f"  {name:14}{seconds}, {net}"


def _labs(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    for name, faults in figures["unfit"].items():
        yield f"{kind}: {name} is not measured: {'; '.join(faults)}"
    for workload, meaning in MEANING.items():
        yield f"{kind} {workload}: {meaning} (medians)"
        yield from _compared(figures[workload])


def _pinning(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    yield f"{kind}: each worker kept on a CPU, and not (medians)"
    for workload, of in figures.items():
        for choice, found in of["median"].items():
            yield (
                f"  {workload} {choice:4}{found['requests_per_second']:7.0f} requests/s"
                f"{found['cpu_ms']:8.3f} ms CPU{found['p50_ms']:8.1f} ms p50{found['p99_ms']:8.1f} ms p99"
            )


def _writers(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    yield f"{kind}: threads that mark at once, marks/s (medians)"
    for threads, of in figures["marks_per_second"].items():
        rates = ", ".join(f"{name} {rate:.0f}" for name, rate in of.items())
        yield f"  {threads:2} threads: {rates}; together {of['together'] / of['apart']:.2f} × apart"


def _sheet(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    for name, faults in figures["unfit"].items():
        yield f"{kind}: {name} is not measured: {'; '.join(faults)}"
    for length, found in figures["lists"].items():
        statements = figures["statements"].get(OURS, {}).get(length)
        yield (
            f"{kind} W4: PUT /api/v1/lessons/{{id}}/attendance, {length} of 150 marked (medians); "
            f"{statements} statements of ours beside the session's"
        )
        yield from _compared(found)
    for name, of in figures["cost_per_client"].items():
        costs = ", ".join(f"{cost:.3f} ({length})" for length, cost in of.items())
        yield f"  {name:10}CPU ms for each client marked, the database's included: {costs}"


def _additions(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{kind}: GET /api/v1/lessons/{{id}}/attendance of {figures['members']}, in process, CPU ms with the "
        "database's, beside the marks alone by hand (medians)"
    )
    for name, of in figures["sheets"].items():
        yield f"  {name:10}" + ", ".join(f"{what} {value:.2f}" for what, value in of.items())


def _compared(found: dict[str, Any]) -> Iterator[str]:
    yield f"  {'':10}{'req/s':>8}{'CPU ms':>9}{'+ db':>8}{'p50 ms':>9}{'p99 ms':>9}{'RSS MiB':>9}  void"
    for name, each in found["median"].items():
        yield (
            f"  {name:10}{each['requests_per_second']:8.0f}{each['cpu_ms']:9.3f}"
            f"{each['database_cpu_ms']:8.3f}{each['p50_ms']:9.2f}{each['p99_ms']:9.2f}"
            f"{each['rss_mib']:9.0f}  {'; '.join(found['void'][name]) or 'none'}"
        )
    for pair, ratio in found["ratios"].items():
        if ratio:
            yield (
                f"  {pair:15} requests {ratio['requests_per_second']:.2f}, CPU {ratio['cpu_ms']:.2f} "
                f"(with the database {ratio['cpu_ms_with_database']:.2f}), p50 {ratio['p50_ms']:.2f}, "
                f"p99 {ratio['p99_ms']:.2f}"
            )


def _start(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    yield (
        f"{kind}: first answer after {figures['fresh_seconds']:.2f} s with nothing there, "
        f"{figures['existing_seconds']:.2f} s with a database"
    )
    for when, of in figures["memory"].items():
        yield (
            f"  {when:6} worker {of['worker_rss']:.0f} MiB, of which its own {of['worker_own']:.0f}; "
            f"parent {of['parent_rss']:.0f} MiB"
        )


def _search(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    yield f"{kind}: {figures['people']} users, by the whole name {figures['exact_ms']:.3f} ms"
    for name, of in figures["searches"].items():
        yield (
            f"  {name:40}{of['ms']:9.3f} ms{of['times_exact']:9.1f} × the whole name, "
            f"{of['matches']:.0f} matches"
        )


def _lists(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    far, last = figures["far"], figures["last"]
    yield f"{kind}: {figures['clients']} clients, 20 a page; ms for page 1, {far} and {last}"
    for query, of in figures["pages"].items():
        yield (
            f"  {query:32}{of['first_ms']:8.1f}{of['far_ms']:8.1f}{of['last_ms']:8.1f}; page {far} is "
            f"{of['far_times_first']:.1f} × the first"
        )
    for query, of in figures["whole"].items():
        yield (
            f"  whole, {query:25}{of['mib']:8.0f} MiB in {of['seconds']:.1f} s; worker "
            f"{of['before_rss_mib']:.0f} MiB before, {of['added_rss_mib']:.1f} more at most"
        )


def _lessons(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    yield f"{kind}: {figures['of_the_day']} lessons of a day among {figures['lessons']} (medians)"
    for name, of in figures["asked"].items():
        yield (
            f"  {name:20}{of['ms']:8.2f} ms, CPU {of['cpu_ms']:.2f} + {of['database_cpu_ms']:.2f} ms of the "
            f"database: {of['times_sheet']:.2f} × the sheet"
        )


def _pages(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    yield f"{kind}: a page beside the JSON of the same data, in process, CPU ms (medians); kB plain and sent"
    yield f"  {'':22}{'page':>8}{'JSON':>8}{'times':>7}{'kB':>8}{'sent':>7}{'JSON':>7}  statements   JSON"
    for name, of in figures.items():
        page, data = of["page"], of["json"]
        yield (
            f"  {name:22}{page['ms']:8.2f}{data['ms']:8.2f}{of['ratio']:7.2f}{page['kB']:8.1f}"
            f"{page['compressed_kB']:7.1f}{data['compressed_kB']:7.1f}{page['statements']:12}"
            f"{data['statements']:7}"
        )


def _export(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    for form in ("csv", "xlsx"):
        of = figures[form]
        yield (
            f"{kind}: {figures['marks']} marks of {CELLS_OF_A_MARK} cells as {form}, {of['mib']:.0f} MiB in "
            f"{of['seconds']:.1f} s; first byte after {of['first_byte_ms']:.0f} ms; worker "
            f"{of['before_rss_mib']:.0f} MiB before, {of['added_rss_mib']:.1f} more at most"
        )


def _figures(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    yield f"{kind}: GET /api/v1/statistics of {figures['marks']} marks (medians)"
    for range_ in ("month", "year"):
        of = figures[range_]
        yield (
            f"  a {range_:6}{of['ms']:9.1f} ms, {of['times_by_hand']:.2f} × the statement by hand "
            f"({of['by_hand_ms']:.1f} ms)"
        )
    yield f"  a year is {figures['year_times_month']:.1f} × a month"


def _wave(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    memory = figures["rss_mib"]
    yield (
        f"{kind}: a wave of sign-ins, {figures['sign_ins']} in {figures['wave_seconds']:.1f} s; worker "
        f"{memory['before']:.0f} MiB before, {memory['peak']:.0f} at most, {memory['after']:.0f} after"
    )
    for when in ("idle", "during"):
        of = figures[when]
        yield (
            f"  sheets {when:6} p50 {of['p50_ms']:.1f} ms, p99 {of['p99_ms']:.1f} ms, worst "
            f"{of['worst_ms']:.1f} ms, {of['errors']} errors of {of['requests']}"
        )


def _fairness(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    yield f"{kind}: an owner's list while somebody else asks for workbooks in 24 loops"
    for name, of in figures.items():
        idle, during = of["idle"], of["during"]
        yield (
            f"  {name:14} p50 {idle['p50_ms']:.1f} → {during['p50_ms']:.1f} ms, p99 {idle['p99_ms']:.1f} → "
            f"{during['p99_ms']:.1f} ms ({during['p99_ms'] / idle['p99_ms']:.1f} ×), worst "
            f"{during['worst_ms']:.1f} ms, {during['errors']} errors; workbooks answered {of['workbooks']}"
        )


def _stalled(_: str, figures: dict[str, Any]) -> Iterator[str]:
    yield "an owner's list beside connections on which nothing more comes"
    for sent, of in figures.items():
        idle, during = of["idle"], of["during"]
        yield (
            f"  {of['connections']} with {sent:12} p50 {idle['p50_ms']:.1f} → {during['p50_ms']:.1f} ms, p99 "
            f"{idle['p99_ms']:.1f} → {during['p99_ms']:.1f} ms, {during['errors']} errors; {of['closed']} "
            f"closed, the last after {of['last_closed_after_s']:.0f} s"
        )


def _timing(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    yield f"{kind}: refused sign-ins told apart from nobody's by their time (AUC; 0.5: not at all)"
    for what, of in figures.items():
        yield (
            f"  {what:32}{of['auc']:6.3f}, by chance ± {of['deviation']:.3f}; median "
            f"{of['somebody_ms']:.2f} ms, nobody's {of['nobody_ms']:.2f} ms"
        )


def _growth(kind: str, figures: dict[str, Any]) -> Iterator[str]:
    """Markdown."""
    sizes = figures["sizes"]

    def row(name: str, cell: Callable[[dict[str, Any]], str]) -> str:
        return f"| {name} | {' | '.join(cell(of) for of in sizes.values())} |"

    def number(group: str, name: str) -> Callable[[dict[str, Any]], str]:
        return lambda of: f"{of[group][name]:.4g}"

    def load(name: str) -> Callable[[dict[str, Any]], str]:
        def cell(of: dict[str, Any]) -> str:
            it = of["loads"][name]
            cpu = f"{it['cpu_ms']:.2f} + {it['database_cpu_ms']:.2f}"
            return f"{it['requests_per_second']:.0f}/s, p50 {it['p50_ms']:.1f} ms, CPU {cpu} ms"

        return cell

    first = next(iter(sizes.values()))
    yield f"{kind}: as marks grow (medians; CPU per request, the service's + the database's)"
    yield ""
    yield f"| marks | {' | '.join(f'{int(size):,}' for size in sizes)} |"
    yield f"| --- |{' --- |' * len(sizes)}"
    yield row("groups, and labs", lambda of: str(of["groups"]))
    yield from (row(name, load(name)) for name in first["loads"])
    yield from (row(f"{name}, ms", number("ms", name)) for name in first["ms"])
    yield from (row(f"bytes a mark, {name}", number("disk", name)) for name in first["disk"] if ":" in name)
    yield row("events a mark", number("disk", "events"))
    yield row("bytes a mark, everything", number("disk", "everything"))
    yield row("everything, MiB", number("disk", "everything_mib"))
    yield row("filled in, s", lambda of: f"{of['fill_seconds']:.0f}")
    yield row("the filling process grew by, MiB", lambda of: f"{of['fill_grown_mib']:.0f}")
    yield row("RSS of the worker, MiB", lambda of: f"{of['rss_mib']:.0f}")


def contenders() -> Iterator[str]:
    for name, what in WHAT.items():
        yield f"{name}: {what}"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
