"""Lessons by id."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime, time

from attendance.adapters.memory.repository import MemoryRepository
from attendance.application.ports import Lessons, LessonWithTeachers
from attendance.application.ports.club import LESSONS, LessonCriteria, LessonInContext, LessonLabel
from attendance.domain.club.lessons import Lesson, LessonState
from attendance.domain.ids import AccountId, ClientId, GroupId, LessonId, LocationId


class MemoryLessons(MemoryRepository[Lesson, LessonCriteria], Lessons):
    resource = LESSONS

    def completed(self, stored: Lesson) -> Lesson:
        marks = self.tables.marks.get(stored.id) or {}
        is_marked = any(not mark.announced for mark in marks.values())
        return stored if stored.is_marked == is_marked else replace(stored, is_marked=is_marked)

    def with_teachers(self, lesson_id: LessonId, *, for_update: bool) -> LessonWithTeachers:
        lesson = self.get(lesson_id)
        group = self.tables.groups.rows[lesson.group_id]
        teachers = frozenset({*lesson.teachers, *group.teachers_on(lesson.date)})
        return LessonWithTeachers(
            lesson=lesson,
            teachers=teachers,
            group_name=group.name,
            location_name=self.tables.locations.rows[lesson.location_id].name,
        )

    def in_context(self, lessons: Collection[Lesson]) -> tuple[LessonInContext, ...]:
        return tuple(self._in_context(lesson) for lesson in lessons if lesson.id in self.table.rows)

    def _in_context(self, lesson: Lesson) -> LessonInContext:
        group = self.tables.groups.rows[lesson.group_id]
        roster, marked = group.roster_on(lesson.date), self.tables.marks.get(lesson.id) or ()
        return LessonInContext(
            lesson=lesson,
            group_name=group.name,
            location_name=self.tables.locations.rows[lesson.location_id].name,
            roster=len(roster),
            unmarked=sum(client_id not in marked for client_id in roster),
            marked=len(marked),
        )

    def labels_of(self, lesson_ids: Collection[LessonId]) -> Mapping[LessonId, LessonLabel]:
        found = (self.table.rows[it] for it in lesson_ids if it in self.table.rows)
        return {
            lesson.id: LessonLabel(
                group_name=self.tables.groups.rows[lesson.group_id].name,
                date=lesson.date,
                starts=lesson.starts,
            )
            for lesson in found
        }

    def of_member(self, client_id: ClientId, since: date, until: date) -> tuple[Lesson, ...]:
        groups = self.tables.groups.rows
        found = (
            self.completed(it)
            for it in self.table.all()
            if since <= it.date <= until and client_id in groups[it.group_id].roster_on(it.date)
        )
        return tuple(sorted(found, key=lambda lesson: (lesson.date, lesson.starts, lesson.id)))

    def add_all(self, lessons: Collection[Lesson]) -> None:
        with self.tables.journal.undone_if_raised():
            for lesson in lessons:
                self.add(lesson)

    def remove_all(self, lessons: Collection[Lesson]) -> None:
        with self.tables.journal.undone_if_raised():
            for lesson in lessons:
                self._index_keys(self.table.get(lesson.id), None)
                self.table.remove(lesson.id)

    def of_group_between(self, group_id: GroupId, since: datetime, until: datetime) -> tuple[Lesson, ...]:
        return self._by_start(
            it
            for it in self.table.all()
            if it.group_id == group_id and it.starts_at < until and it.ends_at > since
        )

    def next_of_groups(self, group_ids: Collection[GroupId], at: datetime) -> tuple[Lesson, ...]:
        to_come = self._by_start(
            it for it in self.table.all() if it.group_id in group_ids and it.ends_at > at
        )
        first = {lesson.group_id: lesson for lesson in reversed(to_come)}
        return tuple(first[group_id] for group_id in sorted(first))

    def taught_on(self, teacher_ids: Collection[AccountId], dates: Collection[date]) -> tuple[Lesson, ...]:
        return self._by_start(
            it for it in self.table.all() if it.date in dates and not {*teacher_ids}.isdisjoint(it.teachers)
        )

    def _by_start(self, lessons: Iterable[Lesson]) -> tuple[Lesson, ...]:
        """Those that are not cancelled."""
        taking_place = (self.completed(it) for it in lessons if not it.cancelled)
        return tuple(sorted(taking_place, key=lambda lesson: (lesson.starts_at, lesson.id)))

    def slots_taken(self, group_id: GroupId, since: date, until: date) -> frozenset[tuple[date, time]]:
        lessons = [lesson for lesson in self.table.all() if lesson.group_id == group_id]
        places = [*lessons, *(lesson.scheduled for lesson in lessons if lesson.scheduled)]
        return frozenset((place.date, place.starts) for place in places if since <= place.date <= until)

    def lock_held_dates(self, group_id: GroupId, at: datetime) -> frozenset[date]:
        lessons = (self.completed(it) for it in self.table.all() if it.group_id == group_id)
        return frozenset(it.date for it in lessons if it.state(at=at) is LessonState.HELD)

    def lock_of_group(self, group_id: GroupId, since: date, until: date) -> tuple[Lesson, ...]:
        return self.get_all_for_update(
            [it.id for it in self.table.all() if it.group_id == group_id and since <= it.date <= until]
        )

    def lock_at_location(self, location_id: LocationId, since: date, until: date) -> tuple[Lesson, ...]:
        return self.get_all_for_update(
            [it.id for it in self.table.all() if it.location_id == location_id and since <= it.date <= until]
        )
