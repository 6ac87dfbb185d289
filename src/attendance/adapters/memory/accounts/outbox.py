"""Mails by id."""

from dataclasses import dataclass, replace
from datetime import datetime

from attendance.adapters.memory.tables import Tables
from attendance.application.ports import Outbox
from attendance.application.ports.accounts import Backlog
from attendance.domain.accounts.mail import Mail, MailNotFound, MailState
from attendance.domain.ids import MailId


@dataclass(frozen=True, slots=True)
class MemoryOutbox(Outbox):
    tables: Tables

    def add(self, mail: Mail) -> None:
        self.tables.outbox.add(mail.id, mail)

    def is_due(self, at: datetime) -> bool:
        return any(mail.state is MailState.WAITING and mail.due_at <= at for mail in self.tables.outbox.all())

    def claim(self, at: datetime, until: datetime) -> Mail | None:
        due = [mail for mail in self.in_state(MailState.WAITING) if mail.due_at <= at]
        if not due:
            return None
        first = min(due, key=lambda mail: (mail.due_at, mail.id))
        claimed = replace(first, due_at=until, attempts=first.attempts + 1)
        self.tables.outbox.put(claimed.id, claimed)
        return claimed

    def save(self, mail: Mail) -> None:
        self.tables.outbox.put(mail.id, mail)

    def get_for_update(self, mail_id: MailId) -> Mail:
        mail = self.tables.outbox.get(mail_id)
        if mail is None:
            raise MailNotFound
        return mail

    def in_state(self, state: MailState) -> tuple[Mail, ...]:
        found = (mail for mail in self.tables.outbox.all() if mail.state is state)
        return tuple(sorted(found, key=lambda mail: (mail.created_at, mail.id)))

    def backlog(self) -> Backlog:
        waiting = self.in_state(MailState.WAITING)
        return Backlog(
            waiting=len(waiting),
            oldest=waiting[0].created_at if waiting else None,
            given_up=len(self.in_state(MailState.DEAD)),
        )

    def purge(self, before: datetime, *, most: int) -> int:
        return self.tables.outbox.remove_some(
            lambda mail: mail.state is MailState.SENT and mail.created_at < before, most
        )
