"""Marks in lessons, and the passes that pay for them."""

from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import NamedTuple, Protocol

from attendance.application.pagination import PageRequest
from attendance.domain.attendance.marks import Changed, Mark
from attendance.domain.attendance.status import Status
from attendance.domain.club.lessons import Lesson
from attendance.domain.ids import AccountId, ClientId, GroupId, LessonId, SubscriptionId
from attendance.domain.reporting.statistics import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitCriteria:
    """Marks of a client from `since` to `until`, both included; None: any."""

    client_id: ClientId
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkCriteria:
    """Marks in lessons of groups that somebody teaches, from `since` to `until`, both included; None: any.

    Of a client, with a status, `unpaid` or not; None: any.
    """

    group_ids: frozenset[GroupId] | None = None
    taught_by: AccountId | None = None
    since: date | None = None
    until: date | None = None
    client_id: ClientId | None = None
    status: Status | None = None
    unpaid: bool | None = None


class Payer(NamedTuple):
    """A pass that pays or would pay for a visit. `visits_left` None: any number; `valid_until` None: open."""

    subscription_id: SubscriptionId
    price_name: str
    visits_left: int | None
    valid_until: date | None


class SheetEntry(NamedTuple):
    """One client on a sheet. `status` None: not marked. `guest`: not on the roster, but marked.

    `marked_by_name`: the account's name, or its username where it has none; None without an account.
    `last_visit_on`: the date of the client's newest mark present or late in a lesson of any group before this
    one. `unpaid_visits`: all of the client's, now. `payer`: the pass that pays or would pay; a store leaves
    it to the use case. A flat tuple, unlike a mark: a sheet has many, and each is made to be shown.
    """

    client_id: ClientId
    name: str
    birthday: date | None
    guest: bool
    last_visit_on: date | None = None
    unpaid_visits: int = 0
    version: int = 0
    status: Status | None = None
    note: str = ""
    minutes_late: int | None = None
    trial: bool = False
    announced: bool = False
    subscription_id: SubscriptionId | None = None
    unpaid: bool = False
    marked_by: AccountId | None = None
    marked_by_name: str | None = None
    marked_at: datetime | None = None
    payer: Payer | None = None

    def paid_by(self, payer: Payer | None) -> "SheetEntry":
        """The entry with this payer."""
        return SheetEntry._make((*self[:-1], payer))

    @property
    def first_visit(self) -> bool:
        """Whether the client has come to no lesson before this one."""
        return self.last_visit_on is None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRow:
    """A mark, and the lesson it is of."""

    mark: Mark
    group_id: GroupId
    date: date
    starts: time


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRow(VisitRow):
    """A mark, the lesson it is of, and the client's name."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitsSummary:
    """A client's counts in a range. The newest run of absences may have begun before the range."""

    counts: Counts
    consecutive_absences: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpaidMark:
    """An unpaid mark, and the lesson it is of."""

    mark: Mark
    lesson: Lesson


class Attendance(Protocol):
    """The marks of lessons and of clients."""

    @abstractmethod
    def planned_absences(self, client_ids: Collection[ClientId], at: datetime) -> tuple[Mark, ...]:
        """Return the clients' marks "excused" in lessons that have not begun at `at`, in one statement.

        Sorted by lesson id, then client id.
        """

    @abstractmethod
    def of_lessons(self, lesson_ids: Collection[LessonId]) -> tuple[Mark, ...]:
        """Return all marks of these lessons, sorted by lesson id, then client id, in one statement."""

    @abstractmethod
    def of_lesson(
        self, lesson_id: LessonId, client_ids: Collection[ClientId] | None = None
    ) -> tuple[Mark, ...]:
        """Return the marks of these clients, or of all, sorted by client id, in one statement."""

    @abstractmethod
    def unpaid_of(self, client_id: ClientId) -> tuple[UnpaidMark, ...]:
        """Return a client's unpaid visits, sorted by the lesson's date, start, id."""

    @abstractmethod
    def save(self, changes: Collection[Changed]) -> None:
        """Store the marks as they are after their changes, and remove those that have none then.

        All or nothing, in a constant number of statements. The caller adds the events, and has locked the
        marks' clients.
        """

    @abstractmethod
    def sheet(self, lesson: Lesson) -> tuple[SheetEntry, ...]:
        """Return the roster on the lesson's date, then who else is marked; each by name, ties by id.

        One statement. Lessons before this one are those of an earlier date, or of an earlier start on its
        date; cancelled ones do not count.
        """

    @abstractmethod
    def visits(self, criteria: VisitCriteria, page_request: PageRequest[VisitRow]) -> tuple[VisitRow, ...]:
        """Return a client's marks in lessons not cancelled, sorted by date, start, lesson id.

        The page request's sort keys are ignored.
        """

    @abstractmethod
    def count(self, criteria: VisitCriteria) -> int:
        """Return how many marks `visits` has."""

    @abstractmethod
    def summary(self, criteria: VisitCriteria, at: datetime) -> VisitsSummary:
        """Return how a client attended the lessons not cancelled that have begun at `at`.

        Those count on whose roster the client is, or in which it is marked. The newest run of absences is
        counted over all such lessons up to the end of the range; excused and unmarked do not break it.
        """

    @abstractmethod
    def of_client(self, client_id: ClientId, lesson_ids: Collection[LessonId]) -> tuple[Mark, ...]:
        """Return a client's marks in these lessons, sorted by lesson id, in one statement."""


class Marks(Protocol):
    """All marks in lessons that were not cancelled."""

    @abstractmethod
    def list(self, criteria: MarkCriteria, page_request: PageRequest[MarkRow]) -> tuple[MarkRow, ...]:
        """Return the marks matching `criteria`, sorted by date and start, ties by lesson id, then client id.

        The page request's sort keys are `date`, `starts`, both in one direction, and `lesson_id`.
        """

    @abstractmethod
    def count(self, criteria: MarkCriteria) -> int:
        """Return how many marks match `criteria`."""
