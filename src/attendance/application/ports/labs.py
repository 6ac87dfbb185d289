"""Labs and their attendance."""

from abc import abstractmethod
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from attendance.application.pagination import Page
from attendance.domain.events import Event
from attendance.domain.ids import AccountId, LabId, LabMarkId
from attendance.domain.labs.labs import Lab, Membership
from attendance.domain.labs.marks import LabMark, LabPlace
from attendance.domain.status import Status


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
class LabSheetRow:
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
