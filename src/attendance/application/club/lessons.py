"""Lessons: listing, adding, showing and editing them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Unpack

from attendance.application.attendance.charging import charge_again, clear_marks
from attendance.application.club.overlaps import LessonWarning, require_no_overlap, warnings_of
from attendance.application.forms.editing import require_version
from attendance.application.forms.field_errors import LONG_AGO, NOBODY, record_errors
from attendance.application.forms.read_models import read_model
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command, DatedCommand, TimedQuery
from attendance.application.ports import UnitOfWork, Zones
from attendance.application.ports.club import LESSONS
from attendance.domain.attendance.marks import Mark, MarkingRules
from attendance.domain.club.groups import Group, OutsideGroup
from attendance.domain.club.lessons import (
    CLOSED,
    Lesson,
    LessonChanges,
    LessonFields,
    LessonMarked,
    LessonNotFound,
    LessonState,
    capacity_of,
    made,
)
from attendance.domain.errors import FieldError, Forbidden, raise_if_errors
from attendance.domain.events import ChangeContext
from attendance.domain.ids import AccountId, GroupId, LessonId, LocationId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import (
    may_choose_teachers,
    require,
    require_level,
    require_level_for_some,
)
from attendance.domain.permissions.table import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonDetails(LessonFields):
    """A lesson and its state now."""

    state: LessonState

    @classmethod
    def of(cls, lesson: Lesson, now: datetime) -> "LessonDetails":
        return read_model(cls, lesson, state=lesson.state(at=now))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedLessonDetails(LessonDetails):
    """A lesson that was added or edited, and its state now; `warnings` by teacher and the other's start."""

    warnings: tuple[LessonWarning, ...]


