"""Labs and their attendance."""

from abc import abstractmethod
from datetime import date
from typing import Protocol

from attendance.application.views import LabHistory, LabSheet, LabsPage, Page
from attendance.domain.events import Event
from attendance.domain.ids import AccountId, LabId, LabMarkId
from attendance.domain.lab_attendance import LabMark, LabPlace
from attendance.domain.labs import Lab, Membership


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
