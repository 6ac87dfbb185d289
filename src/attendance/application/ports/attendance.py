"""Marks in lessons, and the passes that pay for them."""

from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from attendance.application.cuts import Cut
from attendance.application.filters import MarkFilter, SubscriptionFilter, VisitFilter
from attendance.application.ports.repositories import Repository
from attendance.application.views import MarkRow, Sheet, VisitRow, VisitsSummary
from attendance.domain.attendance import Changed, Mark
from attendance.domain.ids import ClientId, LessonId, SubscriptionId
from attendance.domain.lessons import Lesson
from attendance.domain.subscriptions import Subscription


class Subscriptions(Repository[Subscription, SubscriptionFilter], Protocol):
    """Their `charged` is counted from marks each time they are read."""

    @abstractmethod
    def of_clients(self, client_ids: Collection[ClientId], on: date) -> tuple[Subscription, ...]:
        """Those begun and not over on a date; frozen or cancelled is for the domain. One statement.

        Read after the clients are held: whatever charges or changes a pass holds its client first.
        """

    @abstractmethod
    def days_charged(self, subscription_id: SubscriptionId) -> frozenset[date]:
        """The dates of the lessons that it paid for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpaidMark:
    """A visit nobody has paid for, and the lesson it was to."""

    mark: Mark
    lesson: Lesson


class Attendance(Protocol):
    @abstractmethod
    def of_lesson(
        self, lesson_id: LessonId, client_ids: Collection[ClientId] | None = None
    ) -> tuple[Mark, ...]:
        """The marks of these clients, or of everybody, in one statement, by client."""

    @abstractmethod
    def unpaid_of(self, client_id: ClientId) -> tuple[UnpaidMark, ...]:
        """A client's unpaid visits, oldest first: by the lesson's date, start, id."""

    @abstractmethod
    def save(self, changes: Collection[Changed]) -> None:
        """Write marks as they are after, take away those that are gone; a constant number of statements.

        Their events are added by whoever calls. The marks' clients must be held.
        """

    @abstractmethod
    def sheet(self, lesson: Lesson) -> Sheet:
        """The roster on the lesson's date, unmarked included, then whoever else is marked; each by name."""

    @abstractmethod
    def visits(self, which: VisitFilter, cut: Cut[VisitRow]) -> tuple[VisitRow, ...]:
        """Marks of a client in lessons that were not cancelled; sorted by date, start, lesson."""

    @abstractmethod
    def count(self, which: VisitFilter) -> int: ...

    @abstractmethod
    def summary(self, which: VisitFilter, at: datetime) -> VisitsSummary:
        """Counts of a client's slots in lessons not cancelled that have begun, unmarked included.

        A slot: the client is on the lesson's roster or marked. The newest run of absences is
        told over all such lessons up to the end of the range; excused and unmarked do not break it.
        """


class Marks(Protocol):
    """All marks in lessons that were not cancelled."""

    @abstractmethod
    def list(self, which: MarkFilter, cut: Cut[MarkRow]) -> tuple[MarkRow, ...]:
        """Sorted by date, start, lesson, client, whatever the cut says."""

    @abstractmethod
    def count(self, which: MarkFilter) -> int: ...
