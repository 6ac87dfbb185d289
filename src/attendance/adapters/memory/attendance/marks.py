"""All marks, with the lessons they are of."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from attendance.adapters.memory.pagination import page_of
from attendance.adapters.memory.tables import Tables
from attendance.application.pagination import PageRequest
from attendance.application.ports import Marks
from attendance.application.ports.attendance import MarkCriteria, MarkRow
from attendance.domain.attendance.marks import Mark
from attendance.domain.club.lessons import Lesson


@dataclass(frozen=True, slots=True)
class MemoryMarks(Marks):
    tables: Tables

    def list(self, criteria: MarkCriteria, page_request: PageRequest[MarkRow]) -> tuple[MarkRow, ...]:
        return page_of(
            self._rows(criteria),
            page_request,
            keys={
                "date": lambda row: row.date,
                "starts": lambda row: row.starts,
                "lesson_id": lambda row: row.mark.lesson_id,
            },
            tie=lambda row: row.mark.client_id,
        )

    def count(self, criteria: MarkCriteria) -> int:
        return sum(1 for _ in self._rows(criteria))

    def _is_taught(self, lesson: Lesson, criteria: MarkCriteria) -> bool:
        group = self.tables.groups.rows[lesson.group_id]
        teachers = {*lesson.teachers, *group.teachers_on(lesson.date)}
        return criteria.taught_by is None or criteria.taught_by in teachers

    def _rows(self, criteria: MarkCriteria) -> Iterator[MarkRow]:
        for lesson_id, marks in self.tables.marks.rows.items():
            lesson = self.tables.lessons.rows[lesson_id]
            is_within = (criteria.since or lesson.date) <= lesson.date <= (criteria.until or lesson.date)
            is_of = criteria.group_ids is None or lesson.group_id in criteria.group_ids
            if is_within and is_of and self._is_taught(lesson, criteria) and not lesson.cancelled:
                for mark in filter(partial(_is_meant, criteria), marks.values()):
                    yield MarkRow(
                        mark=mark,
                        group_id=lesson.group_id,
                        date=lesson.date,
                        starts=lesson.starts,
                        name=self.tables.clients.rows[mark.client_id].name,
                    )


def _is_meant(criteria: MarkCriteria, mark: Mark) -> bool:
    return (
        criteria.client_id in (None, mark.client_id)
        and criteria.status in (None, mark.status)
        and criteria.unpaid in (None, mark.charge.unpaid)
    )
