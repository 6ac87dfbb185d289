"""What the use cases need from the outside world.

Adapters inherit these protocols, so that a missing method is an error when they are made.
Every method of a store may raise `Unavailable` (nothing was changed, try later) and `Contended`.
"""

from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypeAlias
from uuid import UUID

from attendance.application.views import AccountsPage, LabHistory, LabSheet, LabsPage, Page
from attendance.domain.accounts import Account
from attendance.domain.events import Event
from attendance.domain.ids import AccountId, LabId, LabMarkId, SessionId
from attendance.domain.lab_attendance import LabMark, LabPlace
from attendance.domain.labs import Lab, Membership
from attendance.domain.sessions import Session

Clock: TypeAlias = Callable[[], datetime]
"""The present instant, in UTC."""

NewId: TypeAlias = Callable[[], UUID]
"""A new UUIDv7: later ones sort after earlier ones."""

Aside: TypeAlias = Callable[[Callable[[], None]], None]
"""Runs something apart from the answer, soon; what it raises reaches nobody, under load it may be dropped."""


class Contended(Exception):
    """Another transaction got in the way, this one left no trace: the use case may be tried again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """A session, and whether its account may still use it."""

    session: Session
    account_active: bool


class Accounts(Protocol):
    @abstractmethod
    def find_by_username(self, username_key: str) -> Account | None: ...

    @abstractmethod
    def add(self, account: Account) -> None:
        """Raise UsernameTaken when another account has the same username key."""

    @abstractmethod
    def save(self, account: Account) -> None:
        """Store version N only over version N - 1; raise Contended otherwise."""

    @abstractmethod
    def search(self, part: str, page: Page) -> AccountsPage:
        """Active accounts whose username holds `part` (folded), by username; all when it is empty."""


class Sessions(Protocol):
    @abstractmethod
    def find(self, session_id: SessionId) -> SignedIn | None:
        """One statement: every request asks this."""

    @abstractmethod
    def add(self, session: Session) -> None: ...

    @abstractmethod
    def touch(self, session_id: SessionId, at: datetime) -> None:
        """Note that the session was used; never moves back, and is no change of state."""


class Labs(Protocol):
    @abstractmethod
    def find(self, lab_id: LabId) -> Lab | None: ...

    @abstractmethod
    def add(self, lab: Lab) -> None: ...

    @abstractmethod
    def add_member(self, membership: Membership) -> None:
        """Raise AlreadyMember when the user joined before."""

    @abstractmethod
    def search(self, part: str, page: Page) -> LabsPage:
        """Labs whose name or description holds `part` (folded), by name; all when it is empty."""


class LabAttendance(Protocol):
    @abstractmethod
    def place(self, lab_id: LabId, user_id: AccountId, on: date) -> LabPlace:
        """Everything marking has to know, in one statement. Raise LabOrUserNotFound for the lab alone."""

    @abstractmethod
    def save(self, mark: LabMark, event: Event) -> None:
        """Store mark and event at once: version 1 only where there is no mark, N only over N - 1.

        Raise Contended otherwise.
        """

    @abstractmethod
    def find(self, lab_id: LabId, mark_id: LabMarkId) -> tuple[AccountId, LabMark | None] | None:
        """The lab's owner and, if it has such a mark, the mark; None when there is no such lab."""

    @abstractmethod
    def delete(self, mark: LabMark, event: Event) -> None:
        """Remove this version of the mark and add the event; raise Contended when it is another by now."""

    @abstractmethod
    def sheet(self, lab_id: LabId, on: date) -> LabSheet | None:
        """The marks of a date, by username; None when there is no such lab."""

    @abstractmethod
    def history(
        self, lab_id: LabId, user_id: AccountId, since: date | None, until: date | None
    ) -> tuple[AccountId, LabHistory | None] | None:
        """The lab's owner and, if there is such a user, their marks from `since` to `until`, by date.

        Both ends are included. None when there is no such lab.
        """


class Events(Protocol):
    @abstractmethod
    def add(self, event: Event) -> None: ...

    @abstractmethod
    def of(self, subject_id: UUID) -> tuple[Event, ...]:
        """What happened to a subject, oldest first."""


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """Everything stored, as one transaction sees it."""

    accounts: Accounts
    sessions: Sessions
    labs: Labs
    lab_attendance: LabAttendance
    events: Events


class Store(Protocol):
    @abstractmethod
    def begin(self) -> AbstractContextManager[UnitOfWork]:
        """One transaction: committed when the block ends, rolled back when it raises."""

    @abstractmethod
    def each(self) -> AbstractContextManager[UnitOfWork]:
        """Every call is a transaction of its own.

        For lookups, and where one guarded write decides by itself whether what was read still holds.
        """

    @abstractmethod
    def read(self) -> AbstractContextManager[UnitOfWork]:
        """For lists that only show. May lag behind what was just written, where a replica serves it."""

    @abstractmethod
    def attempts(self) -> Iterator[None]:
        """One item per attempt at a use case, the next after a short wait; ends with the store's patience."""


class Hasher(Protocol):
    """Slow, salted hashes of passwords. Raises Unavailable when too many wait for their turn."""

    @abstractmethod
    def hash(self, password: str) -> str: ...

    @abstractmethod
    def verify(self, password: str, password_hash: str | None) -> bool:
        """Whether the hash is of this password. Takes as long for no hash (False) as for a wrong password."""

    @abstractmethod
    def is_outdated(self, password_hash: str) -> bool:
        """Whether it was made under other parameters than today's."""


class Tokens(Protocol):
    """Signed pointers to sessions."""

    @abstractmethod
    def issue(self, session: Session) -> str: ...

    @abstractmethod
    def session_id(self, token: str) -> SessionId | None:
        """The session a token points to, or None when it is not to be trusted at this moment."""


class Usernames(Protocol):
    @abstractmethod
    def accepted(self, username: str) -> str:
        """The username as it will be shown; raise Invalid when nobody may be called that."""
