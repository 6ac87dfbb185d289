"""Links in mails: each has a secret token with which its reader may do one thing once."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from attendance.domain.accounts.accounts import Account, email_key
from attendance.domain.errors import AttendanceError
from attendance.domain.ids import AccountId


class Gone(AttendanceError):
    """The token is not valid, or not any more: ask for a new one."""

    text = "gone"


class InvalidConfirmationToken(Gone):
    text = "invalid or expired confirmation token"


class InvalidResetToken(Gone):
    text = "invalid or expired reset token"


class Purpose(StrEnum):
    CONFIRM_EMAIL = "confirm_email"
    SET_PASSWORD = "set_password"  # noqa: S105 # a purpose, no password


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkLifetimes:
    """How long links can be used after they are mailed."""

    confirmation: timedelta = timedelta(hours=48)
    reset: timedelta = timedelta(hours=2)
    invitation: timedelta = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The link that a token stands for. An account has one of each purpose: a newer one replaces the older.

    `email`: the address it was mailed to. Only the digest of the token is stored.
    """

    account_id: AccountId
    purpose: Purpose
    digest: str
    email: str
    expires_at: datetime
    used_at: datetime | None = None

    def is_of(self, email: str | None) -> bool:
        """Whether it was mailed to this address."""
        return email is not None and email_key(email) == email_key(self.email)

    def confirms(self, account: Account, *, at: datetime) -> bool:
        """Whether it confirms an address of the account; False: that is confirmed already.

        Raises InvalidConfirmationToken where it cannot be used.
        """
        if at >= self.expires_at or not account.active:
            raise InvalidConfirmationToken
        if self.is_of(account.email) and account.email_confirmed_at:
            return False
        if self.used_at is None and (self.is_of(account.pending_email) or self.is_of(account.email)):
            return True
        raise InvalidConfirmationToken

    def require_to_set_password(self, account: Account, *, at: datetime) -> None:
        """Raise InvalidResetToken unless it can set the account's password now."""
        is_usable = self.used_at is None and at < self.expires_at
        if not is_usable or not account.active or not self.is_of(account.email):
            raise InvalidResetToken

    def used(self, *, at: datetime) -> "Link":
        return replace(self, used_at=at)


def digest_of(token: str) -> str:
    """The SHA-256 of a token, in hexadecimal."""
    return sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
