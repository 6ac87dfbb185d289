"""Marks in lessons, and the passes that pay for them."""

import marshal
from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from hashlib import blake2b
from typing import Protocol

from attendance.application.pagination import PageRequest
from attendance.domain.attendance.marks import Changed, Mark
from attendance.domain.attendance.status import Status
from attendance.domain.club.lessons import Lesson
from attendance.domain.ids import AccountId, ClientId, GroupId, LessonId, SubscriptionId
from attendance.domain.reporting.statistics import Counts, counts_of


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetEntry:
    """One client on a sheet. `status` None: not marked. `guest`: not on the roster, but marked.

    Flat, unlike a mark: a sheet has many, and each is made to be shown.
    """

    client_id: ClientId
    name: str
    guest: bool
    status: Status | None = None
    note: str = ""
    minutes_late: int | None = None
    trial: bool = False
    subscription_id: SubscriptionId | None = None
    unpaid: bool = False
    marked_by: AccountId | None = None
    marked_at: datetime | None = None

    @classmethod
    def of(cls, client_id: ClientId, name: str, mark: Mark | None, *, guest: bool) -> "SheetEntry":
        if mark is None:
            return cls(client_id=client_id, name=name, guest=guest)
        return cls(
            client_id=client_id,
            name=name,
            guest=guest,
            status=mark.status,
            note=mark.note,
            minutes_late=mark.minutes_late,
            trial=mark.trial,
            subscription_id=mark.charge.subscription_id,
            unpaid=mark.charge.unpaid,
            marked_by=mark.marked_by,
            marked_at=mark.marked_at,
        )

    def version_key(self) -> tuple[object, ...]:
        """All that is shown of the client, as numbers and texts."""
        if self.status is None or self.marked_by is None or self.marked_at is None:
            return self.client_id.int, self.name, self.guest
        return (
            self.client_id.int,
            self.name,
            self.guest,
            self.status.value,
            self.note,
            self.minutes_late,
            self.trial,
            self.subscription_id and self.subscription_id.int,
            self.unpaid,
            self.marked_by.int,
            self.marked_at.timestamp(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A lesson with the clients on its roster, then guests; each by name, ties by id."""

    lesson: Lesson
    rows: tuple[SheetEntry, ...]

    def __post_init__(self) -> None:
        is_marked = any(row.status for row in self.rows)
        object.__setattr__(self, "lesson", replace(self.lesson, is_marked=is_marked))

    @property
    def counts(self) -> Counts:
        return counts_of(row.status for row in self.rows)

    @property
    def version(self) -> int:
        """A hash of all that is shown: another one for every sheet that differs, whatever the process."""
        # version 0 of marshal's format: later ones depend on how often an object is referred to
        content = marshal.dumps((self.lesson.version, [row.version_key() for row in self.rows]), 0)
        return int.from_bytes(blake2b(content, digest_size=4).digest(), "big")


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
    def planned_absences(self, client_id: ClientId, at: datetime) -> tuple[Mark, ...]:
        """Return a client's marks "excused" in lessons that have not begun at `at`, sorted by lesson id."""

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
    def sheet(self, lesson: Lesson) -> Sheet:
        """Return the roster on the lesson's date, then who else is marked; each by name, ties by id."""

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

        A slot: the client is on the lesson's roster or marked. The newest run of absences is told over all
        such lessons up to the end of the range; excused and unmarked do not break it.
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
