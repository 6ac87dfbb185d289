"""Lessons: when and where a group meets, who teaches, and whether the lesson is held or cancelled."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, tzinfo
from enum import StrEnum
from typing import Any, TypedDict

from attendance.domain.club.groups import Group
from attendance.domain.club.locations import LONGEST_REASON, Location
from attendance.domain.dates import ends_wrongly, length_of
from attendance.domain.errors import (
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    error_if,
    raise_if_errors,
)
from attendance.domain.events import Action, ChangeContext, Event
from attendance.domain.ids import AccountId, GroupId, LessonId, LocationId
from attendance.domain.revisions import RecordFields, created, edited, payload
from attendance.domain.text import name_error, trim, trimmed

LONGEST_TOPIC = 500
MOST_LESSON_TEACHERS = 100
CLOSED = "closed"
GROUP_ENDED = "the group has ended"


class LessonNotFound(NotFound):
    text = "lesson not found"


class SlotTaken(Conflict):
    """The group has another lesson at that time."""

    text = "there is a lesson at that time already"


class LessonsPlanned(Conflict):
    """Lessons are planned after the group's end; `lessons` are those, by date and start."""

    text = "lessons are planned after that"

    def __init__(self, *lessons: "Lesson") -> None:
        self.lessons = tuple(sorted(lessons, key=lambda lesson: (lesson.date, lesson.starts)))
        times = (f"{lesson.date} {lesson.starts:%H:%M}" for lesson in self.lessons)
        super().__init__(f"{type(self).text}: {', '.join(times)}")


class LessonsOverlap(Conflict):
    """The group would have two lessons at once."""

    text = "lessons of a group may not overlap"


class LessonMarked(Conflict):
    """A lesson with marks cannot be deleted."""

    text = "lesson has marks"


class AttendedLesson(Conflict):
    """A lesson with marks other than excused cannot be moved to where it is still to come."""

    text = "lesson has marks that it cannot have before it begins"


class LessonCancelled(Conflict):
    """Attendance of a cancelled lesson cannot be marked."""

    text = "lesson is cancelled"


class TooLate(Forbidden):
    """The days in which somebody of this level may change the lesson are over."""

    text = "too late to change this lesson"


class LessonState(StrEnum):
    """`held`: it has begun and has a mark. `planned`: neither held nor cancelled, even if it has begun."""

    PLANNED = "planned"
    HELD = "held"
    CANCELLED = "cancelled"


class LessonChanges(TypedDict, total=False):
    """The fields to change; others stay as they are."""

    date: date
    starts: time
    ends: time
    location_id: LocationId
    teachers: tuple[AccountId, ...]
    topic: str
    cancelled: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduled:
    """The date and start in the schedule that a lesson was made for; they stay when the lesson is moved."""

    date: date
    starts: time


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonFields(RecordFields):
    """What a lesson and what is shown of it have in common.

    Date and times are local to `timezone` (IANA), `starts_at` and `ends_at` the same instants in UTC. `ends`
    at midnight is the next one. `reason`: why it is cancelled. `scheduled`: None for a lesson that was not
    made from the schedule.
    """

    id: LessonId
    group_id: GroupId
    location_id: LocationId
    timezone: str
    date: date
    starts: time
    ends: time
    starts_at: datetime
    ends_at: datetime
    capacity: int | None = None
    teachers: tuple[AccountId, ...] = ()
    topic: str = ""
    reason: str = ""
    scheduled: Scheduled | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson(LessonFields):
    """A lesson. Capacity, teachers and zone are copies of the group's and location's, made with it.

    `closed`: a closure of the location cancelled it. `is_marked`: it had a mark when it was read, other than
    absences that clients announced: these say nothing of whether it was held. Raises Invalid.
    """

    cancelled: bool = False
    closed: bool = False
    is_marked: bool = False

    def __post_init__(self) -> None:
        trim(self, "topic", "reason")
        raise_if_errors(
            error_if(ends_wrongly(self.starts, self.ends), "ends", "must be after starts"),
            name_error("topic", self.topic, longest=LONGEST_TOPIC) if self.topic else None,
            name_error("reason", self.reason, longest=LONGEST_REASON) if self.reason else None,
            error_if(
                self.cancelled and not self.reason, "reason", "must be given for a lesson that is cancelled"
            ),
            error_if(
                self.reason and not self.cancelled,
                "reason",
                "must be given only for a lesson that is cancelled",
            ),
            error_if(
                len(self.teachers) > MOST_LESSON_TEACHERS,
                "teachers",
                f"must be at most {MOST_LESSON_TEACHERS}",
            ),
            error_if(len({*self.teachers}) < len(self.teachers), "teachers", "must not repeat a user"),
        )

    def state(self, *, at: datetime) -> LessonState:
        """The state at an instant."""
        if self.cancelled:
            return LessonState.CANCELLED
        return LessonState.HELD if self.is_marked and self.has_begun(at) else LessonState.PLANNED

    def has_begun(self, at: datetime) -> bool:
        return at >= self.starts_at

    def is_over(self, at: datetime) -> bool:
        return at >= self.ends_at

    def is_on(self, *, at: datetime) -> bool:
        """Whether it takes place at an instant: begun, not over, not cancelled."""
        return self.has_begun(at) and not self.is_over(at) and not self.cancelled

    def overlaps(self, other: "Lesson") -> bool:
        """Whether both are on at some instant, cancelled or not."""
        return self.starts_at < other.ends_at and other.starts_at < self.ends_at

    def is_untaken(self, *, at: datetime) -> bool:
        """Whether it has begun, is not cancelled, and nobody who teaches has marked anybody."""
        return self.has_begun(at) and self.state(at=at) is LessonState.PLANNED

    def added(self, change_context: ChangeContext) -> Event:
        return created(self, Action.LESSON_ADDED, change_context)

    def deleted(self, change_context: ChangeContext) -> Event:
        """The event of the lesson being deleted. Raises LessonMarked."""
        if self.is_marked:
            raise LessonMarked
        return change_context.event(Action.LESSON_DELETED, self.id, before=payload(self))

    def edited(
        self, changes: Mapping[str, Any], change_context: ChangeContext, *, zone: tzinfo
    ) -> tuple["Lesson", Event | None]:
        """The lesson with these changes, and the event; instants follow from date, times and `zone`.

        Restoring clears the reason. A lesson cancelled by a closure (`closed`) counts as cancelled by whoever
        changes its time, place, state or reason.
        """
        if "reason" in changes:
            changes = {**changes, "reason": trimmed(changes["reason"])}
        day, starts, ends = (changes.get(name, getattr(self, name)) for name in ("date", "starts", "ends"))
        starts_at, ends_at = instants(day, starts, ends, zone)
        all_changes = {**changes, "starts_at": starts_at, "ends_at": ends_at}
        cancelled = changes.get("cancelled", self.cancelled)
        if not cancelled and self.cancelled:
            all_changes["reason"] = changes.get("reason", "")
        decisions = ("date", "starts", "ends", "location_id", "cancelled", "reason")
        if (
            self.closed
            and "closed" not in changes
            and any(changes.get(name, getattr(self, name)) != getattr(self, name) for name in decisions)
        ):
            all_changes["closed"] = False
        return _edited(self, all_changes, _action(self.cancelled, cancelled), change_context)

    def closed_for(self, reason: str, change_context: ChangeContext) -> tuple["Lesson", Event | None]:
        """The lesson cancelled by a closure of its location, and the event."""
        changes = {"cancelled": True, "reason": reason or CLOSED, "closed": True}
        action = Action.LESSON_EDITED if self.cancelled else Action.LESSON_CANCELLED
        return _edited(self, changes, action, change_context)

    def ended_with_group(self, change_context: ChangeContext) -> tuple["Lesson", Event | None]:
        """The lesson cancelled because its group ends before it, and the event.

        One that is cancelled already stays so for its own reason, even when its location opens again.
        """
        if self.cancelled:
            return edited(self, {"closed": False}, Action.LESSON_EDITED, change_context)
        changes = {"cancelled": True, "reason": GROUP_ENDED, "closed": False}
        return _edited(self, changes, Action.LESSON_CANCELLED, change_context)

    def reopened(self, change_context: ChangeContext) -> tuple["Lesson", Event | None]:
        """The lesson restored, because the closure that cancelled it is gone, and the event."""
        changes = {"cancelled": False, "reason": "", "closed": False}
        return _edited(self, changes, Action.LESSON_RESTORED, change_context)


