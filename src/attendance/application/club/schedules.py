"""Lessons of a schedule: making them for a range of days, cancelling them while their location is closed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, time
from enum import StrEnum
from typing import Any

from attendance.application.club.lessons import LessonDetails, group_for_update, remove_lessons
from attendance.application.club.overlaps import LessonWarning, Timeline, is_overlapping, warnings_of
from attendance.application.forms.field_errors import errors_of
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import DatedCommand
from attendance.application.ports import Contended, UnitOfWork, Zones
from attendance.domain.club.groups import Group, Slot
from attendance.domain.club.lessons import Lesson, LessonMarked, Scheduled, SlotTaken, made
from attendance.domain.club.locations import Location
from attendance.domain.club.schedules import require_range, slots_between
from attendance.domain.dates import ONE_DAY
from attendance.domain.errors import FieldError
from attendance.domain.events import ChangeContext
from attendance.domain.ids import GroupId, LessonId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level_for_some
from attendance.domain.permissions.table import Permission


class WhySkipped(StrEnum):
    """Why no lesson is made for a slot: it has one, another one is on at that time, the place is closed."""

    MADE_BEFORE = "made_before"
    IN_THE_WAY = "in_the_way"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class SkippedSlot:
    """A slot of the schedule for which no lesson is made; `reason` is that of the closure."""

    date: date
    starts: time
    ends: time
    why: WhySkipped
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeLessons:
    """The lessons made now, by date and start, and for how many slots one existed already or is in the way.

    `removed`: how many were deleted before, because their slot is no longer in the schedule. `warnings`:
    teachers who teach another lesson at the same time, by lesson. `skipped`: the slots without a lesson made
    now, by date and start; `removed_lessons`: those that were deleted, in the same order.
    """

    lessons: tuple[LessonDetails, ...]
    existing: int
    removed: int
    warnings: tuple[LessonWarning, ...]
    skipped: tuple[SkippedSlot, ...]
    removed_lessons: tuple[LessonDetails, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeLessons(DatedCommand):
    """Make the lessons of a group's schedule from `since` to `until`, both included, at most 366 days.

    Only on days on which the group is active and its location is not closed. A slot is skipped where its
    lesson was made before, or the group has another lesson at that time: making them again adds nothing.
    `replace`: first delete the lessons of these days that were made for a slot that is no longer in the
    schedule, cancelled ones too, unless they have marks or were moved. `preview`: return what would be made,
    and change nothing. Managers may, and below them who teaches the group today. Raises Invalid, Forbidden,
    GroupNotFound.
    """

    zones: Zones

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        since, until = fields.get("since"), fields.get("until")
        return errors_of(lambda: require_range(since, until)) if since and until else []

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        group_id: GroupId,
        since: date,
        until: date,
        replace: bool = False,
        preview: bool = False,
    ) -> MadeLessons:
        require_range(since, until)
        require_level_for_some(actor, Permission.ADD_LESSON)
        context = self._change_context(actor)
        try:
            with self.store.transaction() as work:
                group = group_for_update(work, actor, group_id, self.today())
                location = work.locations.get_for_update(group.location_id)
                slots = [*slots_between(group, since, until)]
                stale = _stale_lessons(work, group, slots, since, until) if replace else ()
                remove_lessons(work, stale, context)
                lessons, skipped = self._made(work, group, location, slots, context)
                work.lessons.add_all(lessons)
                work.events.add_all([lesson.added(context) for lesson in lessons])
                made_lessons = MadeLessons(
                    lessons=tuple(LessonDetails.of(lesson, context.at) for lesson in lessons),
                    existing=sum(slot.why is not WhySkipped.CLOSED for slot in skipped),
                    removed=len(stale),
                    warnings=warnings_of(work, lessons),
                    skipped=skipped,
                    removed_lessons=_by_date(stale, context),
                )
                if preview:
                    raise _OnlyLookedAt(made_lessons)
                return made_lessons
        except _OnlyLookedAt as looked_at:
            return looked_at.made_lessons
        except (SlotTaken, LessonMarked) as meanwhile:
            # a lesson was moved there or marked meanwhile: the next attempt finds and skips it
            raise Contended from meanwhile

    def _made(
        self,
        work: UnitOfWork,
        group: Group,
        location: Location,
        slots: list[tuple[date, Slot]],
        context: ChangeContext,
    ) -> tuple[list[Lesson], tuple[SkippedSlot, ...]]:
        """The lessons of the slots that are free, and the other slots."""
        if not slots:
            return [], ()
        zone = self.zones.named(location.timezone)
        lessons: list[Lesson] = []
        skipped: list[SkippedSlot] = []
        taken = work.lessons.slots_taken(group.id, slots[0][0], slots[-1][0])
        all_lessons = [
            made(
                group,
                location,
                day,
                slot.starts,
                slot.ends,
                zone=zone,
                lesson_id=LessonId(self.new_id()),
                at=context.at,
                is_scheduled=True,
            )
            for day, slot in slots
        ]
        timeline = Timeline(work, group.id, all_lessons)
        for lesson in all_lessons:
            closure = location.closure_on(lesson.date)
            if (lesson.date, lesson.starts) in taken:
                skipped.append(_skipped(lesson, WhySkipped.MADE_BEFORE))
            elif closure:
                skipped.append(_skipped(lesson, WhySkipped.CLOSED, closure.reason))
            elif timeline.is_free(lesson):
                timeline.add(lesson)
                lessons.append(lesson)
            else:
                skipped.append(_skipped(lesson, WhySkipped.IN_THE_WAY))
        return lessons, tuple(skipped)


class _OnlyLookedAt(Exception):  # it undoes the transaction, and is no error
    """What would be made, raised so that nothing is."""

    def __init__(self, made_lessons: MadeLessons) -> None:
        super().__init__()
        self.made_lessons = made_lessons


def _skipped(lesson: Lesson, why: WhySkipped, reason: str = "") -> SkippedSlot:
    return SkippedSlot(date=lesson.date, starts=lesson.starts, ends=lesson.ends, why=why, reason=reason)


def _by_date(lessons: Iterable[Lesson], context: ChangeContext) -> tuple[LessonDetails, ...]:
    in_order = sorted(lessons, key=lambda lesson: (lesson.date, lesson.starts))
    return tuple(LessonDetails.of(lesson, context.at) for lesson in in_order)


def _stale_lessons(
    work: UnitOfWork, group: Group, slots: list[tuple[date, Slot]], since: date, until: date
) -> tuple[Lesson, ...]:
    """The lessons of these days that were made for a slot that the schedule has no longer; locks all.

    Also one that nobody edited since, whose slot ends at another time now.
    """
    ends = {(day, slot.starts): slot.ends for day, slot in slots}

    def is_stale(lesson: Lesson) -> bool:
        place = lesson.date, lesson.starts
        if lesson.is_marked or lesson.scheduled != Scheduled(date=lesson.date, starts=lesson.starts):
            return False
        return place not in ends or (lesson.version == 1 and ends[place] != lesson.ends)

    return tuple(lesson for lesson in work.lessons.lock_of_group(group.id, since, until) if is_stale(lesson))


def correct_timezone(
    work: UnitOfWork, before: Location, after: Location, context: ChangeContext, zones: Zones
) -> None:
    """Have the lessons to come that have no mark in the location's new zone; their local times stay."""
    if before.timezone == after.timezone:
        return
    zone = zones.named(after.timezone)
    # a date anywhere is less than two days from the instant
    for lesson in work.lessons.lock_at_location(after.id, context.at.date() - 2 * ONE_DAY, date.max):
        if lesson.is_marked or lesson.has_begun(context.at):
            continue
        moved, event = lesson.edited({"timezone": after.timezone}, context, zone=zone)
        if event:
            work.lessons.save(moved)
            work.events.add(event)


