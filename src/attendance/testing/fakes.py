"""A clock, a notifier and a hasher that cost nothing and do as they are told."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from attendance.application.ports import Hasher, Notifier, NotSent
from attendance.domain.accounts.mail import Mail


@dataclass
class FrozenClock:
    """Tells `now`, which stands still until it is moved: a Monday noon in March 2026 at first."""

    now: datetime = datetime(2026, 3, 2, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def advance(self, **time: float) -> None:
        """Move it by what `timedelta` takes: `advance(days=3, minutes=1)`."""
        self.now += timedelta(**time)


@dataclass
class RecordingNotifier(Notifier):
    """Keeps the mails that it was to send in `sent`; while `failure` is set, raises that instead."""

    sent: list[Mail] = field(default_factory=list)
    failure: NotSent | None = None

    def send(self, mail: Mail) -> None:
        if self.failure is not None:
            raise self.failure
        self.sent.append(mail)


class FastHasher(Hasher):
    """Hashes at once and protects nothing: for tests alone."""

    def hash(self, password: str) -> str:
        return f"not hashed: {password}"

    def verify(self, password: str, password_hash: str | None) -> bool:
        return password_hash == self.hash(password)

    def is_outdated(self, password_hash: str) -> bool:
        return not password_hash.startswith(self.hash(""))
