"""What a process that does nothing but serve may do to itself, and a library may not do to its caller."""

import asyncio
import ctypes
import gc
import os
import platform
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread
from time import sleep

_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 1024 * 1024
_GC_THRESHOLD = 50_000
_STOPPING = (signal.SIGINT, signal.SIGTERM)
_PR_SET_PDEATHSIG = 1
DRAINING = getattr(signal, "SIGUSR1", signal.SIGTERM)
"""What tells a worker that it is to stop in a moment: it is not ready any more, and answers all the same."""

is_draining = Event()


def hold_signals(*, longest_seconds: float) -> None:
    """In processes forked from here on, what tells them to stop waits until they can heed it.

    They do not outlive this one by more than `longest_seconds`. Granian's workers inherit a handler that does
    nothing for them: a signal amid their start would be lost, and the service would wait for them for ever.
    """
    parent = os.getpid()

    def in_child() -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
        _die_with_parent(parent, longest_seconds)

    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=in_child)


def _die_with_parent(parent: int, longest_seconds: float) -> None:
    """On Linux: be told to stop when the process that started this one dies, and be gone in time.

    Workers that outlive it would answer for ever, and hold the port. `parent` is its process id.
    """
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)

    def watch() -> None:
        while os.getppid() == parent:
            sleep(1)
        # told already, unless it died before it could be said
        os.kill(os.getpid(), signal.SIGTERM)
        sleep(longest_seconds)
        os._exit(1)

    Thread(target=watch, name="attendance-parent", daemon=True).start()


def connections_within(most: int, *, beside: int) -> int:
    """How many connections there can be, at most so many, with `beside` descriptors for everything else.

    Raises this process's limit of open files, and that of those it starts, as far as it may.
    """
    try:
        import resource
    except ImportError:
        return most
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = most + beside
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return max(1, min(most, wanted - beside))


@contextmanager
def loading() -> Iterator[None]:
    """A block that loads what stays: looking through it for garbage meanwhile takes a sixth of the time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def settle() -> None:
    """To be called once everything is loaded."""
    _return_large_blocks()
    # what is loaded by now stays: looking through it again and again only costs
    gc.collect()
    gc.freeze()
    gc.set_threshold(_GC_THRESHOLD)


def _return_large_blocks() -> None:
    """Have glibc map each large block by itself, so that it is gone when freed. Does nothing elsewhere.

    Left alone, glibc learns from the first freed block to keep such blocks: a process that once hashed two
    passwords at a time stays 40 MB larger for good.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)


async def heed_signals() -> None:
    """To be called when the server's own handlers are in place, which is so once the application starts."""
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _STOPPING)
    if DRAINING is not signal.SIGTERM:
        asyncio.get_running_loop().add_signal_handler(DRAINING, is_draining.set)
