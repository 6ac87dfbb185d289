"""What the use cases of attendance return: marks as this actor may see them, and a sheet with its state now.

They stand with the use cases, not with the ports: a store knows nothing of actors and clocks, so no port
returns them.
"""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from attendance.application.forms.listing import Listed
from attendance.application.forms.read_models import read_model
from attendance.application.ports.attendance import MarkRow, Sheet, SheetEntry, VisitRow, VisitsSummary
from attendance.domain.attendance.marks import Mark
from attendance.domain.attendance.status import Status
from attendance.domain.club.lessons import LessonState
from attendance.domain.ids import AccountId, ClientId, GroupId, LessonId, SubscriptionId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import sees_notes
from attendance.domain.reporting.statistics import Counts


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetDetails:
    """A lesson's attendance: its roster on the lesson's date, marked or not, then guests; each by name.

    `state` is that of the lesson now, `version` another one for every sheet that differs in anything shown.
    """

    lesson_id: LessonId
    group_id: GroupId
    date: date
    starts: time
    ends: time
    state: LessonState
    attendances: tuple[SheetEntry, ...]
    counts: Counts
    version: int

    @property
    def total(self) -> int:
        return len(self.attendances)

    @classmethod
    def of(cls, sheet: Sheet, now: datetime) -> "SheetDetails":
        lesson = sheet.lesson
        return cls(
            lesson_id=lesson.id,
            group_id=lesson.group_id,
            date=lesson.date,
            starts=lesson.starts,
            ends=lesson.ends,
            state=lesson.state(at=now),
            attendances=sheet.rows,
            counts=sheet.counts,
            version=sheet.version,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitDetails:
    """A client's mark and the lesson it is of; `note` is None for parents."""

    lesson_id: LessonId
    group_id: GroupId
    date: date
    starts: time
    status: Status
    note: str | None
    minutes_late: int | None
    trial: bool
    subscription_id: SubscriptionId | None
    unpaid: bool

    @classmethod
    def of(cls, row: VisitRow, actor: Actor) -> "VisitDetails":
        lesson: dict[str, Any] = {"group_id": row.group_id, "date": row.date, "starts": row.starts}
        return read_model(cls, row.mark, cls.hidden(actor), **lesson, **_charge(row.mark))

    @staticmethod
    def hidden(actor: Actor) -> tuple[str, ...]:
        return () if sees_notes(actor) else ("note",)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitsDetails:
    """A client's marks by date, and how it attended in the whole range."""

    attendances: Listed[VisitDetails]
    summary: VisitsSummary


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkDetails:
    """A mark, the lesson it is of, and the client's name."""

    lesson_id: LessonId
    group_id: GroupId
    date: date
    starts: time
    client_id: ClientId
    name: str
    status: Status
    note: str
    minutes_late: int | None
    trial: bool
    subscription_id: SubscriptionId | None
    unpaid: bool
    marked_by: AccountId
    marked_at: datetime

    @classmethod
    def of(cls, row: MarkRow) -> "MarkDetails":
        lesson: dict[str, Any] = {"group_id": row.group_id, "date": row.date, "starts": row.starts}
        return read_model(cls, row.mark, name=row.name, **lesson, **_charge(row.mark))


def _charge(mark: Mark) -> dict[str, Any]:
    return {"subscription_id": mark.charge.subscription_id, "unpaid": mark.charge.unpaid}