def close_lessons(work: UnitOfWork, before: Location, after: Location, context: ChangeContext) -> None:
    """Cancel the lessons to come on days that are closed now; restore those that former closures cancelled.

    A lesson with a mark, other than announced absences, is not cancelled; one that somebody cancelled is not
    restored, nor one in whose place the group has another now.
    """
    changed = {*before.closures} ^ {*after.closures}
    if not changed:
        return
    since, until = min(closure.since for closure in changed), max(closure.until for closure in changed)
    for lesson in work.lessons.lock_at_location(after.id, since, until):
        was_closed, closure = before.closure_on(lesson.date), after.closure_on(lesson.date)
        edited, event = lesson, None
        if closure is None and was_closed and lesson.closed:
            if not is_overlapping(work, lesson):
                edited, event = lesson.reopened(context)
        elif closure and (lesson.closed or (not was_closed and _is_to_come_unmarked(work, lesson, context))):
            edited, event = lesson.closed_for(closure.reason, context)
        if event:
            work.lessons.save(edited)
            work.events.add(event)


def _is_to_come_unmarked(work: UnitOfWork, lesson: Lesson, context: ChangeContext) -> bool:
    is_to_come = not lesson.cancelled and not lesson.has_begun(context.at)
    # not `lesson.is_marked`: somebody may have been marked while this waited for the lock
    return is_to_come and all(mark.announced for mark in work.attendance.of_lesson(lesson.id))
