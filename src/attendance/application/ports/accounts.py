"""Accounts, and what belongs to them: sessions, links, role changes, rate-limit windows, mail."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Protocol

from attendance.application.pagination import Page
from attendance.application.ports.repository import Repository, Resource, Unique
from attendance.domain.accounts.accounts import (
    Account,
    EmailTaken,
    Language,
    UsernameTaken,
    UserNotFound,
    email_key,
)
from attendance.domain.accounts.kept_answers import KeptAnswer
from attendance.domain.accounts.links import Link
from attendance.domain.accounts.mail import Mail, MailState
from attendance.domain.accounts.rate_limits import RateLimitWindow
from attendance.domain.accounts.role_changes import RoleChange, RoleChangeAwaits, RoleChangeNotFound, State
from attendance.domain.accounts.sessions import Session, SessionLifetimes
from attendance.domain.ids import AccountId, MailId, SessionId
from attendance.domain.permissions.roles import Level, Role
from attendance.domain.text import Words, folded, has_words, searched_text, sort_key


@dataclass(frozen=True, slots=True, kw_only=True)
class UserCriteria:
    """Accounts with each of the words in username or name, among `user_ids`; None: any."""

    words: Words | None = None
    user_ids: frozenset[AccountId] | None = None
    role: Role | None = None
    active: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChangeCriteria:
    """Role changes that have a state at the instant `at`, whether or not it was noted; None: any."""

    at: datetime
    state: State | None = None


ACCOUNTS = Resource(
    "accounts",
    Account,
    UserNotFound,
    UserCriteria,
    sort={
        "username": "username_sort_key",
        "name": "name_key",
        "email": "email_key",
        "created_at": "created_at",
    },
    keys={
        "username_key": lambda account: folded(account.username),
        "username_sort_key": lambda account: sort_key(account.username),
        "name_key": lambda account: sort_key(account.name),
        "email_key": lambda account: None if account.email is None else email_key(account.email),
    },
    predicates={
        "words": lambda account, criteria: has_words(
            searched_text(account.username, account.name), criteria.words or ()
        ),
        "user_ids": lambda account, criteria: account.id in (criteria.user_ids or ()),
    },
    unique=(Unique(UsernameTaken, ("username_key",)), Unique(EmailTaken, ("email_key",))),
)
ROLE_CHANGES = Resource(
    "role_changes",
    RoleChange,
    RoleChangeNotFound,
    RoleChangeCriteria,
    sort={"created_at": "created_at"},
    predicates={"state": lambda change, criteria: change.state(at=criteria.at) is criteria.state},
    unique=(Unique(RoleChangeAwaits, ("user_id",), lambda change: change.stored_state is State.AWAITING),),
)
RESOURCES: tuple[Resource[Any, Any], ...] = (ACCOUNTS, ROLE_CHANGES)


@dataclass(frozen=True, slots=True)
class AccountRow:
    """An account as a search shows it."""

    id: AccountId
    username: str


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """Some of the accounts that match, and how many match in all."""

    users: tuple[AccountRow, ...]
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session, and of its account what each request has to know, as it is now.

    `awaits_confirmation`: it has an address that is not confirmed.
    """

    session: Session
    account_active: bool
    level: Level
    language: Language | None
    awaits_confirmation: bool


class Accounts(Repository[Account, UserCriteria], Protocol):
    """`add` and `save` raise UsernameTaken, EmailTaken when another account has the same key.

    Sorted by username, name, email or created_at. `get` raises UserNotFound.
    """

    @abstractmethod
    def find_by_username(self, username_key: str) -> Account | None:
        """Return the account of a username (folded)."""

    @abstractmethod
    def find_by_email(self, email_key: str) -> Account | None:
        """Return the account with an address (by its key), confirmed or not; a pending one does not count."""

    @abstractmethod
    def search(self, part: str, page: Page) -> AccountsPage:
        """Return the active accounts in labs whose username contains `part` (a search key), by username.

        Ties by id. All active accounts in labs where `part` is empty.
        """

    @abstractmethod
    def usernames(self, account_ids: Collection[AccountId]) -> Mapping[AccountId, str]:
        """Return the usernames of those of the accounts that exist, in one statement."""

    @abstractmethod
    def guard_owners(self) -> tuple[Account, ...]:
        """Return the active owners, sorted by id; nobody else changes a role or state until this unit ends.

        Call this before anything else is locked.
        """


class Sessions(Protocol):
    """Sign-ins."""

    @abstractmethod
    def find(self, session_id: SessionId) -> SignedIn | None:
        """Return a session with its account's level, in one statement: every request asks this."""

    @abstractmethod
    def add(self, session: Session) -> None:
        """Store a new session. Raises DuplicateId."""

    @abstractmethod
    def touch(self, session_id: SessionId, at: datetime) -> None:
        """Set when a session was last used; never moves it back. Does nothing where it has ended."""

    @abstractmethod
    def end(self, session_id: SessionId) -> bool:
        """Remove a session. Return whether there was one."""

    @abstractmethod
    def end_all(self, account_id: AccountId, *, but: SessionId | None = None) -> tuple[SessionId, ...]:
        """Remove all of an account's sessions except `but`.

        Return the ids of those removed, oldest first, ties by id.
        """

    @abstractmethod
    def of(self, account_id: AccountId) -> tuple[Session, ...]:
        """Return an account's sessions, expired ones included, newest first, ties by id downwards."""

    @abstractmethod
    def purge(self, at: datetime, lifetimes: SessionLifetimes, *, most: int) -> int:
        """Remove sessions that are not live at an instant, at most so many, and return how many.

        Whatever somebody else has locked is left out, not waited for.
        """


