"""Threads of its own for slow hashing, so that a wave of sign-ins leaves other requests their threads."""

import asyncio
import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import ParamSpec, TypeVar

from attendance.adapters.processes import cpus
from attendance.domain.errors import Unavailable

P = ParamSpec("P")
R = TypeVar("R")

NICENESS = 10


class HashingExecutor:
    """Runs at most `width` calls at a time; `longest_queue` more wait, the next is Unavailable.

    A call sees the context variables of whoever asks.
    """

    def __init__(self, width: int, longest_queue: int) -> None:
        self._width = width
        self._threads = ThreadPoolExecutor(width, "attendance-hashing", initializer=_yield_to_others)
        self._capacity = width + longest_queue
        self._under_way = 0

    async def __call__(self, call: Callable[P, R], /, *args: P.args, **kwargs: P.kwargs) -> R:
        """Called from the event loop alone, which is why a plain count will do."""
        if self._under_way >= self._capacity:
            raise Unavailable
        self._under_way += 1
        loop = asyncio.get_running_loop()
        future = self._threads.submit(copy_context().run, partial(call, *args, **kwargs))
        # a client that hangs up cancels its waiting, not the work, so the place is given back by the work
        future.add_done_callback(lambda _: loop.call_soon_threadsafe(self._leave))
        return await asyncio.wrap_future(future)

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return max(0, self._under_way - self._width)

    def _leave(self) -> None:
        self._under_way -= 1

    def close(self) -> None:
        self._threads.shutdown(cancel_futures=True)


def _yield_to_others() -> None:
    """On Linux niceness is a thread's own: hashing takes cores, any, only when nobody else wants them."""
    cpus.run_anywhere()
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
