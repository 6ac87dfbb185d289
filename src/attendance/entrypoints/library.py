"""The front door for Python callers: no HTTP, no globals."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from attendance.application.use_cases import UseCases


@contextmanager
def open_attendance(database_url: str = "memory", **settings: Any) -> Iterator[UseCases]:
    """The use cases over a database, brought to the current shape first.

    `database_url` is `memory`, `sqlite:///path` or `postgresql://…`; `settings` are those of the service by
    their names in lower case (`password_min_length=12`). Raises ValueError for settings that cannot be,
    Unavailable when the database cannot be reached.
    """
    # only here: whoever imports the library to read its vocabulary shall not pay for what fills the ports
    from attendance.entrypoints.container import opened
    from attendance.entrypoints.settings import settings_of

    with opened(settings_of({"database_url": database_url, **settings})) as use_cases:
        yield use_cases
