"""Sessions."""

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from attendance.adapters.sql.connection import Work
from attendance.adapters.sql.tables import accounts, sessions
from attendance.application.ports import Sessions, SignedIn
from attendance.domain.ids import SessionId
from attendance.domain.sessions import Session

FIND = (
    sa.select(
        sessions.c.account_id,
        sessions.c.started_at,
        sessions.c.expires_at,
        sessions.c.last_seen_at,
        accounts.c.active,
    )
    .join_from(sessions, accounts)
    .where(sessions.c.id == sa.bindparam("id"))
)
ADD = sa.insert(sessions).inline()
TOUCH = (
    sa.update(sessions)
    .values(last_seen_at=sa.bindparam("at"))
    .where(sessions.c.id == sa.bindparam("session_id"), sessions.c.last_seen_at < sa.bindparam("at"))
)


@dataclass(frozen=True, slots=True)
class SqlSessions(Sessions):
    work: Work

    def find(self, session_id: SessionId) -> SignedIn | None:
        row = self.work.run(FIND, {"id": session_id}).one_or_none()
        if row is None:
            return None
        session = Session(
            id=session_id,
            account_id=row.account_id,
            started_at=row.started_at,
            expires_at=row.expires_at,
            last_seen_at=row.last_seen_at,
        )
        return SignedIn(session=session, account_active=row.active)

    def add(self, session: Session) -> None:
        self.work.run(ADD, asdict(session))

    def touch(self, session_id: SessionId, at: datetime) -> None:
        with self.work.turn():
            self.work.run(TOUCH, {"session_id": session_id, "at": at})
