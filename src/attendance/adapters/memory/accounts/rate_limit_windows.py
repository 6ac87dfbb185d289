"""Rate-limit windows by key."""

from dataclasses import dataclass
from datetime import datetime

from attendance.adapters.memory.tables import Tables
from attendance.application.ports import RateLimitWindows
from attendance.domain.accounts.rate_limits import RateLimitWindow


@dataclass(frozen=True, slots=True)
class MemoryRateLimitWindows(RateLimitWindows):
    tables: Tables

    def find(self, key: str) -> RateLimitWindow:
        return self.tables.rate_limit_windows.get(key) or RateLimitWindow(key)

    get_for_update = find

    def save(self, window: RateLimitWindow) -> None:
        self.tables.rate_limit_windows.put(window.key, window)

    def purge(self, before: datetime, *, most: int) -> int:
        return self.tables.rate_limit_windows.remove_some(
            lambda window: not window.times or max(window.times) < before, most
        )
