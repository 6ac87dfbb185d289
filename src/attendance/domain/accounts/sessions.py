"""Sessions, and how long they last."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import AccountId, SessionId

SEEN_AGAIN_AFTER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLifetime:
    """`absolute`: how long a session lasts at most; `idle`: how long without being used."""

    absolute: timedelta = timedelta(hours=12)
    idle: timedelta = timedelta(hours=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session of an account, from its sign-in on. An access token refers to it."""

    id: SessionId
    account_id: AccountId
    started_at: datetime
    expires_at: datetime
    last_seen_at: datetime

    def is_live(self, *, at: datetime, lifetime: SessionLifetime) -> bool:
        """Whether it has not expired at this instant."""
        return at < self.expires_at and at < self.last_seen_at + lifetime.idle

    def is_worth_touching(self, *, at: datetime) -> bool:
        """Whether its use is to be stored: at most once a minute."""
        return at >= self.last_seen_at + SEEN_AGAIN_AFTER

    def started(self, change_context: ChangeContext) -> Event:
        after = {"account_id": str(self.account_id), "expires_at": self.expires_at.isoformat()}
        return change_context.event(Action.SESSION_STARTED, self.id, after=after)


def ended(session_id: SessionId, account_id: AccountId, change_context: ChangeContext) -> Event:
    """The event of a session that somebody ended; expiry has no event."""
    before = {"account_id": str(account_id)}
    return change_context.event(Action.SESSION_ENDED, session_id, before=before)
