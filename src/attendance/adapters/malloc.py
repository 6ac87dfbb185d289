"""Giving back to the system what a hash took."""

import ctypes
import platform

_M_MMAP_THRESHOLD = -3
_LARGE_BYTES = 1024 * 1024


def return_large_blocks() -> None:
    """Have glibc map each large block by itself, so that it is gone when freed. Does nothing elsewhere.

    Left alone, glibc learns from the first freed block to keep such blocks: a process that once hashed two
    passwords at a time stays 40 MB larger for good.
    """
    if platform.libc_ver()[0] == "glibc":
        ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _LARGE_BYTES)
