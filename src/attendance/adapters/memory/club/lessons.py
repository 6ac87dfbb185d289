"""Lessons by id."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date, datetime, time
from uuid import UUID

from attendance.adapters.memory.repository import MemoryRepository
from attendance.adapters.memory.tables import Table
from attendance.application.ports import Lessons, Taught
from attendance.application.ports.club import LessonCriteria
from attendance.domain.club.lessons import Lesson, LessonNotFound, LessonState, SlotTaken
from attendance.domain.ids import GroupId, LessonId, LocationId


class MemoryLessons(MemoryRepository[Lesson, LessonCriteria], Lessons):
    not_found = LessonNotFound
    keys = {  # noqa: RUF012 # nobody changes it
        "date": lambda lesson: lesson.date,
        "starts": lambda lesson: lesson.starts,
        "created_at": lambda lesson: lesson.created_at,
    }

    @property
    def table(self) -> Table[UUID, Lesson]:
        return self.tables.lessons

    def shown(self, stored: Lesson) -> Lesson:
        is_marked = bool(self.tables.marks.get(stored.id))
        return stored if stored.is_marked == is_marked else replace(stored, is_marked=is_marked)

    @staticmethod
    def matches(entity: Lesson, criteria: LessonCriteria) -> bool:
        return (
            entity.group_id == criteria.group_id
            and (criteria.since or entity.date) <= entity.date <= (criteria.until or entity.date)
            and criteria.state in (None, entity.state(at=criteria.at))
        )

    def taught(self, lesson_id: LessonId, *, held: bool) -> Taught:
        lesson = self.get(lesson_id)
        group = self.tables.groups.rows[lesson.group_id]
        return Taught(lesson=lesson, teachers=frozenset({*lesson.teachers, *group.teachers_on(lesson.date)}))

    def add(self, entity: Lesson) -> None:
        self.add_all([entity])

    def add_all(self, lessons: Collection[Lesson]) -> None:
        ids = {lesson.id for lesson in lessons}
        taken = {place for other in self.table.all() if other.id not in ids for place in _places(other)}
        for lesson in lessons:
            places = {*_places(lesson)}
            if places & taken:
                raise SlotTaken
            taken |= places
        for lesson in lessons:
            self.table.put(lesson.id, lesson)

    def slots_taken(self, group_id: GroupId, since: date, until: date) -> frozenset[tuple[date, time]]:
        places = (place for it in self.table.all() if it.group_id == group_id for place in _places(it))
        return frozenset((day, starts) for _, _, day, starts in places if since <= day <= until)

    def lock_held_dates(self, group_id: GroupId, at: datetime) -> frozenset[date]:
        lessons = (self.shown(it) for it in self.table.all() if it.group_id == group_id)
        return frozenset(it.date for it in lessons if it.state(at=at) is LessonState.HELD)

    def hold_at(self, location_id: LocationId, since: date, until: date) -> tuple[Lesson, ...]:
        return self.get_all_for_update(
            [it.id for it in self.table.all() if it.location_id == location_id and since <= it.date <= until]
        )


def _places(lesson: Lesson) -> Iterator[tuple[str, GroupId, date, time]]:
    """What no other lesson of its group may have: its time, and its place in the schedule."""
    yield "time", lesson.group_id, lesson.date, lesson.starts
    if lesson.scheduled is not None:
        yield "scheduled", lesson.group_id, lesson.scheduled.date, lesson.scheduled.starts
