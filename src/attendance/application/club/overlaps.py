"""Lessons at the same time: refused within a group, told where a teacher is in two places."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from attendance.application.ports import UnitOfWork
from attendance.domain.club.lessons import Lesson, LessonsOverlap
from attendance.domain.ids import AccountId, GroupId, LessonId


class LessonWarningCode(StrEnum):
    """What somebody may want to know of a lesson that was added or edited."""

    TEACHER_ELSEWHERE = "teacher_elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonWarning:
    """A teacher of a lesson teaches another one at the same time."""

    code: LessonWarningCode
    lesson_id: LessonId
    user_id: AccountId
    with_lesson_id: LessonId


def require_no_overlap(work: UnitOfWork, lesson: Lesson) -> None:
    """Raise LessonsOverlap where the group has another lesson at the time of one that takes place.

    The group must be locked.
    """
    if not lesson.cancelled and is_overlapping(work, lesson):
        raise LessonsOverlap


def is_overlapping(work: UnitOfWork, lesson: Lesson) -> bool:
    """Whether its group has another lesson at the time of a lesson; cancelled ones are no obstacle."""
    at_the_time = work.lessons.of_group_between(lesson.group_id, lesson.starts_at, lesson.ends_at)
    return any(other.id != lesson.id for other in at_the_time)


class Timeline:
    """When a group has lessons, around those that are to be added."""

    def __init__(self, work: UnitOfWork, group_id: GroupId, lessons: Collection[Lesson]) -> None:
        since = min(lesson.starts_at for lesson in lessons)
        until = max(lesson.ends_at for lesson in lessons)
        self._by_day: dict[date, list[Lesson]] = {}
        for lesson in work.lessons.of_group_between(group_id, since, until):
            self.add(lesson)

    def add(self, lesson: Lesson) -> None:
        self._by_day.setdefault(lesson.starts_at.date(), []).append(lesson)

    def is_free(self, lesson: Lesson) -> bool:
        """Whether there is no lesson at the time of another."""
        return not any(
            lesson.overlaps(other)
            for day in _days_around(lesson.starts_at.date())
            for other in self._by_day.get(day, ())
        )


def warnings_of(work: UnitOfWork, lessons: Collection[Lesson]) -> tuple[LessonWarning, ...]:
    """Where teachers of these teach another at the same time: by lesson, teacher, the other's start."""
    planned = [lesson for lesson in lessons if not lesson.cancelled]
    teacher_ids = {user_id for lesson in planned for user_id in lesson.teachers}
    others: dict[date, list[Lesson]] = {}
    # elsewhere the same instant may have another date
    for other in work.lessons.taught_on(
        teacher_ids, {day for it in planned for day in _days_around(it.date)}
    ):
        others.setdefault(other.date, []).append(other)
    return tuple(
        LessonWarning(
            code=LessonWarningCode.TEACHER_ELSEWHERE,
            lesson_id=lesson.id,
            user_id=user_id,
            with_lesson_id=other.id,
        )
        for lesson in planned
        for at_once in [_at_once(lesson, others)]
        for user_id in sorted(lesson.teachers)
        for other in at_once
        if user_id in other.teachers
    )


def _at_once(lesson: Lesson, others: Mapping[date, list[Lesson]]) -> list[Lesson]:
    """Those of the others, by date, that are on at the time of a lesson, by start."""
    around = (other for day in _days_around(lesson.date) for other in others.get(day, ()))
    at_once = (other for other in around if other.id != lesson.id and lesson.overlaps(other))
    return sorted(at_once, key=lambda other: (other.starts_at, other.id))


def _days_around(day: date) -> Iterable[date]:
    """The dates that lessons at the same time as those of a date may have, anywhere; in order."""
    ordinals = range(max(day.toordinal() - 2, 1), min(day.toordinal() + 2, date.max.toordinal()) + 1)
    return map(date.fromordinal, ordinals)
