"""Tallies by key."""

from dataclasses import dataclass
from datetime import datetime

from attendance.adapters.memory.tables import Tables
from attendance.application.ports import Tallies
from attendance.domain.accounts.rate_limits import Tally


@dataclass(frozen=True, slots=True)
class MemoryTallies(Tallies):
    tables: Tables

    def find(self, key: str) -> Tally:
        return self.tables.tallies.get(key) or Tally(key)

    hold = find

    def save(self, tally: Tally) -> None:
        self.tables.tallies.put(tally.key, tally)

    def purge(self, before: datetime) -> None:
        for tally in [*self.tables.tallies.all()]:
            if not tally.times or max(tally.times) < before:
                self.tables.tallies.remove(tally.key)
