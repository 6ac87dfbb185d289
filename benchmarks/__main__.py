"""Measure, print a report, and keep the figures where asked to."""

import json
import os
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import (
    additions,
    bounds,
    export,
    fairness,
    figures,
    growth,
    labs,
    layer,
    lessons,
    lists,
    pages,
    pinning,
    report,
    search,
    sheet,
    sign_in_timing,
    sign_ins,
    stalled,
    start,
    writers,
)
from benchmarks.options import Options, chosen


def _in_a_browser(options: Options, home: Path) -> dict[str, Any]:
    # nothing else needs what drives one
    from benchmarks import roll_call

    return roll_call.measure(options, home)


MEASURES = {
    "layer": layer.measure,
    "labs": labs.measure,
    "pinning": pinning.measure,
    "writers": writers.measure,
    "sheet": sheet.measure,
    "additions": additions.measure,
    "start": start.measure,
    "search": search.measure,
    "lists": lists.measure,
    "lessons": lessons.measure,
    "figures": figures.measure,
    "pages": pages.measure,
    "growth": growth.measure,
    "roll_call": _in_a_browser,
    "export": export.measure,
    "wave": sign_ins.measure,
    "fairness": fairness.measure,
    "stalled": stalled.measure,
    "timing": sign_in_timing.measure,
}


def main() -> int:
    options = chosen()
    # told to stop, Python would leave the servers it started to themselves
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with TemporaryDirectory(prefix="attendance-bench-") as directory:
        home = Path(directory)
        found: dict[str, Any] = {"environment": report.environment(home)}
        for part in options.parts:
            (home / part).mkdir()
            found[part] = MEASURES[part](options, home / part)
    found["environment"]["load_after"] = os.getloadavg()[0]
    printed = bounds.lines(found) if options.table else report.lines(found)
    print("\n".join([*report.contenders(), "", *report.about(found), *printed]))
    if options.output:
        options.output.write_text(json.dumps(found, indent=2) + "\n")
    compared = [*found.get("labs", {}).values(), *found.get("sheet", {}).values()]
    void = [each for kind in compared for each in kind["unfit"]]
    return 1 if void else 0


sys.exit(main())
