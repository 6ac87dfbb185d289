"""How often something may be tried: so many times within any stretch of time, whoever counts."""

import math
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256

from attendance.domain.errors import AttendanceError


class LimitReached(AttendanceError):
    """It was done too often: wait. `retry_after` says how many whole seconds."""

    text = "too many requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` times within any stretch of `within`."""

    most: int
    within: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Everything that is limited, and how."""

    failed_sign_ins_per_account: Limit = Limit(10, timedelta(minutes=5))
    failed_sign_ins_per_address: Limit = Limit(100, timedelta(minutes=5))
    registrations_per_address: Limit = Limit(200, timedelta(hours=1))
    confirmation_mails_per_account: Limit = Limit(3, timedelta(hours=6))
    reset_mails_per_account: Limit = Limit(5, timedelta(days=1))

    @property
    def longest(self) -> timedelta:
        """How long it takes until no tally counts any more."""
        return max(
            self.failed_sign_ins_per_account.within,
            self.failed_sign_ins_per_address.within,
            self.registrations_per_address.within,
            self.confirmation_mails_per_account.within,
            self.reset_mails_per_account.within,
        )


@dataclass(frozen=True, slots=True)
class RateLimitWindow:
    """When something that is limited was done. `key` is a digest: what people type is not kept."""

    key: str
    times: tuple[datetime, ...] = ()

    def require_room(self, limit: Limit, *, at: datetime) -> None:
        """Raise LimitReached when once more would be too often."""
        counted = self._counted(limit, at)
        if len(counted) >= limit.most:
            wait = counted[-limit.most] + limit.within - at
            raise LimitReached(max(1, math.ceil(wait.total_seconds())))

    def taken(self, limit: Limit, *, at: datetime) -> "RateLimitWindow":
        """The tally with once more, now. Raises LimitReached."""
        self.require_room(limit, at=at)
        return replace(self, times=tuple(sorted((*self._counted(limit, at), at))))

    def given_back(self, at: datetime) -> "RateLimitWindow":
        """The tally without what was taken at `at`: it turned out not to count."""
        times = list(self.times)
        if at in times:
            times.remove(at)
        return replace(self, times=tuple(times))

    def _counted(self, limit: Limit, at: datetime) -> tuple[datetime, ...]:
        return tuple(time for time in self.times if time > at - limit.within)


def window_key(kind: str, subject: object) -> str:
    """The key under which `kind` is counted for `subject` (an id, an address, a name nobody has)."""
    return sha256(f"{kind}\0{subject}".encode("utf-8", "surrogatepass")).hexdigest()
