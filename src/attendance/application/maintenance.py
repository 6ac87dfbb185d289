"""Maintenance of the store."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from attendance.application.accounts.role_change_workflow import RoleChangeWorkflow
from attendance.application.forms.retrying import retried
from attendance.application.ports import Clock, Store
from attendance.domain.accounts.kept_answers import ANSWERS_ARE_KEPT
from attendance.domain.accounts.rate_limits import Limits

SENT_MAIL_IS_KEPT = timedelta(days=7)
BATCH = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMaintenance:
    """Mark expired role changes as such, and remove expired sessions, old counts, old mails and old answers.

    Mails are removed 7 days after they are sent, answers under a key 24 hours after they were given, 1000 in
    each transaction. To be called every few minutes or hours; it asks for no
    permission.
    """

    store: Store
    clock: Clock
    limits: Limits
    role_change_workflow: RoleChangeWorkflow

    @retried
    def __call__(self) -> None:
        now = self.clock()
        with self.store.transaction() as work:
            work.accounts.guard_owners()
            self.role_change_workflow.expire(work)
        with self.store.transaction() as work:
            work.sessions.purge(now)
            work.rate_limit_windows.purge(now - self.limits.longest)
            work.outbox.purge(now - SENT_MAIL_IS_KEPT)
        while self._answers_purged(now - ANSWERS_ARE_KEPT) == BATCH:
            pass

    def _answers_purged(self, before: datetime) -> int:
        with self.store.transaction() as work:
            return work.kept_answers.purge(before, most=BATCH)
