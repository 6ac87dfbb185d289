"""Connections on which a server has said nothing for too long are cut: whoever waits for it is told so.

A server that is gone ends its connections, and one that is busy ends a statement itself. A network that loses
what is sent does neither, and libpq would wait for ever.
"""

import socket
from contextlib import suppress
from threading import Condition, Thread
from time import monotonic
from typing import Any

WATCH_SECONDS = 0.5


class AnswerDeadline:
    """Watches connections by a thread, which there is as long as there are any.

    `since` has the connections that wait for their server, and since when (monotonic, in seconds): whoever
    asks puts it there and takes it away, which costs less than a deadline for each question.
    """

    def __init__(self, longest_seconds: float) -> None:
        self.since: dict[Any, float] = {}
        self._longest_seconds = longest_seconds
        self._sockets: dict[Any, socket.socket] = {}
        self._changed = Condition()
        self._is_watched = False

    def watch(self, connection: Any, descriptor: int) -> None:
        """Cut this connection from now on when it is overdue; the descriptor is that of its socket."""
        # a descriptor of its own: the connection's number may be another's once it is closed
        watched = socket.fromfd(descriptor, socket.AF_UNIX, socket.SOCK_STREAM)
        with self._changed:
            self._sockets[connection] = watched
            if not self._is_watched:
                self._is_watched = True
                Thread(target=self._watch, name="attendance-answers", daemon=True).start()

    def forget(self, connection: Any) -> None:
        """The connection is closed."""
        with self._changed:
            watched = self._sockets.pop(connection, None)
            if watched is not None:
                watched.close()
            if not self._sockets:
                self._changed.notify_all()

    def leave_to_parent(self) -> None:
        """In a forked process, which has no thread: give back what it inherited."""
        for watched in self._sockets.values():
            watched.close()

    def _watch(self) -> None:
        with self._changed:
            while self._sockets:
                self._changed.wait(WATCH_SECONDS)
                overdue = monotonic() - self._longest_seconds
                for connection, watched in self._sockets.items():
                    if self.since.get(connection, overdue) < overdue:
                        # libpq finds its connection at an end; where it had come to one already, that is it
                        with suppress(OSError):
                            watched.shutdown(socket.SHUT_RDWR)
            self._is_watched = False
