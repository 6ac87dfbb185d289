"""Rate limits: at most so many times within any period of a length."""

import math
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from hashlib import sha256

from attendance.domain.errors import AttendanceError

KNOWN_FOR = timedelta(days=30)
"""How long an address is known to an account after somebody signed in to it from there."""


class LimitReached(AttendanceError):
    """It was done too often: wait `retry_after` seconds, a whole number from 1."""

    text = "too many requests"

    def __init__(self, retry_after: int) -> None:
        super().__init__()
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `most` times within any period as long as `within`; `most` None: counted, never refused."""

    most: int | None
    within: timedelta

    @property
    def counting_only(self) -> "Limit":
        """The same period, in which nothing is refused."""
        return replace(self, most=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """All rate limits.

    Failed sign-ins are limited for one account from one address, for one account from all addresses together
    (`everywhere`), and from one address for all accounts.
    """

    failed_sign_ins_per_account: Limit = Limit(10, timedelta(minutes=5))
    failed_sign_ins_everywhere: Limit = Limit(100, timedelta(minutes=5))
    failed_sign_ins_per_address: Limit = Limit(100, timedelta(minutes=5))
    registrations_per_address: Limit = Limit(200, timedelta(hours=1))
    confirmation_mails_per_account: Limit = Limit(3, timedelta(hours=6))
    reset_mails_per_account: Limit = Limit(5, timedelta(days=1))

    @property
    def longest(self) -> timedelta:
        """The longest period: what is older counts against no limit."""
        return max(
            self.failed_sign_ins_per_account.within,
            self.failed_sign_ins_everywhere.within,
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
        if limit.most is not None and len(recent) >= limit.most:
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


def address_key(subject: object, address: str | None) -> str:
    """What an account's sign-ins from an address are noted by. None: all those from addresses not known."""
    return window_key("sign_in.account_from_address", f"{subject}\0{address or ''}")


def known_since(at: datetime) -> date:
    """The date from which on sign-ins make an address known at this instant, both in UTC."""
    return (at - KNOWN_FOR).date()