def _edited(
    lesson: Lesson, changes: Mapping[str, Any], action: Action, change_context: ChangeContext
) -> tuple[Lesson, Event | None]:
    """The lesson with these changes, and the event, which says the day of what is cancelled or restored."""
    after, event = edited(lesson, changes, action, change_context)
    if event is None or action is Action.LESSON_EDITED:
        return after, event
    return after, replace(event, after={**(event.after or {}), "date": str(after.date)})


def _action(was_cancelled: bool, is_cancelled: bool) -> Action:
    match was_cancelled, is_cancelled:
        case False, True:
            return Action.LESSON_CANCELLED
        case True, False:
            return Action.LESSON_RESTORED
        case _:
            return Action.LESSON_EDITED


def made(
    group: Group,
    location: Location,
    day: date,
    starts: time,
    ends: time,
    *,
    zone: tzinfo,
    lesson_id: LessonId,
    at: datetime,
    teachers: tuple[AccountId, ...] | None = None,
    topic: str = "",
    is_scheduled: bool = False,
) -> Lesson:
    """A new lesson of a group at a location.

    `teachers` None: those who teach the group on that day. `is_scheduled`: it is made from the schedule.
    Raises Invalid.
    """
    starts_at, ends_at = instants(day, starts, ends, zone)
    return Lesson(
        id=lesson_id,
        group_id=group.id,
        location_id=location.id,
        timezone=location.timezone,
        date=day,
        starts=starts,
        ends=ends,
        starts_at=starts_at,
        ends_at=ends_at,
        capacity=capacity_of(group, location),
        teachers=group.teachers_on(day) if teachers is None else teachers,
        topic=topic,
        scheduled=Scheduled(date=day, starts=starts) if is_scheduled else None,
        created_at=at,
        updated_at=at,
    )


def capacity_of(group: Group, location: Location) -> int | None:
    """The capacity of the group, or that of the location where the group has none; None: unlimited."""
    return location.capacity if group.capacity is None else group.capacity


def instants(day: date, starts: time, ends: time, zone: tzinfo) -> tuple[datetime, datetime]:
    """The instants, in UTC, at which a lesson starts and ends: as far apart as its local times are.

    A local start that clocks skip is moved by as much as they skip; of one that occurs twice, the first
    counts. Raises Invalid for a day at the very end of the calendar.
    """
    length = length_of(starts, ends)
    try:
        starts_at = datetime.combine(day, starts, tzinfo=zone).replace(fold=0).astimezone(UTC)
        return starts_at, starts_at + length
    except OverflowError as error:
        raise Invalid(FieldError("date", "is out of range")) from error
