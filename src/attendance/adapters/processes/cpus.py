"""Which CPUs the threads of this process run on: on Linux, where a thread can be kept on some of them."""

import logging
import os
import sys
from collections.abc import Collection

log = logging.getLogger(__name__)

_before_staying: frozenset[int] | None = None


def usable() -> frozenset[int]:
    """The numbers of the CPUs that this process may use, whether or not this thread stays on one of them."""
    if _before_staying is not None:
        return _before_staying
    if sys.platform == "linux":
        return frozenset(os.sched_getaffinity(0))
    return frozenset(range(os.cpu_count() or 1))


def stay_on(cpu: int) -> None:
    """Keep this thread, and those that it starts from here on, on one CPU. Does nothing but on Linux."""
    global _before_staying  # what is asked of the system later is the one CPU
    _before_staying = usable()
    _run_on({cpu})


def run_anywhere() -> None:
    """Let this thread run on all of them again: what it does is not Python's, and needs no lock of it."""
    _run_on(usable())


def _run_on(numbers: Collection[int]) -> None:
    if sys.platform != "linux":
        return
    try:
        os.sched_setaffinity(0, numbers)
    except OSError as error:
        # it may be forbidden, or a CPU be gone: it works anywhere
        log.warning("a thread cannot be kept on CPU %s: %s", ", ".join(map(str, sorted(numbers))), error)
