"""Sessions by id."""

from dataclasses import dataclass, replace
from datetime import datetime

from attendance.adapters.memory.tables import Tables
from attendance.application.ports import Sessions, SignedIn
from attendance.domain.ids import SessionId
from attendance.domain.sessions import Session


@dataclass(frozen=True, slots=True)
class MemorySessions(Sessions):
    tables: Tables

    def find(self, session_id: SessionId) -> SignedIn | None:
        session = self.tables.sessions.get(session_id)
        account = session and self.tables.accounts.get(session.account_id)
        return SignedIn(session=session, account_active=account.active) if session and account else None

    def add(self, session: Session) -> None:
        self.tables.sessions.put(session.id, session)

    def touch(self, session_id: SessionId, at: datetime) -> None:
        session = self.tables.sessions.get(session_id)
        if session and session.last_seen_at < at:
            self.tables.sessions.put(session_id, replace(session, last_seen_at=at))
