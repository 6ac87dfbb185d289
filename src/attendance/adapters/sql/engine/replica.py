"""A streaming replica of PostgreSQL, read from where it has all that was committed when the read began."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum
from threading import Thread
from time import monotonic, sleep
from typing import Any

import sqlalchemy as sa
from sqlalchemy.types import UserDefinedType

from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.errors import kind_of
from attendance.application.ports import Contended

WAITS_SECONDS = (0.001, 0.002, 0.004, 0.008)
"""How long a read waits for what the replica has not replayed yet, before each further look."""
IMPATIENT_SECONDS = 1.0
"""For how long nobody waits once somebody has waited in vain."""
REST_SECONDS = 5.0
"""After what time a replica that failed is tried again."""
WHAT_A_REPLICA_IS = "a replica is one of PostgreSQL's, of a database on PostgreSQL"

_QUERY_CANCELED = "57014"

log = logging.getLogger(__name__)


class _PgLsn(UserDefinedType[Any]):
    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "pg_lsn"


# commits that wait for the disk are before what has reached it, others before what was ever inserted:
# that ends in what nobody has committed, and no replica is sent it before it has reached the disk
_WRITTEN = sa.case(
    (sa.func.current_setting("synchronous_commit") == "off", sa.func.pg_current_wal_insert_lsn()),
    else_=sa.func.pg_current_wal_flush_lsn(),
)
_SYSTEM = sa.select(sa.column("system_identifier")).select_from(sa.func.pg_control_system()).scalar_subquery()
_TIMELINE = (
    sa.select(sa.column("min_recovery_end_timeline"))
    .select_from(sa.func.pg_control_recovery())
    .scalar_subquery()
)

POSITION = sa.select(
    sa.cast(_SYSTEM, sa.Text).label("system"),
    # the first eight digits of a file's name are the timeline's; a server in recovery has neither
    sa.case((sa.func.pg_is_in_recovery(), None), else_=sa.func.pg_walfile_name(_WRITTEN)).label("file"),
    sa.case((sa.func.pg_is_in_recovery(), None), else_=sa.cast(_WRITTEN, sa.Text)).label("lsn"),
)
PROGRESS = sa.select(
    sa.and_(
        sa.func.pg_is_in_recovery(),
        sa.cast(_SYSTEM, sa.Text) == sa.bindparam("system", type_=sa.Text),
    ).label("is_replica"),
    sa.and_(
        sa.bindparam("timeline", type_=sa.Integer) == _TIMELINE,
        sa.func.pg_last_wal_replay_lsn() >= sa.cast(sa.bindparam("lsn", type_=sa.Text), _PgLsn),
    ).label("has_replayed"),
)


class Outcome(StrEnum):
    """Which way a read went."""

    ANSWERED = "answered"
    """By the replica."""
    BEHIND = "behind"
    """By the primary: the replica had not yet replayed what was committed."""
    AWAY = "away"
    """By the primary: the replica has failed, or is none of this primary's."""


class NotItsReplica(Exception):
    """What stands at the replica's address does not follow the primary."""

    def __init__(self) -> None:
        super().__init__("it is no replica of the primary: another database, or one that writes itself")


def in_thread(task: Callable[[], None]) -> None:
    Thread(target=task, name="attendance-replica", daemon=True).start()


class Replica:
    """Lends connections to the replica, to whoever may not miss what was committed before.

    `noted` is told of each read which way it went. A replica that fails rests, and is tried again beside the
    reads, which go to the primary meanwhile: nobody waits for it.
    """

    def __init__(
        self,
        database: Database,
        primary: Database,
        *,
        now: Callable[[], float] = monotonic,
        wait: Callable[[float], None] = sleep,
        beside: Callable[[Callable[[], None]], None] = in_thread,
    ) -> None:
        if {it.engine.dialect.name for it in (database, primary)} != {"postgresql"}:
            raise ValueError(WHAT_A_REPLICA_IS)
        self.database, self._primary = database, primary
        self.noted: Callable[[Outcome], None] = lambda _: None
        self._now, self._wait, self._beside = now, wait, beside
        self._rests_until: float | None = None
        self._impatient_until = 0.0

    @contextmanager
    def transaction(self) -> Iterator[Any | None]:
        """A connection in a transaction that has all that was committed before; None: ask the primary.

        Raises Contended where the replica fails in the block, what the primary does, and what the block does.
        """
        if not self._is_asked():
            self.noted(Outcome.AWAY)
            yield None
            return
        position = self._position()
        is_lent = False
        outcome = Outcome.BEHIND
        try:
            # one transaction: behind a pooler, another might be another replica's
            with self.database.connection() as driver, self.database.transaction(driver):
                if position is not None and self._is_reached(driver, position):
                    self.noted(Outcome.ANSWERED)
                    is_lent = True
                    yield driver
                    return
        except Exception as error:
            if not _is_failure(error):
                raise
            self._rest(error)
            if is_lent:
                raise Contended from error
            outcome = Outcome.AWAY
        self.noted(outcome)
        yield None

    def _is_asked(self) -> bool:
        if self._rests_until is None:
            return True
        if self._now() >= self._rests_until:
            self._rests_until = self._now() + REST_SECONDS
            self._beside(self._try_again)
        return False

    def _try_again(self) -> None:
        try:
            position = self._position()
            if position is None:
                return
            with self.database.connection() as driver:
                self._has_replayed(driver, position)
        except Exception as error:
            log.debug("the replica is still away: %s", error)
            return
        self._rests_until = None
        log.warning("the replica answers again")

    def _rest(self, error: Exception) -> None:
        was_asked, self._rests_until = self._rests_until is None, self._now() + REST_SECONDS
        if was_asked:
            log.warning("the replica fails, the primary is asked instead: %s", error)

    def _position(self) -> dict[str, Any] | None:
        """Where all that is committed on the primary is replayed; None while it is no primary."""
        with self._primary.connection() as driver:
            row = self._primary.run(driver, POSITION, {}).rows[0]
        if row.lsn is None:
            return None
        return {"system": row.system, "timeline": int(row.file[:8], 16), "lsn": row.lsn}

    def _is_reached(self, driver: Any, position: dict[str, Any]) -> bool:
        if self._has_replayed(driver, position):
            return True
        if self._now() < self._impatient_until:
            return False
        for seconds in WAITS_SECONDS:
            self._wait(seconds)
            if self._has_replayed(driver, position):
                return True
        self._impatient_until = self._now() + IMPATIENT_SECONDS
        return False

    def _has_replayed(self, driver: Any, position: dict[str, Any]) -> bool:
        row = self.database.run(driver, PROGRESS, position).rows[0]
        if not row.is_replica:
            raise NotItsReplica
        return bool(row.has_replayed)


def _is_failure(error: Exception) -> bool:
    """Whether the primary may do better: not where a question takes too long, which it would there, too."""
    if isinstance(error, NotItsReplica):
        return True
    return kind_of(error) is not None and getattr(error, "sqlstate", None) != _QUERY_CANCELED
