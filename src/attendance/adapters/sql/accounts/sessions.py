"""Sessions."""

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Connection
from attendance.adapters.sql.tables import accounts, sessions
from attendance.application.ports import Sessions, SignedIn
from attendance.domain.accounts.accounts import level_of
from attendance.domain.accounts.sessions import Session
from attendance.domain.ids import AccountId, SessionId

FIND = (
    sa.select(
        sessions.c.account_id,
        sessions.c.started_at,
        sessions.c.expires_at,
        sessions.c.last_seen_at,
        accounts.c.active,
        accounts.c.role,
        accounts.c.email_confirmed_at.is_not(None).label("is_confirmed"),
    )
    .join_from(sessions, accounts)
    .where(sessions.c.id == sa.bindparam("id"))
)
OF_ACCOUNT = (
    sa.select(sessions.c.id)
    .where(sessions.c.account_id == sa.bindparam("account_id"))
    .order_by(sessions.c.started_at, sessions.c.id)
)
ADD = sa.insert(sessions).inline()
TOUCH = (
    sa.update(sessions)
    .values(last_seen_at=sa.bindparam("at"))
    .where(sessions.c.id == sa.bindparam("session_id"), sessions.c.last_seen_at < sa.bindparam("at"))
)
END = sa.delete(sessions).where(sessions.c.id == sa.bindparam("session_id"))
PURGE = sa.delete(sessions).where(sessions.c.expires_at < sa.bindparam("before"))


@dataclass(frozen=True, slots=True)
class SqlSessions(Sessions):
    connection: Connection

    def find(self, session_id: SessionId) -> SignedIn | None:
        row = self.connection.run(FIND, {"id": session_id}).one_or_none()
        if row is None:
            return None
        session = Session(
            id=session_id,
            account_id=row.account_id,
            started_at=row.started_at,
            expires_at=row.expires_at,
            last_seen_at=row.last_seen_at,
        )
        level = level_of(row.role, is_confirmed=row.is_confirmed)
        return SignedIn(session=session, account_active=row.active, level=level)

    def add(self, session: Session) -> None:
        self.connection.run(ADD, asdict(session))

    def touch(self, session_id: SessionId, at: datetime) -> None:
        with self.connection.transaction():
            self.connection.run(TOUCH, {"session_id": session_id, "at": at})

    def end(self, session_id: SessionId) -> bool:
        return self.connection.run(END, {"session_id": session_id}).rowcount == 1

    def end_all(self, account_id: AccountId, *, but: SessionId | None = None) -> tuple[SessionId, ...]:
        rows = self.connection.run(OF_ACCOUNT, {"account_id": account_id}).rows
        return tuple(SessionId(row.id) for row in rows if row.id != but and self.end(SessionId(row.id)))

    def purge(self, before: datetime) -> None:
        self.connection.run(PURGE, {"before": before})
