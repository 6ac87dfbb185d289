"""Labs and their attendance."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

from attendance.application.pagination import Page
from attendance.domain.attendance.status import Status
from attendance.domain.events import Event
from attendance.domain.ids import AccountId, LabId, LabMarkId
from attendance.domain.labs.labs import Lab, Membership
from attendance.domain.labs.marks import LabMark, LabPlace


@dataclass(frozen=True, slots=True)
class LabRow:
    """A lab with its members in the order in which they joined; the owner is not among them."""

    id: LabId
    owner_id: AccountId
    name: str
    description: str
    member_ids: tuple[AccountId, ...]


@dataclass(frozen=True, slots=True)
class LabsPage:
    """Some of the labs that match, and how many match in all."""

    labs: tuple[LabRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class OwnLabRow:
    """A lab that somebody owns or has joined, and how many members it has beside its owner."""

    id: LabId
    owner_id: AccountId
    name: str
    description: str
    members: int


@dataclass(frozen=True, slots=True)
class LabMemberRow:
    """A member, and their mark on a date; None for none."""

    user_id: AccountId
    username: str
    mark: LabMark | None


@dataclass(frozen=True, slots=True)
class LabDetails:
    """A lab, who owns it, and its members by username with their marks on a date."""

    lab: Lab
    owner_username: str
    members: tuple[LabMemberRow, ...]


class LabSheetRow(NamedTuple):
    """One user's mark on a date."""

    user_id: AccountId
    username: str
    status: Status
    note: str


@dataclass(frozen=True, slots=True)
class LabSheet:
    """The marks of one lab on one date, by username."""

    lab_id: LabId
    owner_id: AccountId
    date: date
    attendances: tuple[LabSheetRow, ...]


@dataclass(frozen=True, slots=True)
class LabHistoryRow:
    """The mark of one date."""

    date: date
    status: Status
    note: str


@dataclass(frozen=True, slots=True)
class LabHistory:
    """One user's marks in one lab, by date."""

    lab_id: LabId
    user_id: AccountId
    username: str
    attendances: tuple[LabHistoryRow, ...]


class Labs(Protocol):
    """Labs and their members."""

    @abstractmethod
    def find(self, lab_id: LabId) -> Lab | None:
        """Return the lab, or None where there is none of this id."""

    @abstractmethod
    def add(self, lab: Lab) -> None:
        """Store a new lab. Raises DuplicateId."""

    @abstractmethod
    def add_member(self, membership: Membership) -> None:
        """Store a membership. Raises AlreadyMember where the user joined before."""

    @abstractmethod
    def search(self, part: str, page: Page) -> LabsPage:
        """Return the labs whose name or description contains `part` (a search key), by name, ties by id.

        All labs where it is empty.
        """

    @abstractmethod
    def of(self, account_id: AccountId) -> tuple[OwnLabRow, ...]:
        """Return the labs that the account owns or has joined, by name, ties by id."""

    @abstractmethod
    def details(self, lab_id: LabId, on: date) -> LabDetails | None:
        """Return the lab with its members, by username, ties by id, each with the mark of a date.

        None where there is no lab of this id.
        """


class LabAttendance(Protocol):
    """Marks in labs: at most one per lab, user and date."""

    @abstractmethod
    def place(self, lab_id: LabId, user_id: AccountId, on: date) -> LabPlace:
        """Return what marking has to know, in one statement. Raises LabOrUserNotFound without such a lab."""

    @abstractmethod
    def save(self, mark: LabMark, event: Event) -> None:
        """Store a mark and its event, both or neither: version 1 where there is no mark, N in place of N - 1.

        Raises Contended otherwise.
        """

    @abstractmethod
    def find(self, lab_id: LabId, mark_id: LabMarkId) -> tuple[AccountId, LabMark | None] | None:
        """Return the lab's owner and the mark, or None for it; None where there is no such lab."""

    @abstractmethod
    def delete(self, mark: LabMark, event: Event) -> None:
        """Remove this version of the mark and add the event. Raises Contended where it is another by now."""

    @abstractmethod
    def sheet(self, lab_id: LabId, on: date) -> LabSheet | None:
        """Return the marks of a date, sorted by username, ties by id; None where there is no such lab."""

    @abstractmethod
    def history(
        self, lab_id: LabId, user_id: AccountId, since: date | None, until: date | None
    ) -> tuple[AccountId, LabHistory | None] | None:
        """Return the lab's owner and a user's marks from `since` to `until`, both included, sorted by date.

        None in place of the marks where there is no such user, in place of all where there is no such lab.
        """
