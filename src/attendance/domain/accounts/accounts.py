"""Accounts: who can sign in, under which name, with which address, role and state."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from attendance.domain.errors import FieldError, Invalid, NotFound, Unauthenticated
from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import AccountId
from attendance.domain.permissions.roles import Level, Role
from attendance.domain.revisions import edited, payload, revised
from attendance.domain.text import folded, name_error, raise_if_errors

LONGEST_USERNAME = 64
LONGEST_NAME = 200
LONGEST_EMAIL = 254


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

    def registered(self, change_context: ChangeContext) -> Event:
        return self._came(Action.ACCOUNT_REGISTERED, change_context)

    def invited(self, change_context: ChangeContext) -> Event:
        return self._came(Action.ACCOUNT_INVITED, change_context)

    def _came(self, action: Action, change_context: ChangeContext) -> Event:
        after = payload(self, {"username", "email", "name", "role", "active"})
        return change_context.event(action, self.id, after=after)

    def rehashed(self, password_hash: str, change_context: ChangeContext) -> tuple["Account", Event]:
        """The same password under today's hashing parameters. The event says that, never the hash."""
        changes = {"password_hash": password_hash}
        return revised(self, changes, Action.ACCOUNT_REHASHED, change_context)

    def with_password(
        self, password_hash: str, change_context: ChangeContext, *, is_by_mail: bool = False
    ) -> tuple["Account", Event]:
        """Another password. Whoever set it by a link in a mail has confirmed the address it was sent to.

        An address that was pending is given up: it may be the plant of whoever knew the old password.
        """
        changes: dict[str, Any] = {"password_hash": password_hash, "pending_email": None}
        if is_by_mail and self.email_confirmed_at is None:
            changes["email_confirmed_at"] = change_context.at
        return revised(self, changes, Action.ACCOUNT_PASSWORD_SET, change_context)

    def confirmed(self, email: str, change_context: ChangeContext) -> tuple["Account", Event]:
        """With `email`, the pending address or the present one, confirmed."""
        changes: dict[str, Any] = {"email_confirmed_at": change_context.at}
        if self.pending_email is not None and email_key(self.pending_email) == email_key(email):
            changes |= {"email": self.pending_email, "pending_email": None}
        return revised(self, changes, Action.ACCOUNT_EMAIL_CONFIRMED, change_context)

    def lapsed(self, change_context: ChangeContext) -> tuple["Account", Event]:
        """Without the address that was never confirmed: somebody else wants it, and its last link is over."""
        return revised(self, {"email": None}, Action.ACCOUNT_EMAIL_LAPSED, change_context.by_itself())

    def edited(
        self,
        *,
        username: str | None,
        name: str | None,
        email: str | None,
        change_context: ChangeContext,
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
        return edited(self, changes, Action.ACCOUNT_EDITED, change_context)


def level_of(role: Role, *, is_confirmed: bool) -> Level:
    """What an account may, from what is stored of it."""
    return role.level if is_confirmed else Level.UNCONFIRMED