MOVES = frozenset({"date", "starts", "ends", "location_id", "cancelled"})
"""The fields of a lesson that say when and where it is, and whether."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AddLesson(DatedCommand):
    """Add a lesson to a group and return it.

    `date`, `starts`, `ends` are local to the location: the group's, unless `location_id` is given.
    `teachers`: who teaches the group on that date unless given. Managers may, and below them who teaches the
    group today, but not choose `teachers`. Raises Invalid, Forbidden, GroupNotFound, LocationNotFound,
    UserNotFound, OutsideGroup where the group is not active on that date, and SlotTaken or LessonsOverlap
    where it has a lesson at that time.
    """

    zones: Zones

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return lesson_errors(fields)

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        group_id: GroupId,
        date: date,
        starts: time,
        ends: time,
        location_id: LocationId | None = None,
        teachers: tuple[AccountId, ...] | None = None,
        topic: str = "",
    ) -> ChangedLessonDetails:
        given = {"starts": starts, "ends": ends, "teachers": teachers or (), "topic": topic}
        raise_if_errors(*self.errors_in(given))
        require_level_for_some(actor, Permission.ADD_LESSON)
        context = self._change_context(actor)
        with self.store.transaction() as work:
            group = group_for_update(work, actor, group_id, self.today())
            if teachers is not None:
                require(may_choose_teachers(actor), Forbidden)
                _require_accounts(work, teachers)
            if not group.is_active(date):
                raise OutsideGroup
            location = work.locations.get_for_update(location_id or group.location_id)
            lesson = made(
                group,
                location,
                date,
                starts,
                ends,
                zone=self.zones.named(location.timezone),
                lesson_id=LessonId(self.new_id()),
                at=context.at,
                teachers=teachers,
                topic=topic,
            )
            work.lessons.add(lesson)
            require_no_overlap(work, lesson)
            work.events.add(lesson.added(context))
            return _changed(work, lesson, context.at)


class ShowLesson(TimedQuery):
    """Return one lesson of a group with its state now. Raises Forbidden, LessonNotFound."""

    @retried
    def __call__(self, actor: Actor, *, group_id: GroupId, lesson_id: LessonId) -> LessonDetails:
        require_level(actor, Permission.READ_LESSONS)
        lesson = self._stored(LESSONS, lesson_id)
        if lesson.group_id != group_id:
            raise LessonNotFound
        return LessonDetails.of(lesson, self.clock())


@dataclass(frozen=True, slots=True, kw_only=True)
class EditLesson(Command):
    """Change the given fields of a lesson, those of `LessonChanges`, and return it with its state now.

    `cancelled` True, with a `reason`, cancels it and gives its visits back to the passes that paid; False
    restores it. Restoring it or moving it to another date charges its visits again. Managers may, and below
    them who teaches the lesson, but not choose `teachers`. A lesson with marks can be moved, cancelled or
    restored only on the days on which the actor may change its marks, by its old date and by its new one, and
    moving it gives nobody more such days (TooLate). With marks other than excused it is not moved to where it
    is still to come (AttendedLesson). `versions`: refuse unless the stored version is one of these; None:
    any.

    Raises Invalid, Forbidden, LessonNotFound, TooLate, Outdated, LocationNotFound, UserNotFound,
    AttendedLesson, SlotTaken or LessonsOverlap where the group has another lesson at that time, and
    OutsideGroup where it is moved to or restored on a date on which the group is not active.
    """

    zones: Zones
    marking_rules: MarkingRules

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        return lesson_errors(fields)

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        group_id: GroupId,
        lesson_id: LessonId,
        versions: Collection[int] | None = None,
        **changes: Unpack[LessonChanges],
    ) -> ChangedLessonDetails:
        raise_if_errors(*self.errors_in(changes))
        require_level_for_some(actor, Permission.EDIT_LESSON)
        with self.store.transaction() as work:
            if not MOVES.isdisjoint(changes):
                # before the lesson: whoever ends the group locks that first
                work.groups.lock_existing([group_id])
            before = self._editable(work, actor, group_id, lesson_id)
            if {*changes.get("teachers", before.teachers)} != {*before.teachers}:
                require(may_choose_teachers(actor), Forbidden)
            marks = self._marks_moved(work, before, changes)
            if marks:
                self._require_in_time(actor, before, changes)
            require_version(before.version, versions)
            all_changes = _with_derived_changes(work, before, changes)
            zone = self.zones.named(all_changes.get("timezone", before.timezone))
            after, event = before.edited(all_changes, self._change_context(actor), zone=zone)
            self.marking_rules.require_movable(actor.level, before, after, marks, at=self.clock(), zone=zone)
            if before.date != after.date or before.cancelled > after.cancelled:
                _require_active(work, after)
            if event:
                work.lessons.save(after)
                work.events.add(event)
                self._follow(work, actor, before, after)
            return _changed(work, after, self.clock())

    def _editable(self, work: UnitOfWork, actor: Actor, group_id: GroupId, lesson_id: LessonId) -> Lesson:
        """The lesson, locked. Raises LessonNotFound, also for one of another group, and Forbidden."""
        taught_lesson = work.lessons.with_teachers(lesson_id, for_update=True)
        if taught_lesson.lesson.group_id != group_id:
            raise LessonNotFound
        require_level(actor, Permission.EDIT_LESSON, own=actor.id in taught_lesson.teachers)
        return taught_lesson.lesson

    def _follow(self, work: UnitOfWork, actor: Actor, before: Lesson, after: Lesson) -> None:
        """Of another time or date: no two lessons of a group overlap, and visits are charged anew."""
        was = before.cancelled, before.starts_at, before.ends_at
        if was != (after.cancelled, after.starts_at, after.ends_at):
            require_no_overlap(work, after)
        if (before.date, before.cancelled) != (after.date, after.cancelled):
            charge_again(work, before, after, self._change_context(actor))

    def _marks_moved(self, work: UnitOfWork, before: Lesson, changes: LessonChanges) -> tuple[Mark, ...]:
        """The marks of a lesson that is moved, cancelled or restored; of another none."""
        moves = any(changes.get(name, getattr(before, name)) != getattr(before, name) for name in MOVES)
        # not `before.is_marked`: somebody may have been marked while this waited for the lock
        return work.attendance.of_lesson(before.id) if moves else ()

    def _require_in_time(self, actor: Actor, before: Lesson, changes: LessonChanges) -> None:
        """Raise TooLate for a lesson whose marks may no longer be changed, by its old or its new date."""
        today = self.clock().astimezone(self.zones.named(before.timezone)).date()
        for day in (before.date, changes.get("date", before.date)):
            self.marking_rules.require_in_time(actor.level, day, today=today)


class DeleteLesson(Command):
    """Delete a lesson that has no marks but announced absences, which go with it.

    Made by the schedule, it can be made again.
    Managers may, and below them who teaches the lesson. `versions`: refuse (Outdated) unless the lesson has
    one of these; None: any. Raises Forbidden, LessonNotFound, Outdated, LessonMarked.
    """

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        group_id: GroupId,
        lesson_id: LessonId,
        versions: Collection[int] | None = None,
    ) -> None:
        require_level_for_some(actor, Permission.DELETE_LESSON)
        with self.store.transaction() as work:
            taught_lesson = work.lessons.with_teachers(lesson_id, for_update=True)
            if taught_lesson.lesson.group_id != group_id:
                raise LessonNotFound
            require_level(actor, Permission.DELETE_LESSON, own=actor.id in taught_lesson.teachers)
            # once more: somebody may have been marked while this waited for the lock
            lesson = work.lessons.get(lesson_id)
            require_version(lesson.version, versions)
            remove_lessons(work, [lesson], self._change_context(actor))


def remove_lessons(work: UnitOfWork, lessons: Collection[Lesson], context: ChangeContext) -> None:
    """Remove lessons, which are locked, with the absences announced for them. Raises LessonMarked."""
    events = [lesson.deleted(context) for lesson in lessons]
    # read after the locks: nobody marks in these lessons any more
    marks = work.attendance.of_lessons([lesson.id for lesson in lessons])
    if not all(mark.announced for mark in marks):
        raise LessonMarked
    clear_marks(work, marks, context)
    work.lessons.remove_all(lessons)
    work.events.add_all(events)


def _changed(work: UnitOfWork, lesson: Lesson, now: datetime) -> ChangedLessonDetails:
    """A lesson that was added or edited, and what somebody may want to know of it."""
    warnings = warnings_of(work, [lesson])
    return read_model(ChangedLessonDetails, lesson, state=lesson.state(at=now), warnings=warnings)


def _require_active(work: UnitOfWork, lesson: Lesson) -> None:
    """Raise OutsideGroup for a lesson on a day on which its group is not active."""
    if not lesson.cancelled and not work.groups.get(lesson.group_id).is_active(lesson.date):
        raise OutsideGroup


def _with_derived_changes(work: UnitOfWork, before: Lesson, changes: LessonChanges) -> dict[str, Any]:
    """The changes, and what follows from them: zone and capacity of another location, and its closures.

    Raises UserNotFound for a new teacher, LocationNotFound.
    """
    all_changes: dict[str, Any] = {**changes}
    _require_accounts(work, {*changes.get("teachers", ())} - {*before.teachers})
    location_id, day = changes.get("location_id", before.location_id), changes.get("date", before.date)
    if (location_id, day) == (before.location_id, before.date):
        return all_changes
    location = work.locations.get(location_id)
    if location_id != before.location_id:
        all_changes["timezone"] = location.timezone
        all_changes["capacity"] = capacity_of(work.groups.get(before.group_id), location)
    if before.closed and "cancelled" not in changes:
        # moved to a day or place that is not closed, it is restored
        closure = location.closure_on(day)
        all_changes["cancelled"] = all_changes["closed"] = closure is not None
        all_changes["reason"] = closure.reason or CLOSED if closure else ""
    return all_changes


def group_for_update(work: UnitOfWork, actor: Actor, group_id: GroupId, today: date) -> Group:
    """The group, locked, for an actor who may add lessons to it. Raises GroupNotFound, Forbidden."""
    group = work.groups.get_for_update(group_id)
    require_level(actor, Permission.ADD_LESSON, own=actor.id in group.teachers_on(today))
    return group


def _require_accounts(work: UnitOfWork, account_ids: Collection[AccountId]) -> None:
    """Raise UserNotFound unless all of these exist."""
    for account_id in sorted(account_ids):
        work.accounts.get(account_id)


def lesson_errors(fields: Mapping[str, Any]) -> list[FieldError]:
    """What is wrong with some of a lesson's fields."""
    given = {name: value for name, value in fields.items() if value is not None}
    cancelled, reason = given.get("cancelled"), given.get("reason")
    return record_errors(
        Lesson,
        given,
        group_id=NOBODY,
        location_id=NOBODY,
        timezone="UTC",
        date=date.min,
        starts=time.min,
        ends=time.max,
        starts_at=LONG_AGO,
        ends_at=LONG_AGO,
        # each may be what it is because of the other, as it is stored
        cancelled=bool(reason),
        reason="x" if cancelled else "",
    )
