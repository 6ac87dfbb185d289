"""Lessons: listing, adding one or those of the schedule, showing and editing them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, time
from typing import Any, Unpack

from attendance.application.attendance.charging import charge_again
from attendance.application.editing import change_context, require_version
from attendance.application.listing import Listed, Reading, listed
from attendance.application.pagination import parse_sort, validate_range
from attendance.application.ports import Clock, NewId, Store, Today, UnitOfWork, Zones
from attendance.application.ports.club import LessonCriteria
from attendance.application.retrying import retried
from attendance.domain.attendance.marks import MarkingRules
from attendance.domain.club.groups import Group, GroupNotFound
from attendance.domain.club.lessons import (
    CLOSED,
    Lesson,
    LessonChanges,
    LessonNotFound,
    LessonState,
    capacity_of,
    made,
)
from attendance.domain.errors import Forbidden
from attendance.domain.ids import AccountId, GroupId, LessonId, LocationId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import (
    may_choose_teachers,
    require,
    require_level,
    require_level_for_some,
)
from attendance.domain.permissions.table import Permission

LESSONS_SORT = ("date", "created_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class ListLessons:
    """Lessons of a group by date unless `sort` says otherwise, `since` and `until` included.

    With `page` (from 1) 20 of them, otherwise all. Raises Invalid, Forbidden, GroupNotFound.
    """

    store: Store
    clock: Clock

    def __call__(
        self,
        actor: Actor,
        *,
        group_id: GroupId,
        page: int | None = None,
        sort: str = "",
        since: date | None = None,
        until: date | None = None,
        state: LessonState | None = None,
    ) -> Listed[Lesson]:
        order = parse_sort(sort or "date", LESSONS_SORT)
        criteria = LessonCriteria(group_id=group_id, at=self.clock(), since=since, until=until, state=state)
        validate_range(since, until)

        def permitted() -> None:
            require_level(actor, Permission.READ_LESSONS)
            if not Reading(self.store).one(lambda work: work.groups.existing_ids([group_id])):
                raise GroupNotFound

        return listed(
            self.store,
            permitted,
            order=order,
            page=page,
            count=lambda work: work.lessons.count(criteria),
            rows=lambda work, page_request: work.lessons.list(criteria, page_request),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class AddLesson:
    """Add one lesson, at the group's location and with its teachers unless others are named.

    Who teaches the group today may, and managers; only these say who teaches. Raises Invalid, Forbidden,
    GroupNotFound, LocationNotFound, UserNotFound, SlotTaken.
    """

    store: Store
    clock: Clock
    today: Today
    new_id: NewId
    zones: Zones

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
    ) -> Lesson:
        require_level_for_some(actor, Permission.ADD_LESSON)
        with self.store.transaction() as work:
            group = group_for_update(work, actor, group_id, self.today())
            if teachers is not None:
                require(may_choose_teachers(actor), Forbidden)
                _require_accounts(work, teachers)
            location = work.locations.get_for_update(location_id or group.location_id)
            lesson = made(
                group,
                location,
                date,
                starts,
                ends,
                zone=self.zones.named(location.timezone),
                lesson_id=LessonId(self.new_id()),
                at=self.clock(),
                teachers=teachers,
                topic=topic,
            )
            work.lessons.add(lesson)
            work.events.add(lesson.added(change_context(self, actor)))
        return lesson


@dataclass(frozen=True, slots=True, kw_only=True)
class ShowLesson:
    """One lesson of a group. Raises Forbidden, LessonNotFound."""

    store: Store

    @retried
    def __call__(self, actor: Actor, *, group_id: GroupId, lesson_id: LessonId) -> Lesson:
        require_level(actor, Permission.READ_LESSONS)
        with self.store.autocommit() as work:
            lesson = work.lessons.get(lesson_id)
        if lesson.group_id != group_id:
            raise LessonNotFound
        return lesson


@dataclass(frozen=True, slots=True, kw_only=True)
class EditLesson:
    """Change what is named: move it, cancel it (`cancelled`, with a reason) or restore it, and so on.

    Cancelling gives visits back, restoring and moving charge anew. Who teaches it may, and managers; only
    these say who teaches. A lesson with marks is moved, cancelled or restored only in the days in which its
    marks may be changed. `versions`: those the caller has seen, None for any. Raises Invalid, Forbidden,
    LessonNotFound, TooLate, Outdated, LocationNotFound, UserNotFound, SlotTaken.
    """

    store: Store
    clock: Clock
    new_id: NewId
    zones: Zones
    marking_rules: MarkingRules

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        group_id: GroupId,
        lesson_id: LessonId,
        versions: Collection[int] | None = None,
        **changes: Unpack[LessonChanges],
    ) -> Lesson:
        require_level_for_some(actor, Permission.EDIT_LESSON)
        with self.store.transaction() as work:
            taught = work.lessons.with_teachers(lesson_id, for_update=True)
            before = taught.lesson
            if before.group_id != group_id:
                raise LessonNotFound
            require_level(actor, Permission.EDIT_LESSON, own=actor.id in taught.teachers)
            if {*changes.get("teachers", before.teachers)} != {*before.teachers}:
                require(may_choose_teachers(actor), Forbidden)
            self._require_in_time(work, actor, before, changes)
            require_version(before.version, versions)
            whole = _with_what_follows(work, before, changes)
            zone = self.zones.named(whole.get("timezone", before.timezone))
            after, event = before.edited(whole, change_context(self, actor), zone=zone)
            if event:
                work.lessons.save(after)
                work.events.add(event)
            if (before.date, before.cancelled) != (after.date, after.cancelled):
                charge_again(work, before, after, change_context(self, actor))
        return after

    def _require_in_time(
        self, work: UnitOfWork, actor: Actor, before: Lesson, changes: LessonChanges
    ) -> None:
        """Raise TooLate for moving, cancelling or restoring it when its marks may not be changed any more."""
        moves = ("date", "starts", "ends", "location_id", "cancelled")
        # asked anew: somebody may have been marked while this waited for the lesson
        if any(
            changes.get(it, getattr(before, it)) != getattr(before, it) for it in moves
        ) and work.attendance.of_lesson(before.id):
            today = self.clock().astimezone(self.zones.named(before.timezone)).date()
            for day in (before.date, changes.get("date", before.date)):
                self.marking_rules.require_in_time(actor.level, day, today=today)


def _with_what_follows(work: UnitOfWork, before: Lesson, changes: LessonChanges) -> dict[str, Any]:
    """Another place has its own zone, and capacity where the group has none. Raises NotFound."""
    whole: dict[str, Any] = {**changes}
    _require_accounts(work, {*changes.get("teachers", ())} - {*before.teachers})
    location_id, day = changes.get("location_id", before.location_id), changes.get("date", before.date)
    if (location_id, day) == (before.location_id, before.date):
        return whole
    location = work.locations.get(location_id)
    if location_id != before.location_id:
        whole["timezone"] = location.timezone
        whole["capacity"] = capacity_of(work.groups.get(before.group_id), location)
    if before.closed and "cancelled" not in changes:
        # moved to where it is open, it takes place after all
        closure = location.closure_on(day)
        whole["cancelled"] = whole["closed"] = closure is not None
        whole["reason"] = closure.reason or CLOSED if closure else ""
    return whole


def group_for_update(work: UnitOfWork, actor: Actor, group_id: GroupId, today: date) -> Group:
    """The group, if the actor may add lessons to it."""
    group = work.groups.get_for_update(group_id)
    require_level(actor, Permission.ADD_LESSON, own=actor.id in group.teachers_on(today))
    return group


def _require_accounts(work: UnitOfWork, account_ids: Collection[AccountId]) -> None:
    for account_id in sorted(account_ids):
        work.accounts.get(account_id)
