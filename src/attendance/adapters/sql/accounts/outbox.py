"""Mails that wait. Whoever sends one moves its due time out of the others' sight first."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Connection, delete_some
from attendance.adapters.sql.tables import outbox
from attendance.application.ports import Outbox
from attendance.application.ports.accounts import Backlog
from attendance.domain.accounts.mail import Mail, MailNotFound, MailState
from attendance.domain.ids import MailId

ADD = sa.insert(outbox).inline()
GET_FOR_UPDATE = sa.select(*outbox.c).where(outbox.c.id == sa.bindparam("id")).with_for_update()
IS_DUE = (
    sa.select(outbox.c.id)
    .where(outbox.c.state == sa.literal_column("'waiting'"), outbox.c.due_at <= sa.bindparam("at"))
    .limit(1)
)
DUE = (
    sa.select(*outbox.c)
    .where(outbox.c.state == sa.literal_column("'waiting'"), outbox.c.due_at <= sa.bindparam("at"))
    .order_by(outbox.c.due_at, outbox.c.id)
    .limit(1)
    .with_for_update(skip_locked=True)
)
CLAIM = (
    sa.update(outbox)
    .values(due_at=sa.bindparam("until"), attempts=outbox.c.attempts + 1)
    .where(outbox.c.id == sa.bindparam("mail_id"))
)
BECOMES = ("facts", "due_at", "state", "attempts", "error")
SAVE = (
    sa.update(outbox)
    .values({name: sa.bindparam(name) for name in BECOMES})
    .where(outbox.c.id == sa.bindparam("mail_id"))
)
IN_STATE = (
    sa.select(*outbox.c)
    .where(outbox.c.state == sa.bindparam("state"))
    .order_by(outbox.c.created_at, outbox.c.id)
)
BACKLOG = (
    sa.select(
        outbox.c.state, sa.func.count().label("number"), sa.func.min(outbox.c.created_at).label("oldest")
    )
    .where(outbox.c.state.in_([sa.literal_column(f"'{state}'") for state in ("waiting", "dead")]))
    .group_by(outbox.c.state)
)
PURGE = delete_some(
    outbox.c.id,
    outbox.c.state == sa.literal_column("'sent'"),
    outbox.c.created_at < sa.bindparam("before"),
)


@dataclass(frozen=True, slots=True)
class SqlOutbox(Outbox):
    connection: Connection

    def add(self, mail: Mail) -> None:
        self.connection.run(ADD, asdict(mail))

    def is_due(self, at: datetime) -> bool:
        return self.connection.run(IS_DUE, {"at": at}).one_or_none() is not None

    def claim(self, at: datetime, until: datetime) -> Mail | None:
        row = self.connection.run(DUE, {"at": at}).one_or_none()
        if row is None:
            return None
        self.connection.run(CLAIM, {"mail_id": row.id, "until": until})
        return _mail(row, due_at=until, attempts=row.attempts + 1)

    def save(self, mail: Mail) -> None:
        row = asdict(mail)
        self.connection.run(SAVE, {name: row[name] for name in BECOMES} | {"mail_id": mail.id})

    def get_for_update(self, mail_id: MailId) -> Mail:
        row = self.connection.run(GET_FOR_UPDATE, {"id": mail_id}).one_or_none()
        if row is None:
            raise MailNotFound
        return _mail(row)

    def in_state(self, state: MailState) -> tuple[Mail, ...]:
        return tuple(map(_mail, self.connection.run(IN_STATE, {"state": state}).rows))

    def backlog(self) -> Backlog:
        rows = {row.state: row for row in self.connection.run(BACKLOG, {}).rows}
        waiting, dead = rows.get(MailState.WAITING), rows.get(MailState.DEAD)
        return Backlog(
            waiting=waiting.number if waiting else 0,
            oldest=waiting.oldest if waiting else None,
            given_up=dead.number if dead else 0,
        )

    def purge(self, before: datetime, *, most: int) -> int:
        return self.connection.run(PURGE, {"before": before, "most": most}).rowcount


def _mail(row: Any, **changes: Any) -> Mail:
    return Mail(**row._asdict() | changes)
