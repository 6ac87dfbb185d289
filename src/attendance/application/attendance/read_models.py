"""What the use cases of attendance return: marks as this actor may see them, and a sheet with its state now.

They stand with the use cases, not with the ports: a store knows nothing of actors and clocks, so no port
returns them.
"""

import datetime as dt
import marshal
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from attendance.application.forms.listing import Listed
from attendance.application.forms.read_models import read_model
from attendance.application.ports.attendance import MarkRow, SheetEntry, VisitRow, VisitsSummary
from attendance.application.ports.club import LessonWithTeachers
from attendance.domain.attendance.marks import Mark
from attendance.domain.attendance.status import Status
from attendance.domain.club.clients import Client
from attendance.domain.club.lessons import LessonState
from attendance.domain.ids import AccountId, ClientId, GroupId, LessonId, SubscriptionId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import sees_notes
from attendance.domain.reporting.statistics import Counts, counts_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetDetails:
    """A lesson's attendance: its roster on the lesson's date, marked or not, then guests; each by name.

    `state` is that of the lesson now. `may_mark`: whether the actor may mark now whoever came.
    `may_excuse`: whether they may excuse clients now, which they may before the lesson, too.
    `reason`: why it is cancelled.
    `marking_starts_at`: from when on whoever comes can be marked, None where that was.
    `marking_ends_on`: the last day on which the actor may, in the lesson's zone; None: no limit. `version`:
    another one for every sheet that differs in anything shown.
    """

    lesson_id: LessonId
    group_id: GroupId
    group_name: str
    location_name: str
    timezone: str
    date: dt.date
    starts: dt.time
    ends: dt.time
    state: LessonState
    reason: str
    may_mark: bool
    may_excuse: bool
    marking_starts_at: dt.datetime | None
    marking_ends_on: dt.date | None
    attendances: tuple[SheetEntry, ...]
    counts: Counts
    version: int

    @property
    def total(self) -> int:
        return len(self.attendances)

    @classmethod
    def of(
        cls,
        taught_lesson: LessonWithTeachers,
        attendances: tuple[SheetEntry, ...],
        at: dt.datetime,
        *,
        may_mark: bool,
        may_excuse: bool,
        marking_starts_at: dt.datetime | None,
        marking_ends_on: dt.date | None,
    ) -> "SheetDetails":
        lesson = taught_lesson.lesson
        is_marked = any(entry.status and not entry.announced for entry in attendances)
        if lesson.is_marked != is_marked:
            lesson = replace(lesson, is_marked=is_marked)
        state = lesson.state(at=at)
        names = taught_lesson.group_name, taught_lesson.location_name
        shown = lesson.version, *names, state.value, may_mark, may_excuse, _day(marking_ends_on)
        return cls(
            lesson_id=lesson.id,
            group_id=lesson.group_id,
            group_name=taught_lesson.group_name,
            location_name=taught_lesson.location_name,
            timezone=lesson.timezone,
            date=lesson.date,
            starts=lesson.starts,
            ends=lesson.ends,
            state=state,
            reason=lesson.reason,
            may_mark=may_mark,
            may_excuse=may_excuse,
            marking_starts_at=marking_starts_at,
            marking_ends_on=marking_ends_on,
            attendances=attendances,
            counts=counts_of(entry.status for entry in attendances),
            version=version_of(shown, attendances),
        )


def version_of(shown: tuple[Any, ...], attendances: Iterable[SheetEntry]) -> int:
    """A hash of all that is shown of a lesson, as numbers and texts, and of each client.

    Another one for every sheet that differs, the same whatever the process.
    """
    # version 0 of marshal's format: later ones depend on how often an object is referred to
    content = marshal.dumps((shown, [_version_key(entry) for entry in attendances]), 0)
    return int.from_bytes(blake2b(content, digest_size=4).digest(), "big")


def _version_key(entry: SheetEntry) -> tuple[Any, ...]:
    """All that is shown of a client, as numbers and texts."""
    payer = entry.payer and (
        entry.payer.subscription_id.int,
        *entry.payer[1:3],
        _day(entry.payer.valid_until),
    )
    client = (entry.client_id.int, entry.name, _day(entry.birthday), entry.guest)
    around = (_day(entry.last_visit_on), entry.unpaid_visits, payer)
    if entry.status is None or entry.marked_by is None or entry.marked_at is None:
        return *client, *around
    return (
        *client,
        *around,
        entry.version,
        entry.status.value,
        entry.note,
        entry.minutes_late,
        entry.trial,
        entry.announced,
        entry.subscription_id and entry.subscription_id.int,
        entry.unpaid,
        entry.marked_by.int,
        entry.marked_by_name,
        entry.marked_at.timestamp(),
    )


def _day(day: dt.date | None) -> int | None:
    return None if day is None else day.toordinal()


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceDetails:
    """An announced absence, as an account of the client sees it; `note` is None to who has not written it."""

    lesson_id: LessonId
    client_id: ClientId
    name: str
    status: Status
    note: str | None
    announced: bool
    version: int
    marked_at: dt.datetime

    @classmethod
    def of(cls, mark: Mark, client: Client, actor: Actor) -> "AbsenceDetails":
        hidden = () if mark.marked_by == actor.id else ("note",)
        return read_model(cls, mark, hidden, name=client.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitDetails:
    """A client's mark and the lesson it is of; `note` is None for parents."""

    lesson_id: LessonId
    group_id: GroupId
    date: dt.date
    starts: dt.time
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
    date: dt.date
    starts: dt.time
    client_id: ClientId
    name: str
    status: Status
    note: str
    minutes_late: int | None
    trial: bool
    subscription_id: SubscriptionId | None
    unpaid: bool
    marked_by: AccountId
    marked_at: dt.datetime

    @classmethod
    def of(cls, row: MarkRow) -> "MarkDetails":
        lesson: dict[str, Any] = {"group_id": row.group_id, "date": row.date, "starts": row.starts}
        return read_model(cls, row.mark, name=row.name, **lesson, **_charge(row.mark))


def _charge(mark: Mark) -> dict[str, Any]:
    return {"subscription_id": mark.charge.subscription_id, "unpaid": mark.charge.unpaid}
