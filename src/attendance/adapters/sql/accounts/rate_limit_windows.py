"""Tallies of what is limited."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Work, insert_into
from attendance.adapters.sql.tables import tallies
from attendance.application.ports import Contended, Tallies
from attendance.domain.accounts.rate_limits import Tally

FIND = sa.select(tallies.c.times).where(tallies.c.key == sa.bindparam("key"))
HOLD = FIND.with_for_update()
PREPARE = {
    dialect: insert(tallies).inline().on_conflict_do_nothing(index_elements=["key"])
    for dialect, insert in insert_into.items()
}
SAVE = (
    sa.update(tallies)
    .values(times=sa.bindparam("times"), last_at=sa.bindparam("last_at"))
    .where(tallies.c.key == sa.bindparam("held"))
)
PURGE = sa.delete(tallies).where(
    sa.or_(tallies.c.last_at < sa.bindparam("before"), tallies.c.last_at.is_(None))
)


@dataclass(frozen=True, slots=True)
class SqlTallies(Tallies):
    work: Work

    def find(self, key: str) -> Tally:
        return _tally(key, self.work.run(FIND, {"key": key}).one_or_none())

    def hold(self, key: str) -> Tally:
        # only what is there can be locked
        self.work.run(PREPARE, {"key": key, "times": [], "last_at": None})
        return _tally(key, self.work.run(HOLD, {"key": key}).one_or_none())

    def save(self, tally: Tally) -> None:
        times = [time.isoformat() for time in tally.times]
        last_at = max(tally.times, default=None)
        saved = self.work.run(SAVE, {"held": tally.key, "times": times, "last_at": last_at})
        if saved.rowcount != 1:
            # purged between being looked for and being held
            raise Contended

    def purge(self, before: datetime) -> None:
        self.work.run(PURGE, {"before": before})


def _tally(key: str, row: Any) -> Tally:
    return Tally(key, tuple(map(datetime.fromisoformat, row.times)) if row else ())
