"""On which CPUs a worker of pytest runs: threads that wait for each other are quickest on one."""

import os
from pathlib import Path

ALL = frozenset(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else frozenset()
TASKS = Path("/proc/self/task")


class Cpus:
    """Those of one worker: one of its own for what is in this process, all where others are started."""

    def __init__(self, worker: str) -> None:
        """`worker`: as xdist calls it, `gw0`; "" where pytest runs alone, which keeps all."""
        number = int(worker.removeprefix("gw") or 0)
        self._own = frozenset(sorted(ALL)[number % len(ALL) :][:1]) if worker and TASKS.is_dir() else ALL
        self._now = ALL

    def use(self, *, all_of_them: bool) -> None:
        """Move every thread; those that are started from here on, and processes, begin where theirs is."""
        wanted = ALL if all_of_them else self._own
        if wanted != self._now:
            self._now = wanted
            for task in TASKS.iterdir():
                try:
                    os.sched_setaffinity(int(task.name), wanted)
                except ProcessLookupError:
                    continue
