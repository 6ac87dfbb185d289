"""Accounts, and what hangs on them: sessions, links, role changes, favorites."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from attendance.application.pagination import Page
from attendance.application.ports.repository import Repository
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.links import Link
from attendance.domain.accounts.mail import Mail, MailState
from attendance.domain.accounts.rate_limits import RateLimitWindow
from attendance.domain.accounts.role_changes import RoleChange, State
from attendance.domain.accounts.sessions import Session
from attendance.domain.ids import AccountId, MailId, SessionId
from attendance.domain.permissions.roles import Level, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCriteria:
    """`part` (folded) of the username or name; None: any."""

    part: str = ""
    role: Role | None = None
    active: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChangeCriteria:
    """By what they are at a moment, whether or not it was noted; None: any."""

    at: datetime
    state: State | None = None


@dataclass(frozen=True, slots=True)
class AccountRow:
    id: AccountId
    username: str


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """Some of the accounts that match, and how many match in all."""

    users: tuple[AccountRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session, and what its account may at this moment."""

    session: Session
    account_active: bool
    level: Level


class Accounts(Repository[Account, UserCriteria], Protocol):
    """`add` and `save` raise UsernameTaken, EmailTaken when another account has the same key.

    Sorted by username, name, email or created_at. `get` raises UserNotFound.
    """

    @abstractmethod
    def find_by_username(self, username_key: str) -> Account | None:
        """The account of this username (folded)."""

    @abstractmethod
    def find_by_email(self, email_key: str) -> Account | None:
        """Whose address it is (folded), confirmed or not; a pending one does not count."""

    @abstractmethod
    def search(self, part: str, page: Page) -> AccountsPage:
        """Active accounts whose username holds `part` (folded), by username; all when it is empty."""

    @abstractmethod
    def guard_owners(self) -> tuple[Account, ...]:
        """The active owners, by id. Call this first.

        Nobody else changes a role or state until this unit ends.
        """


class Sessions(Protocol):
    @abstractmethod
    def find(self, session_id: SessionId) -> SignedIn | None:
        """One statement: every request asks this."""

    @abstractmethod
    def add(self, session: Session) -> None: ...

    @abstractmethod
    def touch(self, session_id: SessionId, at: datetime) -> None:
        """Note that the session was used; never moves back, and is no change of state."""

    @abstractmethod
    def end(self, session_id: SessionId) -> bool:
        """Remove it; whether it was there."""

    @abstractmethod
    def end_all(self, account_id: AccountId, *, but: SessionId | None = None) -> tuple[SessionId, ...]:
        """Remove all of an account's sessions except `but`; those that were removed."""

    @abstractmethod
    def purge(self, before: datetime) -> None:
        """Remove sessions that expired before."""


class Links(Protocol):
    @abstractmethod
    def put(self, link: Link) -> None:
        """In place of the account's link of the same purpose, if it has one."""

    @abstractmethod
    def find(self, digest: str) -> Link | None: ...

    @abstractmethod
    def of(self, account_id: AccountId) -> tuple[Link, ...]: ...

    @abstractmethod
    def use(self, link: Link) -> bool:
        """Store that it is used, unless it was by now, or a newer one has taken its place: then False."""

    @abstractmethod
    def void(self, link: Link) -> None:
        """Remove it."""


class RoleChanges(Repository[RoleChange, RoleChangeCriteria], Protocol):
    """`add` raises RoleChangeAwaits when another one awaits for the same account. Sorted by created_at."""

    @abstractmethod
    def awaiting(self) -> tuple[RoleChange, ...]:
        """Those stored as awaiting, oldest first, ties by id; the time of some may be over."""


class RateLimitWindows(Protocol):
    @abstractmethod
    def find(self, key: str) -> RateLimitWindow:
        """An empty one where nothing was counted."""

    @abstractmethod
    def get_for_update(self, key: str) -> RateLimitWindow:
        """Like `find`, and nobody else holds it until this unit ends. Take several in the order of keys."""

    @abstractmethod
    def save(self, window: RateLimitWindow) -> None:
        """Only what is held is saved."""

    @abstractmethod
    def purge(self, before: datetime) -> None:
        """Remove tallies whose last time was before."""


class Outbox(Protocol):
    @abstractmethod
    def add(self, mail: Mail) -> None: ...

    @abstractmethod
    def is_due(self, at: datetime) -> bool:
        """Whether a waiting mail is due. Locks nothing: it is asked all the time."""

    @abstractmethod
    def claim(self, at: datetime, until: datetime) -> Mail | None:
        """The waiting mail that is due longest, with one attempt more; nobody else gets it before `until`."""

    @abstractmethod
    def save(self, mail: Mail) -> None:
        """What became of a mail: its state, facts, error and next due time. Ends the claim on it."""

    @abstractmethod
    def get_for_update(self, mail_id: MailId) -> Mail:
        """Nobody else changes it until this unit ends. Raise MailNotFound."""

    @abstractmethod
    def in_state(self, state: MailState) -> tuple[Mail, ...]:
        """All of them, oldest first."""

    @abstractmethod
    def purge(self, before: datetime) -> None:
        """Remove mails sent that were created before."""
