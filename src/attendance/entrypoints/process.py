"""What a process that does nothing but serve may do to itself, and a library may not do to its caller."""

import ctypes
import gc
import os
import platform
import signal

_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 1024 * 1024
_GC_THRESHOLD = 50_000
_STOPPING = (signal.SIGINT, signal.SIGTERM)


def hold_signals() -> None:
    """In processes forked from here on, what tells them to stop waits until they can heed it.

    Granian's workers inherit a handler that does nothing for them: a signal amid their start would be lost,
    and the service would wait for them for ever.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING))


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
