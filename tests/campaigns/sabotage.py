"""Leaks planted in the real service, by which a campaign is seen to find one."""

import os
from collections.abc import Callable
from itertools import count
from threading import Event, Thread
from typing import Any

KEPT: list[Any] = []
KEPT_BYTES = 32 * 1024
EVERY_SO_MANY = 20
"""Requests of a process between two that leave something open behind."""


def _with_each_request(leave_behind: Callable[[], object], every: int = 1) -> None:
    from attendance.adapters.http.server.requests.middleware import Middleware

    answer, numbers = Middleware.__call__, count(1)

    async def leaking(self: Middleware, *args: Any) -> None:
        await answer(self, *args)
        if next(numbers) % every == 0:
            leave_behind()

    Middleware.__call__ = leaking  # type: ignore[method-assign]


def keeps_memory() -> None:
    # not of zeros alone: pages of those need not be there
    _with_each_request(lambda: KEPT.append(b"x" * KEPT_BYTES))


def keeps_descriptors() -> None:
    _with_each_request(lambda: KEPT.append(os.open(os.devnull, os.O_RDONLY)), EVERY_SO_MANY)


def keeps_threads() -> None:
    forever = Event()
    _with_each_request(lambda: Thread(target=forever.wait, daemon=True).start(), EVERY_SO_MANY)


def keeps_connections() -> None:
    from attendance.adapters.sql.engine.databases import PooledDatabase

    made: list[PooledDatabase] = []
    make = PooledDatabase.__init__

    def init(self: PooledDatabase, *args: Any) -> None:
        make(self, *args)
        made.append(self)

    def connect() -> None:
        engine = made[-1].engine
        arguments, named = engine.dialect.create_connect_args(engine.url)
        connection = engine.dialect.connect(*arguments, **named)
        connection.execute("SELECT 1 FROM events").fetchall()
        KEPT.append(connection)

    PooledDatabase.__init__ = init  # type: ignore[method-assign]
    _with_each_request(connect, EVERY_SO_MANY)
