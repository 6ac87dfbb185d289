"""What lists show: rows as they are read, with the number of all there are."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time
from hashlib import blake2b

from attendance.domain.attendance import Mark
from attendance.domain.errors import Fault
from attendance.domain.events import Event
from attendance.domain.ids import AccountId, ClientId, GroupId, LabId
from attendance.domain.lessons import Lesson, LessonState
from attendance.domain.statistics import Counts, counts_of
from attendance.domain.status import Status
from attendance.domain.text import require_faultless

LARGEST_PAGE = 1000
LARGEST_OFFSET = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list: at most `limit` items (1 to 1000) after skipping `offset`. Raises Invalid."""

    limit: int = LARGEST_PAGE
    offset: int = 0

    def __post_init__(self) -> None:
        require_faultless(
            None
            if 1 <= self.limit <= LARGEST_PAGE
            else Fault("limit", f"must be a whole number from 1 to {LARGEST_PAGE}"),
            None if 0 <= self.offset <= LARGEST_OFFSET else Fault("offset", "must be a whole number from 0"),
        )


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event, its place in the log, and the present username of who did it, if an account did."""

    position: int
    event: Event
    actor_username: str | None


@dataclass(frozen=True, slots=True)
class AccountRow:
    id: AccountId
    username: str


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """Some of the accounts that match, and how many match in all."""

    users: tuple[AccountRow, ...]
    total: int


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


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetRow:
    """One client of a lesson's sheet; `mark` is None of whoever is not marked, `guest` not on the roster."""

    client_id: ClientId
    name: str
    guest: bool
    mark: Mark | None

    def told(self) -> tuple[object, ...]:
        """All that is shown, in what Python spells fast."""
        who, mark = (self.client_id.int, self.name, self.guest), self.mark
        if mark is None:
            return who
        payer = mark.charge.subscription_id
        return (
            *who,
            mark.status.value,
            mark.note,
            mark.minutes_late,
            mark.trial,
            payer and payer.int,
            mark.charge.unpaid,
            mark.marked_by.int,
            mark.marked_at.timestamp(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A lesson and everybody who was to be there or was."""

    lesson: Lesson
    rows: tuple[SheetRow, ...]

    def __post_init__(self) -> None:
        is_marked = any(row.mark for row in self.rows)
        object.__setattr__(self, "lesson", replace(self.lesson, is_marked=is_marked))

    @property
    def counts(self) -> Counts:
        return counts_of(row.mark.status if row.mark else None for row in self.rows)

    def state(self, *, at: datetime) -> LessonState:
        return self.lesson.state(at=at)

    @property
    def version(self) -> int:
        """Another for all that is shown differently."""
        shown = repr((self.lesson.version, [row.told() for row in self.rows])).encode()
        return int.from_bytes(blake2b(shown, digest_size=4).digest(), "big")


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitRow:
    """A mark, and the lesson it is of."""

    mark: Mark
    group_id: GroupId
    date: date
    starts: time


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRow(VisitRow):
    """A mark, the lesson it is of, and what the client is called."""

    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitsSummary:
    """How a client attended in a range; the newest run of absences may have begun before it."""

    counts: Counts
    consecutive_absences: int
