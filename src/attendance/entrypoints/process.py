"""What a process that does nothing but serve may do to itself, and a library may not do to its caller."""

import ctypes
import gc
import platform

_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 1024 * 1024
_GC_THRESHOLD = 50_000


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
