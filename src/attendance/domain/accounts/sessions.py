"""Sessions: who is signed in, and for how long."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import AccountId, SessionId

SEEN_AGAIN_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLifetime:
    """How long a session lasts at most, and how long unused."""

    absolute: timedelta = timedelta(hours=12)
    idle: timedelta = timedelta(hours=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One sign-in of one account. A token only points to it."""

    id: SessionId
    account_id: AccountId
    started_at: datetime
    expires_at: datetime
    last_seen_at: datetime

    def is_live(self, *, at: datetime, lifetime: SessionLifetime) -> bool:
        return at < self.expires_at and at < self.last_seen_at + lifetime.idle

    def is_worth_touching(self, *, at: datetime) -> bool:
        """Use is noted at most once a minute."""
        return at >= self.last_seen_at + SEEN_AGAIN_AFTER

    def started(self, change_context: ChangeContext) -> Event:
        after = {"account_id": str(self.account_id), "expires_at": self.expires_at.isoformat()}
        return change_context.event(Action.SESSION_STARTED, self.id, after=after)


def ended(session_id: SessionId, account_id: AccountId, change_context: ChangeContext) -> Event:
    """The event of a session that somebody ended; one that runs out just does."""
    before = {"account_id": str(account_id)}
    return change_context.event(Action.SESSION_ENDED, session_id, before=before)
