"""Whether the database can be read and written now."""

from collections.abc import Callable
from threading import Lock
from time import monotonic

from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import kind_of
from attendance.adapters.sql.schema.version import is_current
from attendance.adapters.sql.schema.writing import is_writable
from attendance.domain.errors import Unavailable

KNOWN_FOR_SECONDS = 1.0
FAILURE_COUNTS_SECONDS = 10.0
"""For how long a write that failed for want of space says that others will."""


class Readiness:
    """Asked by whoever distributes requests, as often as they like: the database is asked once a second.

    A full disk of a PostgreSQL server cannot be seen from outside, so what was really written counts as well:
    see `note`. Without a database it is always ready.
    """

    def __init__(self, database: Database | None, *, now: Callable[[], float] = monotonic) -> None:
        self._database, self._now = database, now
        self._lock = Lock()
        self._known: tuple[float, bool] | None = None
        self._failed_at: float | None = None

    def __call__(self) -> bool:
        """Return whether requests can be answered. Raises Unavailable where the database is away."""
        if self._database is None:
            return True
        with self._lock:
            if self._known is None or self._now() - self._known[0] >= KNOWN_FOR_SECONDS:
                # in the meantime others are told the same
                self._known = self._now(), self._found(self._database)
            return self._known[1]

    def note(self, error: BaseException) -> None:
        """Note what a unit of work ended with."""
        if kind_of(error) in ("full", "io", "read_only"):
            self._failed_at = self._now()

    def _found(self, database: Database) -> bool:
        if self._failed_at is not None and self._now() - self._failed_at < FAILURE_COUNTS_SECONDS:
            return False
        try:
            return is_current(database) and is_writable(database)
        except Unavailable:
            return False
