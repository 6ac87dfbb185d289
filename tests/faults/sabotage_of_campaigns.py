"""What the service's processes are made to do for a campaign, or protections taken out of them for a twin."""

import os
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID


def reads_its_clock_from_a_file() -> None:
    """No protection taken out: the machine's clock, off by so many seconds as stand in the file `clock`."""
    from dependency_injector.providers import Object
    from uuid_utils.compat import uuid7

    from attendance.entrypoints.container import Container

    def offset() -> float:
        with suppress(FileNotFoundError):
            return float(Path("clock").read_text())
        return 0

    def now() -> datetime:
        return datetime.now(UTC) + timedelta(seconds=offset())

    def new_id() -> UUID:
        return uuid7(nanoseconds=time.time_ns() + int(offset() * 10**9))

    Container.clock.override(Object(now))
    Container.new_id.override(Object(new_id))


def waits_for_answers_without_end() -> None:
    from attendance.adapters.sql.engine.drivers import silence

    silence.LONGEST_SILENCE_SECONDS = 1e9


def believes_that_every_commit_works() -> None:
    """SQLite: whoever wrote is told so, whatever came of it; a file `believed-…` for each failure."""
    from attendance.adapters.sql.engine.drivers.group_commit import _Group

    numbers = count()

    def wait(self: Any) -> None:
        self._ended.wait()
        if self.error is not None:
            Path(f"believed-{os.getpid()}-{next(numbers)}").touch()

    _Group.wait = wait  # type: ignore[method-assign]


def breaks_and_tells() -> None:
    """One operation has a mistake, another tells everybody what only employees may know."""
    from attendance.application.club import clients, locations

    def broken(*_: Any, **__: Any) -> Any:
        raise ArithmeticError

    locations.ShowLocation.__call__ = broken  # type: ignore[method-assign]
    clients.require_level = lambda *_, **__: None
