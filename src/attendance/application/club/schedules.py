"""Lessons by the schedule: made for a range of days, called off while their location is closed."""

from dataclasses import dataclass
from datetime import date

from attendance.application.club.lessons import group_for_update
from attendance.application.editing import change_context
from attendance.application.ports import Clock, Contended, NewId, Store, Today, UnitOfWork, Zones
from attendance.application.retrying import retried
from attendance.domain.club.lessons import Lesson, SlotTaken, made
from attendance.domain.club.locations import Location
from attendance.domain.club.schedules import require_range, slots_between
from attendance.domain.events import ChangeContext
from attendance.domain.ids import GroupId, LessonId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level_for_some
from attendance.domain.permissions.table import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeLessons:
    """Lessons made from a schedule now, in order, and how many of its places had one already."""

    lessons: tuple[Lesson, ...]
    existing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeLessons:
    """Make the lessons of a group's schedule from `since` to `until`, both included, at most 366 days.

    Only on days on which the group is active and its location is not closed. What was made before, or is in
    the way, stays as it is: doing it again adds nothing. Raises Invalid, Forbidden, GroupNotFound.
    """

    store: Store
    clock: Clock
    today: Today
    new_id: NewId
    zones: Zones

    @retried
    def __call__(self, actor: Actor, *, group_id: GroupId, since: date, until: date) -> MadeLessons:
        require_range(since, until)
        require_level_for_some(actor, Permission.ADD_LESSON)
        try:
            with self.store.transaction() as work:
                return self._made(work, actor, group_id, since, until)
        except SlotTaken as meanwhile:
            # somebody has moved a lesson there: the next time it is seen to be in the way
            raise Contended from meanwhile

    def _made(
        self, work: UnitOfWork, actor: Actor, group_id: GroupId, since: date, until: date
    ) -> MadeLessons:
        group = group_for_update(work, actor, group_id, self.today())
        location = work.locations.get_for_update(group.location_id)
        zone, does = self.zones.named(location.timezone), change_context(self, actor)
        taken = work.lessons.slots_taken(group_id, since, until)
        places = [
            (day, slot) for day, slot in slots_between(group.schedule, since, until) if group.is_active(day)
        ]
        lessons = tuple(
            made(
                group,
                location,
                day,
                slot.starts,
                slot.ends,
                zone=zone,
                lesson_id=LessonId(self.new_id()),
                at=does.at,
                is_scheduled=True,
            )
            for day, slot in places
            if (day, slot.starts) not in taken and location.closure_on(day) is None
        )
        work.lessons.add_all(lessons)
        work.events.add_all([lesson.added(does) for lesson in lessons])
        existing = sum((day, slot.starts) in taken for day, slot in places)
        return MadeLessons(lessons=lessons, existing=existing)


def close_lessons(work: UnitOfWork, before: Location, after: Location, does: ChangeContext) -> None:
    """Cancel the lessons to come on days that are closed now; restore what closures that are gone cancelled.

    What somebody marked is not cancelled; what somebody else cancelled is not restored.
    """
    different = {*before.closures} ^ {*after.closures}
    if not different:
        return
    since, until = min(it.since for it in different), max(it.until for it in different)
    for lesson in work.lessons.lock_at_location(after.id, since, until):
        was_closed, closure = before.closure_on(lesson.date), after.closure_on(lesson.date)
        changed, event = lesson, None
        if closure is None and was_closed and lesson.closed:
            changed, event = lesson.reopened(does)
        elif closure and not was_closed and _is_still_open(work, lesson, does):
            changed, event = lesson.closed_for(closure.reason, does)
        if event:
            work.lessons.save(changed)
            work.events.add(event)


def _is_still_open(work: UnitOfWork, lesson: Lesson, does: ChangeContext) -> bool:
    """To come, and nobody marked; asked anew, as somebody may have been while this waited for the lesson."""
    is_to_come = not lesson.cancelled and not lesson.has_begun(does.at)
    return is_to_come and not work.attendance.of_lesson(lesson.id)
