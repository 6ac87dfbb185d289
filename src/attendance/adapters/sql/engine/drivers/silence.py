"""A server that has fallen silent is given up: its connection is cut under whoever waits for an answer.

A driver waits for as long as the connection lives, and that of a server that is stopped, or whose disk hangs,
does: its machine acknowledges whatever it is sent. `statement_timeout` is no help, being the server's own.
"""

import socket
import time
from contextlib import suppress
from threading import Lock, Thread
from typing import Protocol
from weakref import WeakSet

LONGEST_SILENCE_SECONDS = 12.0
"""More than a server that works takes for any statement, which it ends itself after 10 seconds."""
LOOK_EVERY_SECONDS = 1.0


class Asking(Protocol):
    """A connection; `asked_at`: since when an answer is waited for (`time.monotonic`), None while none is."""

    asked_at: float | None

    @property
    def closed(self) -> bool: ...

    def fileno(self) -> int: ...


class Listener:
    """Looks after connections from a thread of its own, as long as any of them is open."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._connections: WeakSet[Asking] = WeakSet()
        self._thread: Thread | None = None

    def listen_to(self, connection: Asking) -> None:
        """Cut this one whenever its server owes an answer for longer than `LONGEST_SILENCE_SECONDS`."""
        with self._lock:
            self._connections.add(connection)
            if self._thread is None:
                self._thread = Thread(target=self._listen, name="listens to the database", daemon=True)
                self._thread.start()

    def _listen(self) -> None:
        while self._look():
            time.sleep(LOOK_EVERY_SECONDS)

    def _look(self) -> bool:
        """Whether anything is left to look after."""
        with self._lock:
            connections = [each for each in self._connections if not each.closed]
            if not connections:
                self._thread = None
                return False
        for connection in connections:
            cut_if_silent(connection, time.monotonic())
        return True


def cut_if_silent(connection: Asking, now: float) -> None:
    """Whoever waits is told that the connection has ended."""
    asked_at = connection.asked_at
    if asked_at is None or now - asked_at < LONGEST_SILENCE_SECONDS:
        return
    # it may be closed meanwhile, and its number be another's: a copy of it that was made while the answer
    # was still waited for is of this one
    with (
        suppress(Exception),
        socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM) as line,
    ):
        if connection.asked_at == asked_at:
            line.shutdown(socket.SHUT_RDWR)
