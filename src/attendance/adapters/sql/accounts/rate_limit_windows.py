"""Rate-limit windows."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Connection, delete_some, insert_into
from attendance.adapters.sql.tables import rate_limit_windows
from attendance.application.ports import Contended, RateLimitWindows
from attendance.domain.accounts.rate_limits import RateLimitWindow

FIND = sa.select(rate_limit_windows.c.times).where(rate_limit_windows.c.key == sa.bindparam("key"))
GET_FOR_UPDATE = FIND.with_for_update()
PREPARE = {
    dialect: insert(rate_limit_windows).inline().on_conflict_do_nothing(index_elements=["key"])
    for dialect, insert in insert_into.items()
}
SAVE = (
    sa.update(rate_limit_windows)
    .values(times=sa.bindparam("times"), last_at=sa.bindparam("last_at"))
    .where(rate_limit_windows.c.key == sa.bindparam("window_key"))
)
PURGE = delete_some(
    rate_limit_windows.c.key,
    sa.or_(rate_limit_windows.c.last_at < sa.bindparam("before"), rate_limit_windows.c.last_at.is_(None)),
)


@dataclass(frozen=True, slots=True)
class SqlRateLimitWindows(RateLimitWindows):
    connection: Connection

    def find(self, key: str) -> RateLimitWindow:
        return _window(key, self.connection.run(FIND, {"key": key}).one_or_none())

    def get_for_update(self, key: str) -> RateLimitWindow:
        # only what is there can be locked
        self.connection.run(PREPARE, {"key": key, "times": [], "last_at": None})
        return _window(key, self.connection.run(GET_FOR_UPDATE, {"key": key}).one_or_none())

    def save(self, window: RateLimitWindow) -> None:
        times = [time.isoformat() for time in window.times]
        last_at = max(window.times, default=None)
        saved = self.connection.run(SAVE, {"window_key": window.key, "times": times, "last_at": last_at})
        if saved.rowcount != 1:
            # purged between being looked for and being locked
            raise Contended

    def purge(self, before: datetime, *, most: int) -> int:
        return self.connection.run(PURGE, {"before": before, "most": most}).rowcount


def _window(key: str, row: Any) -> RateLimitWindow:
    return RateLimitWindow(key, tuple(map(datetime.fromisoformat, row.times)) if row else ())
