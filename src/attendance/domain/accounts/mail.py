"""Mails in the outbox: their facts, their state, and when to try again."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from attendance.domain.errors import NotFound
from attendance.domain.ids import MailId

LONGEST_LEASE = timedelta(minutes=5)
_FIRST_PAUSE = timedelta(seconds=5)
_LONGEST_PAUSE = timedelta(minutes=10)
_MOST_ATTEMPTS = 500


class MailNotFound(NotFound):
    text = "mail not found"


class MailKind(StrEnum):
    CONFIRM_EMAIL = "confirm_email"
    RESET_PASSWORD = "reset_password"  # noqa: S105 # a kind of mail, no password
    INVITATION = "invitation"
    EMAIL_CHANGES = "email_changes"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105 # a kind of mail, no password
    ROLE_GRANTED = "role_granted"
    ROLE_CHANGE_AWAITS = "role_change_awaits"
    ACCOUNT_LINKED = "account_linked"
    ROLE_GRANT_AWAITS = "role_grant_awaits"


class MailState(StrEnum):
    """`dead`: it failed and is not tried again."""

    WAITING = "waiting"
    SENT = "sent"
    DEAD = "dead"


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail and its state.

    `facts`: the names and the token that its text needs; None once it is sent. `attempts`: how many tries
    have begun; the next one begins at `due_at`. `error`: why the last one failed.
    """

    id: MailId
    kind: MailKind
    to: str
    facts: Mapping[str, str] | None
    created_at: datetime
    due_at: datetime
    state: MailState = MailState.WAITING
    attempts: int = 0
    error: str | None = None

    def next_try(self, *, at: datetime) -> datetime | None:
        """When to try again after a failure now: pauses double from 5 s to 10 min. None after 500 tries."""
        if self.attempts >= _MOST_ATTEMPTS:
            return None
        doublings = min(max(self.attempts - 1, 0), 10)
        return at + min(_LONGEST_PAUSE, _FIRST_PAUSE * (1 << doublings))
