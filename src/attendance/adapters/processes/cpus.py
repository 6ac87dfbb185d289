"""Which CPUs the threads of this process run on: on Linux, where a thread can be kept on some of them."""

import os
import sys

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
    if sys.platform == "linux":
        _before_staying = usable()
        os.sched_setaffinity(0, {cpu})


def run_anywhere() -> None:
    """Let this thread run on all of them again: what it does is not Python's, and needs no lock of it."""
    if sys.platform == "linux":
        os.sched_setaffinity(0, usable())
