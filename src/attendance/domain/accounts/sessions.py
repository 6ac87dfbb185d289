"""Sessions: who is signed in, and for how long."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from attendance.domain.events import Action, Event
from attendance.domain.ids import AccountId, EventId, SessionId

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

    def started(self, *, event_id: EventId) -> Event:
        return Event(
            id=event_id,
            at=self.started_at,
            actor_id=self.account_id,
            action=Action.SESSION_STARTED,
            subject_id=self.id,
            after={"account_id": str(self.account_id), "expires_at": self.expires_at.isoformat()},
        )


def ended(
    session_id: SessionId, account_id: AccountId, *, by: AccountId, at: datetime, event_id: EventId
) -> Event:
    """The event of a session that somebody ended; one that runs out just does."""
    return Event(
        id=event_id,
        at=at,
        actor_id=by,
        action=Action.SESSION_ENDED,
        subject_id=session_id,
        before={"account_id": str(account_id)},
    )
