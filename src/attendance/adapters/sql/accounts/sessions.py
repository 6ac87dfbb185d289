"""Sessions."""

from dataclasses import asdict, dataclass
from datetime import datetime

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Connection, delete_some
from attendance.adapters.sql.tables import accounts, sessions
from attendance.application.ports import Sessions, SignedIn
from attendance.domain.accounts.accounts import level_of
from attendance.domain.accounts.sessions import Session, SessionLifetimes
from attendance.domain.ids import AccountId, SessionId

FIND = (
    sa.select(
        sessions.c.account_id,
        sessions.c.started_at,
        sessions.c.expires_at,
        sessions.c.last_seen_at,
        sessions.c.remembered,
        sessions.c.address,
        sessions.c.user_agent,
        accounts.c.active,
        accounts.c.role,
        accounts.c.language,
        accounts.c.email.is_not(None).label("has_email"),
        accounts.c.email_confirmed_at.is_not(None).label("is_confirmed"),
    )
    .join_from(sessions, accounts)
    .where(sessions.c.id == sa.bindparam("id"))
)
OF = (
    sa.select(*sessions.c)
    .where(sessions.c.account_id == sa.bindparam("account_id"))
    .order_by(sessions.c.started_at.desc(), sessions.c.id.desc())
)
IDS_OF = (
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
PURGE = delete_some(
    sessions.c.id,
    sa.or_(
        sessions.c.expires_at <= sa.bindparam("at"),
        sa.and_(sessions.c.remembered, sessions.c.last_seen_at <= sa.bindparam("remembered_seen_at")),
        sa.and_(~sessions.c.remembered, sessions.c.last_seen_at <= sa.bindparam("seen_at")),
    ),
)


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
            remembered=row.remembered,
            address=row.address,
            user_agent=row.user_agent,
        )
        level = level_of(row.role, is_confirmed=row.is_confirmed)
        return SignedIn(
            session=session,
            account_active=row.active,
            level=level,
            language=row.language,
            awaits_confirmation=bool(row.has_email and not row.is_confirmed),
        )

    def add(self, session: Session) -> None:
        self.connection.run(ADD, asdict(session))

    def touch(self, session_id: SessionId, at: datetime) -> None:
        with self.connection.transaction():
            self.connection.run(TOUCH, {"session_id": session_id, "at": at})

    def end(self, session_id: SessionId) -> bool:
        return self.connection.run(END, {"session_id": session_id}).rowcount == 1

    def end_all(self, account_id: AccountId, *, but: SessionId | None = None) -> tuple[SessionId, ...]:
        rows = self.connection.run(IDS_OF, {"account_id": account_id}).rows
        return tuple(SessionId(row.id) for row in rows if row.id != but and self.end(SessionId(row.id)))

    def of(self, account_id: AccountId) -> tuple[Session, ...]:
        rows = self.connection.run(OF, {"account_id": account_id}).rows
        return tuple(Session(**row._asdict()) for row in rows)

    def purge(self, at: datetime, lifetimes: SessionLifetimes, *, most: int) -> int:
        seen = {
            "remembered_seen_at": at - lifetimes.remembered.idle,
            "seen_at": at - lifetimes.usual.idle,
        }
        return self.connection.run(PURGE, {"at": at, "most": most, **seen}).rowcount
