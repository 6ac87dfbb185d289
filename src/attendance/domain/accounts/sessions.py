"""Sessions, and how long they last."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from attendance.domain.errors import NotFound, Unauthenticated
from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import AccountId, SessionId
from attendance.domain.text import trimmed

SEEN_AGAIN_AFTER = timedelta(minutes=1)
LONGEST_USER_AGENT = 256
LONGEST_ADDRESS = 64


class SessionExpired(Unauthenticated):
    """The token is genuine, and its session is over: it was ended or has expired. Sign in again."""


class InvalidToken(Unauthenticated):
    """The token was not given out here, or is not a session's of the account that it names."""


class SessionNotFound(NotFound):
    """The session is another account's, or it is over."""

    text = "session not found"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLifetime:
    """`absolute`: how long a session lasts at most; `idle`: how long without being used."""

    absolute: timedelta = timedelta(hours=12)
    idle: timedelta = timedelta(hours=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLifetimes:
    """How long sessions last: the `usual` ones, and `remembered` ones on a device of one's own."""

    usual: SessionLifetime = SessionLifetime()
    remembered: SessionLifetime = SessionLifetime(absolute=timedelta(days=30), idle=timedelta(days=14))

    def of(self, *, remembered: bool) -> SessionLifetime:
        return self.remembered if remembered else self.usual

    @property
    def longest(self) -> timedelta:
        """How long any session lasts at most."""
        return max(self.usual.absolute, self.remembered.absolute)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session of an account, from its sign-in on. An access token refers to it.

    `remembered`: on a device of one's own, for longer. `address` (an IPv6 one by its /64) and `user_agent`
    are those of the sign-in, None and "" where they are not known.
    """

    id: SessionId
    account_id: AccountId
    started_at: datetime
    expires_at: datetime
    last_seen_at: datetime
    remembered: bool = False
    address: str | None = field(default=None, repr=False)
    user_agent: str = field(default="", repr=False)

    @classmethod
    def begun(
        cls,
        session_id: SessionId,
        account_id: AccountId,
        *,
        at: datetime,
        lifetimes: SessionLifetimes,
        remembered: bool,
        address: str | None,
        user_agent: str,
    ) -> "Session":
        """The session that a sign-in starts. Of `address` and `user_agent` it keeps what is printable."""
        return cls(
            id=session_id,
            account_id=account_id,
            started_at=at,
            expires_at=at + lifetimes.of(remembered=remembered).absolute,
            last_seen_at=at,
            remembered=remembered,
            address=None if address is None else printable(address, longest=LONGEST_ADDRESS),
            user_agent=printable(user_agent, longest=LONGEST_USER_AGENT),
        )

    def is_live(self, *, at: datetime, lifetimes: SessionLifetimes) -> bool:
        """Whether it has not expired at this instant."""
        idle = lifetimes.of(remembered=self.remembered).idle
        return at < self.expires_at and at < self.last_seen_at + idle

    def is_worth_touching(self, *, at: datetime) -> bool:
        """Whether its use is to be stored: at most once a minute."""
        return at >= self.last_seen_at + SEEN_AGAIN_AFTER

    def started(self, change_context: ChangeContext) -> Event:
        after = {
            "account_id": str(self.account_id),
            "expires_at": self.expires_at.isoformat(),
            "remembered": self.remembered,
        }
        return change_context.event(Action.SESSION_STARTED, self.id, after=after)


def printable(text: str, *, longest: int) -> str:
    """What is kept of what a client says of itself: its characters that are printed, at most `longest`."""
    shown = trimmed("".join(filter(str.isprintable, text)))
    return trimmed(shown[:longest])


def ended(session_id: SessionId, account_id: AccountId, change_context: ChangeContext) -> Event:
    """The event of a session that somebody ended; expiry has no event."""
    before = {"account_id": str(account_id)}
    return change_context.event(Action.SESSION_ENDED, session_id, before=before)
