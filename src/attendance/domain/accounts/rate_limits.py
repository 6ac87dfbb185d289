"""Rate limits: at most so many times within any period of a length."""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from attendance.domain.errors import AttendanceError


class LimitReached(AttendanceError):
    """It was done too often: wait `retry_after` seconds, a whole number from 1."""

    text = "too many requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` times within any period as long as `within`."""

    most: int
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All rate limits."""

    failed_sign_ins_per_account: Limit = Limit(10, timedelta(minutes=5))
    failed_sign_ins_per_address: Limit = Limit(100, timedelta(minutes=5))
    registrations_per_address: Limit = Limit(200, timedelta(hours=1))
    confirmation_mails_per_account: Limit = Limit(3, timedelta(hours=6))
    reset_mails_per_account: Limit = Limit(5, timedelta(days=1))

    @property
    def longest(self) -> timedelta:
        """The longest period: what is older counts against no limit."""
        return max(
            self.failed_sign_ins_per_account.within,
            self.failed_sign_ins_per_address.within,
            self.registrations_per_address.within,
            self.confirmation_mails_per_account.within,
            self.reset_mails_per_account.within,
        )


@dataclass(frozen=True, slots=True)
class RateLimitWindow:
    """The instants at which something limited was done, in order. `key` is a digest: no input is stored."""

    key: str
    times: tuple[datetime, ...] = ()

    def require_room(self, limit: Limit, *, at: datetime) -> None:
        """Raise LimitReached where the limit is used up."""
        recent = self._recent(limit, at)
        if len(recent) >= limit.most:
            wait = recent[-limit.most] + limit.within - at
            raise LimitReached(max(1, math.ceil(wait.total_seconds())))

    def taken(self, limit: Limit, *, at: datetime) -> "RateLimitWindow":
        """The window with this instant counted. Raises LimitReached."""
        self.require_room(limit, at=at)
        return replace(self, times=tuple(sorted((*self._recent(limit, at), at))))

    def given_back(self, at: datetime) -> "RateLimitWindow":
        """The window without this instant."""
        times = list(self.times)
        if at in times:
            times.remove(at)
        return replace(self, times=tuple(times))

    def _recent(self, limit: Limit, at: datetime) -> tuple[datetime, ...]:
        return tuple(time for time in self.times if time > at - limit.within)


def window_key(kind: str, subject: object) -> str:
    """The key of the window that counts `kind` for `subject`: an id, an address, an unknown name."""
    return sha256(f"{kind}\0{subject}".encode("utf-8", "surrogatepass")).hexdigest()
