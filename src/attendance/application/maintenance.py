"""Maintenance of the store."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from attendance.application.accounts.role_change_workflow import RoleChangeWorkflow
from attendance.application.forms.retrying import retried
from attendance.application.ports import Clock, Store, UnitOfWork
from attendance.domain.accounts.kept_answers import ANSWERS_ARE_KEPT
from attendance.domain.accounts.rate_limits import Limits, known_since
from attendance.domain.accounts.sessions import SessionLifetimes

SENT_MAIL_IS_KEPT = timedelta(days=7)
UNUSED_SESSIONS_ARE_KEPT = timedelta(hours=1)
"""So that a use just before the end of a session, which is stored afterwards, is not lost with it."""
BATCH = 500

Purge = Callable[[UnitOfWork], int]
"""Removes at most BATCH rows, and returns how many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMaintenance:
    """Mark expired role changes as such, and remove what time has ended.

    Sessions are removed an hour after they have expired, links when they have, addresses known to accounts
    after 30 days, counts of what is limited after the longest limit, mails 7 days after they are sent, and
    answers under a key 24 hours after they were given: 500 at a time, each batch in a transaction of its own,
    without what others have locked at that moment. To be called every few minutes or hours; it asks for no
    permission.
    """

    store: Store
    clock: Clock
    limits: Limits
    session_lifetimes: SessionLifetimes
    role_change_workflow: RoleChangeWorkflow

    def __call__(self) -> None:
        self._expire_role_changes()
        for purge in self._purges():
            while self._purged(purge) >= BATCH:
                pass

    @retried
    def _expire_role_changes(self) -> None:
        with self.store.transaction() as work:
            work.accounts.guard_owners()
            self.role_change_workflow.expire(work)

    def _purges(self) -> Iterator[Purge]:
        now = self.clock()
        yield lambda work: work.sessions.purge(
            now - UNUSED_SESSIONS_ARE_KEPT, self.session_lifetimes, most=BATCH
        )
        yield lambda work: work.links.purge(now, most=BATCH)
        yield lambda work: work.sign_in_addresses.purge(known_since(now), most=BATCH)
        yield lambda work: work.rate_limit_windows.purge(now - self.limits.longest, most=BATCH)
        yield lambda work: work.outbox.purge(now - SENT_MAIL_IS_KEPT, most=BATCH)
        yield lambda work: work.kept_answers.purge(now - ANSWERS_ARE_KEPT, most=BATCH)

    @retried
    def _purged(self, purge: Purge) -> int:
        with self.store.transaction() as work:
            return purge(work)