class Links(Protocol):
    """Links in mails: an account has at most one of each purpose."""

    @abstractmethod
    def put(self, link: Link) -> None:
        """Store a link in place of the account's link of the same purpose, if it has one."""

    @abstractmethod
    def find(self, digest: str) -> Link | None:
        """Return the link whose token has this digest."""

    @abstractmethod
    def of(self, account_id: AccountId) -> tuple[Link, ...]:
        """Return the account's links, sorted by purpose."""

    @abstractmethod
    def use(self, link: Link) -> bool:
        """Store that a link is used. Return False where it was before, or a newer one has taken its place."""

    @abstractmethod
    def void(self, link: Link) -> None:
        """Remove a link."""

    @abstractmethod
    def purge(self, at: datetime, *, most: int) -> int:
        """Remove links that have expired at an instant, used or not, like `Sessions.purge`."""


class RoleChanges(Repository[RoleChange, RoleChangeCriteria], Protocol):
    """`add` raises RoleChangeAwaits when another one awaits for the same account. Sorted by created_at."""

    @abstractmethod
    def awaiting(self) -> tuple[RoleChange, ...]:
        """Return the changes stored as awaiting, oldest first, ties by id; some may have expired."""


class RateLimitWindows(Protocol):
    """When each thing that is limited was done."""

    @abstractmethod
    def find(self, key: str) -> RateLimitWindow:
        """Return the window of a key; an empty one where nothing was counted."""

    @abstractmethod
    def get_for_update(self, key: str) -> RateLimitWindow:
        """Lock the window of a key and return it as `find` does. Lock several in the order of their keys."""

    @abstractmethod
    def save(self, window: RateLimitWindow) -> None:
        """Store a window that this unit has locked."""

    @abstractmethod
    def purge(self, before: datetime, *, most: int) -> int:
        """Remove windows whose last time is before an instant, and empty ones, like `Sessions.purge`."""


class SignInAddresses(Protocol):
    """From where somebody signed in to which account, by the key of both, and on which date last."""

    @abstractmethod
    def has(self, key: str, *, since: date) -> bool:
        """Return whether somebody signed in from there on this date or later."""

    @abstractmethod
    def put(self, account_id: AccountId, key: str, on: date) -> None:
        """Store that somebody signed in from there on a date; never moves the date back."""

    @abstractmethod
    def purge(self, before: date, *, most: int) -> int:
        """Remove those whose date is before this one, like `Sessions.purge`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How many mails wait, since when the oldest does (None: none waits), and how many were given up."""

    waiting: int
    oldest: datetime | None
    given_up: int


class Outbox(Protocol):
    """Mails to be sent."""

    @abstractmethod
    def add(self, mail: Mail) -> None:
        """Store a new mail. Raises DuplicateId."""

    @abstractmethod
    def is_due(self, at: datetime) -> bool:
        """Return whether a waiting mail is due at an instant. Locks nothing: it is asked all the time."""

    @abstractmethod
    def claim(self, at: datetime, until: datetime) -> Mail | None:
        """Return the mail that has been due longest, ties by id, with one attempt more; None where none is.

        Nobody else gets it before `until`.
        """

    @abstractmethod
    def save(self, mail: Mail) -> None:
        """Store what became of a mail: state, facts, error, attempts and due time. Ends the claim on it."""

    @abstractmethod
    def get_for_update(self, mail_id: MailId) -> Mail:
        """Lock a mail and return it. Raises MailNotFound."""

    @abstractmethod
    def in_state(self, state: MailState) -> tuple[Mail, ...]:
        """Return all mails in a state, oldest first, ties by id."""

    @abstractmethod
    def backlog(self) -> Backlog:
        """Return how many mails are not sent, and when the oldest that waits was created."""

    @abstractmethod
    def purge(self, before: datetime, *, most: int) -> int:
        """Remove mails that were sent and created before an instant, like `Sessions.purge`."""


class KeptAnswers(Protocol):
    """Answers by account and key: at most one of each."""

    @abstractmethod
    def claim(self, account_id: AccountId, key: str) -> bool:
        """Reserve a key of an account until this unit ends. Return False where another unit has; never waits.

        A store whose units that write wait for each other returns True.
        """

    @abstractmethod
    def find(self, account_id: AccountId, key: str) -> KeptAnswer | None:
        """Return the answer kept under a key of an account, however old."""

    @abstractmethod
    def add(self, answer: KeptAnswer) -> None:
        """Keep an answer. Raises Contended where the account has one under its key."""

    @abstractmethod
    def remove(self, answer: KeptAnswer) -> None:
        """Remove an answer; does nothing where it is not kept."""

    @abstractmethod
    def purge(self, before: datetime, *, most: int) -> int:
        """Remove at most so many of the answers given before an instant, and return how many were."""


class AccountsRepositories:
    """The repositories of this room."""

    accounts: Accounts
    sessions: Sessions
    links: Links
    role_changes: RoleChanges
    rate_limit_windows: RateLimitWindows
    outbox: Outbox
    sign_in_addresses: SignInAddresses
    kept_answers: KeptAnswers
