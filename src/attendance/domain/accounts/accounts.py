"""Accounts: username, address, role and state of whoever can sign in."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal

from attendance.domain.errors import Conflict, FieldError, Invalid, NotFound, Unauthenticated, raise_if_errors
from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import AccountId
from attendance.domain.permissions.roles import Level, Role
from attendance.domain.revisions import edited, payload, revised
from attendance.domain.text import domain_key, name_error, nfkc, trim, trimmed

LONGEST_USERNAME = 64
LONGEST_NAME = 200
LONGEST_EMAIL = 254


class Language(StrEnum):
    """The languages that mails are written in."""

    EN = "en"
    DE = "de"
    RU = "ru"


class UsernameTaken(Invalid):
    """Another account has this username, perhaps in a spelling that is compared as the same."""

    text = "username is taken"


class EmailTaken(Invalid):
    """Another account has this address, or can still confirm it."""

    text = "email is taken"


class InvalidCredentials(Unauthenticated):
    """Unknown name, wrong password, or deactivated account: the same refusal on purpose."""

    text = "invalid credentials"


class UserNotFound(NotFound):
    text = "user not found"


class NotInvited(Conflict):
    """The account awaits no answer to an invitation: it has a password, or the invitation was withdrawn."""

    text = "no invitation is open"


def accepted_name(name: str) -> str:
    """The name without the white space at its ends, which may be empty. Raises Invalid."""
    name = trimmed(name)
    if name:
        raise_if_errors(name_error("name", name, longest=LONGEST_NAME))
    return name


def email_key(email: str) -> str:
    """The address without what does not tell addresses apart: no two accounts have the same.

    The part before the @ in lower case, the domain by IDNA 2008, where `straße` and `strasse` are two.
    """
    local, at, domain = nfkc(email).rpartition("@")
    return f"{local.lower()}{at}{domain_key(domain)}"


def is_address(username: str, email: str | None) -> bool:
    """Whether a username is this address, in any spelling that is compared as the same."""
    return email is not None and email_key(username) == email_key(email)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account. Raises Invalid.

    `email` is confirmed unless `email_confirmed_at` is None; `pending_email` replaces it once the link mailed
    there is used. `password_hash` None: it has no password yet, and cannot sign in. `language`: that of its
    mails; None: the organisation's. `in_labs`: it came through the labs protocol, or has owned or joined a
    lab; only then it is in the public directory. `owner_since`: since when it has been an active owner
    without a break.
    """

    id: AccountId
    username: str
    password_hash: str | None = field(repr=False)
    email: str | None = None
    pending_email: str | None = None
    email_confirmed_at: datetime | None = None
    name: str = ""
    language: Language | None = None
    role: Role = Role.USER
    active: bool = True
    in_labs: bool = False
    owner_since: datetime | None = None
    created_at: datetime
    updated_at: datetime
    version: int = 1

    def __post_init__(self) -> None:
        trim(self, "name")
        accepted_name(self.name)

    @property
    def level(self) -> Level:
        """That of its role, or 1 until its address is confirmed."""
        return level_of(self.role, is_confirmed=self.email_confirmed_at is not None)

    @property
    def has_claimed_address(self) -> bool:
        """Whether it has an address that it neither confirmed nor was invited by."""
        is_unconfirmed = self.email is not None and self.email_confirmed_at is None
        return is_unconfirmed and self.password_hash is not None

    @property
    def is_invited(self) -> bool:
        """Whether it awaits that whoever was invited sets its first password."""
        return self.password_hash is None and self.active and self.email is not None

    def invitation_withdrawn(self, change_context: ChangeContext) -> tuple["Account", Event]:
        """The account switched off, its username and address free for others, and the event.

        Its username is another then, with the end of its id. Raises NotInvited.
        """
        if not self.is_invited:
            raise NotInvited
        changes = {"active": False, "email": None, "username": self._username_of_nobody}
        return revised(self, changes, Action.ACCOUNT_INVITATION_WITHDRAWN, change_context)

    @property
    def _username_of_nobody(self) -> str:
        return f"user-{self.id.hex[-12:]}"

    def registered(self, change_context: ChangeContext) -> Event:
        return self._added(Action.ACCOUNT_REGISTERED, change_context)

    def invited(self, change_context: ChangeContext) -> Event:
        return self._added(Action.ACCOUNT_INVITED, change_context)

    def _added(self, action: Action, change_context: ChangeContext) -> Event:
        after = payload(self, {"username", "email", "name", "role", "active"})
        return change_context.event(action, self.id, after=after)

    def rehashed(self, password_hash: str, change_context: ChangeContext) -> tuple["Account", Event]:
        """The account with a new hash of the same password, and the event, without the hash."""
        changes = {"password_hash": password_hash}
        return revised(self, changes, Action.ACCOUNT_REHASHED, change_context)

    def with_password(
        self, password_hash: str, change_context: ChangeContext, *, is_by_mail: bool = False
    ) -> tuple["Account", Event]:
        """The account with another password, and the event.

        `is_by_mail`: by a mailed link, which confirms the address. A pending address is removed: it may have
        been set by somebody else who knew the old password.
        """
        changes: dict[str, Any] = {"password_hash": password_hash, "pending_email": None}
        if is_by_mail and self.email_confirmed_at is None:
            changes["email_confirmed_at"] = change_context.at
        return revised(self, changes, Action.ACCOUNT_PASSWORD_SET, change_context)

    def confirmed(self, email: str, change_context: ChangeContext) -> tuple["Account", Event]:
        """The account with `email`, its pending or its present address, confirmed, and the event."""
        changes: dict[str, Any] = {"email_confirmed_at": change_context.at}
        if self.pending_email is not None and email_key(self.pending_email) == email_key(email):
            changes |= {"email": self.pending_email, "pending_email": None}
        return revised(self, changes, Action.ACCOUNT_EMAIL_CONFIRMED, change_context)

    def entered_labs(self, *, at: datetime) -> "Account":
        """The account as one that has owned or joined a lab. The lab's event tells it."""
        return replace(self, in_labs=True, updated_at=at, version=self.version + 1)

    def lapsed(self, change_context: ChangeContext) -> tuple["Account", Event]:
        """The account without its address, which was not confirmed in time, and the event.

        Where its username is that address, it is given another, with the end of its id.
        """
        changes: dict[str, Any] = {"email": None}
        if is_address(self.username, self.email):
            changes["username"] = self._username_of_nobody
        return revised(self, changes, Action.ACCOUNT_EMAIL_LAPSED, change_context.by_itself())

    def edited(
        self,
        *,
        username: str | None,
        name: str | None,
        email: str | None,
        language: Language | Literal[""] | None = None,
        change_context: ChangeContext,
    ) -> tuple["Account", Event | None]:
        """The account with another username, name, address or language, and the event.

        None keeps a field, "" clears it. A new address is pending until it is confirmed, and the present one
        ends that; one that was never confirmed is replaced at once. Raises Invalid.
        """
        changes: dict[str, Any] = {}
        if username is not None:
            changes["username"] = username
        if name is not None:
            changes["name"] = name
        if language is not None:
            changes["language"] = language or None
        if email == "" and self.email is not None:
            raise Invalid(FieldError("email", "can be changed, not removed"))
        if email is not None:
            is_present = email == "" or (self.email is not None and email_key(email) == email_key(self.email))
            is_confirmed = self.email_confirmed_at is not None
            changes["pending_email"] = email if is_confirmed and not is_present else None
            if not is_confirmed and not is_present:
                changes["email"] = email
        return edited(self, changes, Action.ACCOUNT_EDITED, change_context)


def level_of(role: Role, *, is_confirmed: bool) -> Level:
    """The level of an account with this role."""
    return role.level if is_confirmed else Level.UNCONFIRMED
