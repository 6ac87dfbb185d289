"""All marks, with the lessons they are of."""

from collections.abc import Iterator
from dataclasses import dataclass

from attendance.adapters.memory.pagination import cut_of
from attendance.adapters.memory.tables import Tables
from attendance.application.pagination import Cut
from attendance.application.ports import Marks
from attendance.application.ports.attendance import MarkFilter, MarkRow
from attendance.domain.club.lessons import Lesson


@dataclass(frozen=True, slots=True)
class MemoryMarks(Marks):
    tables: Tables

    def list(self, which: MarkFilter, cut: Cut[MarkRow]) -> tuple[MarkRow, ...]:
        return cut_of(
            self._rows(which),
            cut,
            keys={
                "date": lambda row: row.date,
                "starts": lambda row: row.starts,
                "lesson_id": lambda row: row.mark.lesson_id,
            },
            tie=lambda row: row.mark.client_id,
        )

    def count(self, which: MarkFilter) -> int:
        return sum(1 for _ in self._rows(which))

    def _is_taught(self, lesson: Lesson, which: MarkFilter) -> bool:
        group = self.tables.groups.rows[lesson.group_id]
        teachers = {*lesson.teachers, *group.teachers_on(lesson.date)}
        return which.taught_by is None or which.taught_by in teachers

    def _rows(self, which: MarkFilter) -> Iterator[MarkRow]:
        for lesson_id, marks in self.tables.marks.rows.items():
            lesson = self.tables.lessons.rows[lesson_id]
            is_within = (which.since or lesson.date) <= lesson.date <= (which.until or lesson.date)
            is_of = which.group_ids is None or lesson.group_id in which.group_ids
            if is_within and is_of and self._is_taught(lesson, which) and not lesson.cancelled:
                for mark in marks.values():
                    yield MarkRow(
                        mark=mark,
                        group_id=lesson.group_id,
                        date=lesson.date,
                        starts=lesson.starts,
                        name=self.tables.clients.rows[mark.client_id].name,
                    )
