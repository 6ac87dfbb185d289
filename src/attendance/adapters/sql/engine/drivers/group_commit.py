"""Writers of one process that wait for each other commit together: one wait for the disk for all of them.

There is one connection that writes. Whoever has its turn runs on it; when others wait, it hands the open
transaction on instead of committing, and the last commits for all. Each of them is a savepoint, so that what
one of them did is undone without the others. All wait for that commit before they go on, those included that
were undone or only read: what they saw of the others is not true before.
"""

import os
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from threading import Event, Lock, get_ident
from time import monotonic
from typing import Any

from attendance.adapters.backoff import LONGEST_WAIT_SECONDS
from attendance.adapters.units_of_work import OTHERS_TRANSACTION
from attendance.domain.errors import Unavailable

MOST_MEMBERS = 64
LONGEST_GROUP_SECONDS = 0.02
"""How old a transaction may be to be handed on: other processes wait for it, and those who are done."""


class _Waiter:
    """Somebody who waits for the turn. `alone`: begins a transaction, never goes on with one."""

    def __init__(self, *, alone: bool) -> None:
        self.alone = alone
        self._came = Lock()
        self._came.acquire()

    def come(self) -> None:
        self._came.release()

    def wait(self, seconds: float) -> bool:
        return self._came.acquire(timeout=seconds)


class _Group:
    """A transaction that several share."""

    def __init__(self, connection: Any) -> None:
        self.connection = connection
        self.members = 0
        self.last_handover = monotonic() + LONGEST_GROUP_SECONDS
        self.error: Exception | None = None
        self._ended = Event()

    def end(self, error: BaseException | None) -> None:
        # of an interrupted thread the others know nothing, not even whether it had committed
        self.error = error if error is None or isinstance(error, Exception) else Unavailable()
        self._ended.set()

    def wait(self) -> None:
        """Raises what ended the group without a commit, for each of its members one of its own."""
        if not self._ended.wait(LONGEST_WAIT_SECONDS):
            raise Unavailable
        if self.error is not None:
            raise copy(self.error) from self.error


class GroupCommit:
    """Lines up the writers of one process, first come first served.

    Among processes there is no order: who finds the file locked for too long is told so by SQLite.
    """

    def __init__(self, connect: Callable[[], Any], close: Callable[[Any], None]) -> None:
        self._connect, self._close = connect, close
        self._lock = Lock()
        self._is_taken = False
        self._holder: int | None = None
        self._waiting: deque[_Waiter] = deque()
        # for whoever has the turn:
        self._connection: Any = None
        self._is_outdated = False
        self._group: _Group | None = None

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        """A block during which no other thread of the process is inside a transaction.

        Raises Unavailable where it does not come.
        """
        self._take_turn(alone=True)
        process = os.getpid()
        try:
            yield
        finally:
            # a forked process has a turn of its own
            if os.getpid() == process:
                self._end_turn()

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        """The connection to write on, in a transaction: committed after the block, undone where it raises.

        Raises Unavailable, and what the driver does.
        """
        group = self._entered()
        process = os.getpid()
        try:
            yield group.connection
            if os.getpid() != process:
                raise Unavailable(OTHERS_TRANSACTION)
            if not group.connection.in_transaction:
                raise Unavailable
            if group.members:
                group.connection.execute("RELEASE SAVEPOINT member")
        except BaseException as error:
            if os.getpid() != process:
                raise
            self._undo(group)
            if isinstance(error, Exception):
                # a refusal, too, may rest on what others of the group wrote
                group.wait()
            raise
        group.members += 1
        self._go_on(group)
        group.wait()

    def disconnect(self) -> None:
        """Close the connection: at once, or when whoever has the turn is done."""
        with self._lock:
            if self._is_taken:
                self._is_outdated = True
                return
            self._is_taken = True
        self._drop()
        self._pass_turn()

    def _entered(self) -> _Group:
        """The open group, or a new one; with the turn."""
        self._take_turn(alone=False)
        group, self._group = self._group, None
        try:
            if group is None:
                if self._connection is None:
                    self._connection = self._connect()
                self._connection.execute("BEGIN IMMEDIATE")
                return _Group(self._connection)
            group.connection.execute("SAVEPOINT member")
        except BaseException:
            if group is None:
                self._end_turn()
            else:
                self._undo(group)
                group.wait()
            raise
        return group

    def _undo(self, group: _Group) -> None:
        """Take back what one member did. Where that does not work, or it is the only one, take back all."""
        if not group.members:
            self._end(group, None)
            return
        try:
            group.connection.execute("ROLLBACK TO SAVEPOINT member")
            group.connection.execute("RELEASE SAVEPOINT member")
        except BaseException:
            # the database has given up the whole transaction, as where the disk is full
            self._end(group, Unavailable())
        else:
            self._go_on(group)

    def _go_on(self, group: _Group) -> None:
        """Hand the transaction on to whoever waits, or commit."""
        with self._lock:
            if (
                self._waiting
                and not self._waiting[0].alone
                and group.members < MOST_MEMBERS
                and monotonic() < group.last_handover
            ):
                self._group, self._holder = group, None
                self._waiting.popleft().come()
                return
        try:
            group.connection.execute("COMMIT")
        except BaseException as error:
            self._end(group, error)
        else:
            group.end(None)
            self._end_turn()

    def _end(self, group: _Group, error: BaseException | None) -> None:
        """Roll back. `error`: what to tell the members, where there are any."""
        try:
            if group.connection.in_transaction:
                group.connection.execute("ROLLBACK")
        except BaseException:
            self._drop()
        group.end(error)
        self._end_turn()

    def _end_turn(self) -> None:
        if self._is_outdated:
            self._drop()
        self._pass_turn()

    def _drop(self) -> None:
        connection, self._connection, self._is_outdated = self._connection, None, False
        if connection is not None:
            with suppress(Exception):
                self._close(connection)

    def _take_turn(self, *, alone: bool) -> None:
        me = get_ident()
        with self._lock:
            if not self._is_taken:
                self._is_taken, self._holder = True, me
                return
            if self._holder == me:
                # its transaction, in which it believes to be, is no more
                raise Unavailable
            turn = _Waiter(alone=alone)
            self._waiting.append(turn)
        try:
            if turn.wait(LONGEST_WAIT_SECONDS):
                self._holder = me
                return
            raise Unavailable
        except BaseException:
            self._leave(turn)
            raise

    def _leave(self, turn: _Waiter) -> None:
        """Wait no longer. Where the turn came at the last moment, it goes to the next."""
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
                return
        if self._group is None:
            self._end_turn()
        else:
            group, self._group = self._group, None
            self._go_on(group)

    def _pass_turn(self) -> None:
        with self._lock:
            self._holder = None
            if self._waiting:
                self._waiting.popleft().come()
            else:
                self._is_taken = False
