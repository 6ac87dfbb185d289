"""Whether the database can be read and written now."""

import logging
from collections.abc import Callable
from threading import Lock
from time import monotonic

from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import kind_of, reason_of
from attendance.adapters.sql.schema.version import UnusableDatabase, require_current
from attendance.adapters.sql.schema.writing import is_writable
from attendance.domain.errors import Unavailable

log = logging.getLogger(__name__)

KNOWN_FOR_SECONDS = 1.0
NOT_WRITTEN = "the database cannot be written: its disk is full, or it only reads"
FAILURE_COUNTS_SECONDS = 10.0
"""For how long a write that failed for want of space says that others will."""


class Readiness:
    """Asked by whoever distributes requests, as often as they like: the database is asked once a second.

    A full disk of a PostgreSQL server cannot be seen from outside, so what was really written counts as well:
    see `note`. Without a database it is always ready. `failed` is told of what the database failed at.
    """

    def __init__(
        self,
        database: Database | None,
        *,
        now: Callable[[], float] = monotonic,
        failed: Callable[[BaseException], None] = lambda _: None,
    ) -> None:
        self._database, self._now, self._failed = database, now, failed
        self._lock = Lock()
        self._known: tuple[float, bool] | None = None
        self._failed_at: float | None = None
        self._reason: str | None = None

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
        reason = self._hindrance(database)
        # when it begins, changes and ends, not each time somebody asks
        if reason != self._reason:
            self._reason = reason
            if reason:
                log.error("not ready: %s", reason)
            else:
                log.info("ready again")
        return reason is None

    def _hindrance(self, database: Database) -> str | None:
        """Why requests cannot be answered; None where they can."""
        if self._failed_at is not None and self._now() - self._failed_at < FAILURE_COUNTS_SECONDS:
            return "a write failed a moment ago"
        try:
            require_current(database)
            return None if is_writable(database) else NOT_WRITTEN
        except (Unavailable, UnusableDatabase) as error:
            self._failed(error)
            return reason_of(error)
