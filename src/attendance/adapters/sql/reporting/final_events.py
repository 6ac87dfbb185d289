"""Up to where the log is final: where no event can appear any more.

PostgreSQL gives an event its position when it is written, and shows it when its transaction commits: one with
a lower position may appear after one with a higher. Positions are given in order, so whatever may still fill
a gap below an event that is seen was being written when that was seen. Who writes to the log holds a lock on
the table until the end, from before the position is given. So a gap is either filled or stays one once all
have ended who held that lock after an event beyond the gap was seen. Without a gap nobody is waited for.

SQLite lets one transaction write at a time: what is seen is final.
"""

import time

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Connection
from attendance.adapters.sql.tables import events

LONGEST_WAIT_SECONDS = 0.25
PAUSE_SECONDS = 0.005
WIDEST_LOOK = 100_000
"""How many positions are looked through for a gap, where any number of events may not be asked for."""

LAST = sa.select(sa.func.coalesce(sa.func.max(events.c.position), 0).label("position"))

_after, _until = (sa.bindparam(name, type_=sa.BigInteger) for name in ("after", "until"))
_numbered = (
    sa.select(events.c.position, sa.func.row_number().over(order_by=events.c.position).label("number"))
    .where(events.c.position > _after, events.c.position <= _until)
    .subquery()
)
WITHOUT_A_GAP = sa.select(sa.func.count().label("total")).where(
    _numbered.c.position - _numbered.c.number == _after
)
"""How many positions after one are taken one after the other, up to another."""

_locks = sa.table(
    "pg_locks", *map(sa.column, ("locktype", "database", "relation", "mode", "pid", "virtualtransaction"))
)
_database = sa.table("pg_database", sa.column("oid"), sa.column("datname"))
WRITERS = (
    sa.select(sa.column("virtualtransaction", sa.Text))
    .select_from(_locks)
    .where(
        _locks.c.locktype == "relation",
        _locks.c.database
        == sa.select(_database.c.oid)
        .where(_database.c.datname == sa.func.current_database())
        .scalar_subquery(),
        _locks.c.relation == sa.text("'events'::regclass"),
        _locks.c.mode == "RowExclusiveLock",
        _locks.c.pid != sa.func.pg_backend_pid(),
    )
)
"""The transactions of others that have written to the log, or are about to."""


def final_position(connection: Connection, *, after: int, limit: int | None) -> int:
    """The last position up to which the log is final, of those that an event has.

    `after` where it is final no further, less where the log ends before. `limit`: no more than so many events
    are wanted, so that it need not be known of later ones.
    """
    last = int(connection.run(LAST, {}).rows[0].position)
    if last <= after or connection.dialect == "sqlite":
        return last
    until = min(last, after + (WIDEST_LOOK if limit is None else limit))
    taken = connection.run(WITHOUT_A_GAP, {"after": after, "until": until}).rows[0].total
    if limit is not None and taken == until - after:
        return until
    return last if _have_ended(connection, writers(connection)) else after + int(taken)


def writers(connection: Connection) -> frozenset[str]:
    """Who is writing to the log."""
    return frozenset(row.virtualtransaction for row in connection.run(WRITERS, {}).rows)


def _have_ended(connection: Connection, begun: frozenset[str]) -> bool:
    """Whether all of these have ended, or do so before long."""
    deadline = time.monotonic() + LONGEST_WAIT_SECONDS
    left = begun
    while left and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
        left &= writers(connection)
    return not left
