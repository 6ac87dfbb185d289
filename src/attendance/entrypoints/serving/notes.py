"""Which files of SQLite a service of this machine serves, told to whoever would spoil it.

A note is a name that nobody else can take and that goes with its process, however that ends. On Linux alone;
a service that runs in a container of its own is not seen.
"""

import logging
import socket
import sys
from contextlib import ExitStack, suppress
from hashlib import sha256
from pathlib import Path

from attendance.adapters.sql.engine.databases import sqlite_file

log = logging.getLogger(__name__)


def noted_on(database_url: str) -> ExitStack:
    """Note, as long as the service lives, that it serves a file of SQLite; warn of another one that does.

    Both work, and each gets less done than one by itself: writers wait for each other without an order.
    """
    held = ExitStack()
    path = sqlite_file(database_url)
    if sys.platform != "linux" or path is None:
        return held
    with suppress(OSError):
        names = _of_path(path), _of_file(path)
        for name in names:
            note = held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            try:
                note.bind(name)
            except OSError:
                log.warning("another service serves %s, too: one with more workers does more", path)
                break
    return held


def is_served(path: Path) -> bool:
    """Whether a service was started on this path, whatever has become of the file since."""
    if sys.platform != "linux":
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as note:
        try:
            note.bind(_of_path(path))
        except OSError:
            return True
    return False


def _of_path(path: Path) -> str:
    # a name of the system's is 107 bytes at most
    return f"\0attendance serves {sha256(str(path.resolve()).encode()).hexdigest()}"


def _of_file(path: Path) -> str:
    file = path.stat()
    return f"\0attendance serves {file.st_dev}:{file.st_ino}"
