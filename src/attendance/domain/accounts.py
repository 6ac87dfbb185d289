"""Accounts: who can sign in, under which name, with which password."""

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from attendance.domain.errors import Fault, Invalid, Unauthenticated
from attendance.domain.events import Action, Event
from attendance.domain.ids import AccountId, EventId
from attendance.domain.text import folded

LONGEST_USERNAME = 64
LONGEST_PASSWORD_BYTES = 1024


class UsernameTaken(Invalid):
    """Somebody registered this name before, perhaps in other letters that read the same."""

    text = "username is taken"


class InvalidCredentials(Unauthenticated):
    """Unknown name, wrong password, deactivated: deliberately one answer."""

    text = "invalid credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who can sign in. `version` counts its revisions from 1."""

    id: AccountId
    username: str
    password_hash: str
    active: bool = True
    created_at: datetime
    updated_at: datetime
    version: int = 1

    @property
    def username_key(self) -> str:
        """The username as it is compared: two accounts never share one."""
        return folded(self.username)

    def registered(self, *, event_id: EventId) -> Event:
        return Event(
            id=event_id,
            at=self.created_at,
            actor_id=self.id,
            action=Action.ACCOUNT_REGISTERED,
            subject_id=self.id,
            after={"username": self.username, "active": self.active},
        )

    def rehashed(self, password_hash: str, *, at: datetime, event_id: EventId) -> tuple["Account", Event]:
        """The same password under today's hashing parameters. The event says that, never the hash."""
        account = replace(self, password_hash=password_hash, updated_at=at, version=self.version + 1)
        event = Event(
            id=event_id, at=at, actor_id=self.id, action=Action.ACCOUNT_REHASHED, subject_id=self.id
        )
        return account, event


@dataclass(frozen=True, slots=True, kw_only=True)
class PasswordRules:
    """What a new password must be. Signing in applies none of it."""

    shortest: int
    is_common: Callable[[str], bool]

    def accepted(self, password: str) -> str:
        """The password in NFC, as it is hashed; raise Invalid when it breaks a rule."""
        normal = normal_password(password)
        if normal is None:
            raise Invalid(Fault("password", f"must be text of at most {LONGEST_PASSWORD_BYTES} bytes"))
        if "\0" in normal:
            raise Invalid(Fault("password", "must not contain U+0000"))
        if len(normal) < self.shortest:
            raise Invalid(Fault("password", f"must have at least {self.shortest} characters"))
        if self.is_common(normal):
            raise Invalid(Fault("password", "is among the most common passwords"))
        return normal


def normal_password(password: str) -> str | None:
    """The password in NFC, or None when no account can have it: too long, or no proper text."""
    try:
        normal = unicodedata.normalize("NFC", password)
        return normal if len(normal.encode()) <= LONGEST_PASSWORD_BYTES else None
    except UnicodeEncodeError:
        return None
