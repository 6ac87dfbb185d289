"""Sessions by id."""

from dataclasses import dataclass, replace
from datetime import datetime

from attendance.adapters.memory.tables import Tables
from attendance.application.ports import Sessions, SignedIn
from attendance.domain.accounts.sessions import Session, SessionLifetimes
from attendance.domain.ids import AccountId, SessionId


@dataclass(frozen=True, slots=True)
class MemorySessions(Sessions):
    tables: Tables

    def find(self, session_id: SessionId) -> SignedIn | None:
        session = self.tables.sessions.get(session_id)
        if session is None:
            return None
        account = self.tables.accounts.rows[session.account_id]
        return SignedIn(
            session=session,
            account_active=account.active,
            level=account.level,
            language=account.language,
            awaits_confirmation=account.email is not None and account.email_confirmed_at is None,
        )

    def add(self, session: Session) -> None:
        self.tables.sessions.add(session.id, session)

    def touch(self, session_id: SessionId, at: datetime) -> None:
        session = self.tables.sessions.get(session_id)
        if session and session.last_seen_at < at:
            self.tables.sessions.put(session_id, replace(session, last_seen_at=at))

    def end(self, session_id: SessionId) -> bool:
        if self.tables.sessions.get(session_id) is None:
            return False
        self.tables.sessions.remove(session_id)
        return True

    def end_all(self, account_id: AccountId, *, but: SessionId | None = None) -> tuple[SessionId, ...]:
        ended = sorted(
            (session.started_at, session.id)
            for session in self.tables.sessions.all()
            if session.account_id == account_id and session.id != but
        )
        return tuple(session_id for _, session_id in ended if self.end(session_id))

    def of(self, account_id: AccountId) -> tuple[Session, ...]:
        found = [session for session in self.tables.sessions.all() if session.account_id == account_id]
        return tuple(sorted(found, key=lambda session: (session.started_at, session.id), reverse=True))

    def purge(self, at: datetime, lifetimes: SessionLifetimes, *, most: int) -> int:
        return self.tables.sessions.remove_some(
            lambda session: not session.is_live(at=at, lifetimes=lifetimes), most
        )
