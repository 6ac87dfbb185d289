"""Accounts: who can sign in, under which name, with which address, role and state."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from attendance.domain.errors import FieldError, Invalid, NotFound, Unauthenticated
from attendance.domain.events import Action, Event
from attendance.domain.ids import AccountId, EventId
from attendance.domain.permissions.roles import Level, Role
from attendance.domain.text import folded, name_error, raise_if_errors

LONGEST_USERNAME = 64
LONGEST_NAME = 200
LONGEST_EMAIL = 254
_UNTOLD = frozenset({"password_hash", "owner_since"})


class UsernameTaken(Invalid):
    """Somebody registered this name before, perhaps in other letters that read the same."""

    text = "username is taken"


class EmailTaken(Invalid):
    """Another account has this address, or may still confirm it."""

    text = "email is taken"


class InvalidCredentials(Unauthenticated):
    """Unknown name, wrong password, deactivated: deliberately one answer."""

    text = "invalid credentials"


class UserNotFound(NotFound):
    text = "user not found"


def accepted_name(name: str) -> str:
    """What somebody is called, empty where it is not known; raise Invalid for what no name can be."""
    if name:
        raise_if_errors(name_error("name", name, longest=LONGEST_NAME))
    return name


def email_key(email: str) -> str:
    """An address as it is compared: two accounts never share one."""
    return folded(email)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody who can sign in. `version` counts its revisions from 1.

    `email` is confirmed when `email_confirmed_at` says when; `pending_email` will take its place once its own
    link is used. Without a password (`password_hash` None) nobody can sign in. `owner_since` is since when it
    has been an active owner without a break.
    """

    id: AccountId
    username: str
    password_hash: str | None = field(repr=False)
    email: str | None = None
    pending_email: str | None = None
    email_confirmed_at: datetime | None = None
    name: str = ""
    role: Role = Role.USER
    active: bool = True
    owner_since: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    def __post_init__(self) -> None:
        accepted_name(self.name)

    @property
    def username_key(self) -> str:
        """The username as it is compared: two accounts never share one."""
        return folded(self.username)

    @property
    def email_key(self) -> str | None:
        return None if self.email is None else email_key(self.email)

    @property
    def level(self) -> Level:
        return level_of(self.role, is_confirmed=self.email_confirmed_at is not None)

    def registered(self, *, event_id: EventId) -> Event:
        return self._came(Action.ACCOUNT_REGISTERED, self.id, event_id)

    def invited(self, *, by: AccountId, event_id: EventId) -> Event:
        return self._came(Action.ACCOUNT_INVITED, by, event_id)

    def _came(self, action: Action, by: AccountId, event_id: EventId) -> Event:
        after = {
            "username": self.username,
            "email": self.email,
            "name": self.name,
            "role": self.role.value,
            "active": self.active,
        }
        return Event(
            id=event_id, at=self.created_at, actor_id=by, action=action, subject_id=self.id, after=after
        )

    def rehashed(self, password_hash: str, *, at: datetime, event_id: EventId) -> tuple["Account", Event]:
        """The same password under today's hashing parameters. The event says that, never the hash."""
        return self.changed(
            Action.ACCOUNT_REHASHED, by=self.id, at=at, event_id=event_id, password_hash=password_hash
        )

    def with_password(
        self, password_hash: str, *, at: datetime, event_id: EventId, is_by_mail: bool = False
    ) -> tuple["Account", Event]:
        """Another password. Whoever set it by a link in a mail has confirmed the address it was sent to.

        An address that was pending is given up: it may be the plant of whoever knew the old password.
        """
        confirmed: dict[str, Any] = {}
        if is_by_mail and self.email_confirmed_at is None:
            confirmed = {"email_confirmed_at": at}
        return self.changed(
            Action.ACCOUNT_PASSWORD_SET,
            by=self.id,
            at=at,
            event_id=event_id,
            password_hash=password_hash,
            pending_email=None,
            **confirmed,
        )

    def confirmed(self, email: str, *, at: datetime, event_id: EventId) -> tuple["Account", Event]:
        """With `email`, the pending address or the present one, confirmed."""
        is_pending = self.pending_email is not None and email_key(self.pending_email) == email_key(email)
        changes = {"email": self.pending_email, "pending_email": None} if is_pending else {}
        return self.changed(
            Action.ACCOUNT_EMAIL_CONFIRMED,
            by=self.id,
            at=at,
            event_id=event_id,
            email_confirmed_at=at,
            **changes,
        )

    def lapsed(self, *, at: datetime, event_id: EventId) -> tuple["Account", Event]:
        """Without the address that was never confirmed: somebody else wants it, and its last link is over."""
        return self.changed(Action.ACCOUNT_EMAIL_LAPSED, by=None, at=at, event_id=event_id, email=None)

    def edited(
        self,
        *,
        username: str | None,
        name: str | None,
        email: str | None,
        by: AccountId,
        at: datetime,
        event_id: EventId,
    ) -> tuple["Account", Event | None]:
        """With another username, name or address; None keeps what is there, "" clears.

        A new address is pending until it is confirmed, and the present one again ends that; in place of one
        that was never confirmed it counts at once, unconfirmed. Raises Invalid.
        """
        changes: dict[str, Any] = {}
        if username is not None:
            changes["username"] = username
        if name is not None:
            changes["name"] = name
        if email == "" and self.email is not None:
            raise Invalid(FieldError("email", "can be changed, not removed"))
        if email is not None:
            is_present = email == "" or (self.email is not None and email_key(email) == email_key(self.email))
            is_held = self.email_confirmed_at is not None
            changes["pending_email"] = email if is_held and not is_present else None
            if not is_held and not is_present:
                changes["email"] = email
        if all(getattr(self, name) == value for name, value in changes.items()):
            return self, None
        return self.changed(Action.ACCOUNT_EDITED, by=by, at=at, event_id=event_id, **changes)

    def changed(
        self, action: Action, *, by: AccountId | None, at: datetime, event_id: EventId, **changes: Any
    ) -> tuple["Account", Event]:
        """The next revision, and the event that tells what is different, except for secrets."""
        after = replace(self, **changes, updated_at=at, version=self.version + 1)
        told = [
            name for name in changes if name not in _UNTOLD and getattr(self, name) != getattr(after, name)
        ]
        event = Event(
            id=event_id,
            at=at,
            actor_id=by,
            action=action,
            subject_id=self.id,
            before=_facts(self, told),
            after=_facts(after, told),
        )
        return after, event


def level_of(role: Role, *, is_confirmed: bool) -> Level:
    """What an account may, from what is stored of it."""
    return role.level if is_confirmed else Level.UNCONFIRMED


def _facts(account: Account, fields: list[str]) -> dict[str, str | int | bool | None] | None:
    """What an event says about some fields; None for none of them."""
    facts = {name: getattr(account, name) for name in fields}
    return {
        name: value.isoformat() if isinstance(value, datetime) else value for name, value in facts.items()
    } or None
