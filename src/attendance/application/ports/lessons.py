"""Lessons, and who teaches them."""

from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Protocol

from attendance.application.filters import LessonFilter
from attendance.application.ports.repositories import Repository
from attendance.domain.ids import AccountId, GroupId, LessonId, LocationId
from attendance.domain.lessons import Lesson


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """A lesson, and everybody who teaches it: its own teachers, and its group's on its date."""

    lesson: Lesson
    teachers: frozenset[AccountId]


class Lessons(Repository[Lesson, LessonFilter], Protocol):
    """Raises SlotTaken where a group has two lessons at one time."""

    @abstractmethod
    def taught(self, lesson_id: LessonId, *, held: bool) -> Taught:
        """One statement; `held`: nobody else changes it until this unit ends. Raise LessonNotFound."""

    @abstractmethod
    def add_all(self, lessons: Collection[Lesson]) -> None:
        """In one statement."""

    @abstractmethod
    def slots_taken(self, group_id: GroupId, since: date, until: date) -> frozenset[tuple[date, time]]:
        """When the group has lessons, and for which places in its schedule they were made: date and start."""

    @abstractmethod
    def hold_held_days(self, group_id: GroupId, at: datetime) -> frozenset[date]:
        """The dates of lessons that were held, as of a moment.

        Holds all that have begun until this unit ends: none gets its first mark while rosters are changed.
        """

    @abstractmethod
    def hold_at(self, location_id: LocationId, since: date, until: date) -> tuple[Lesson, ...]:
        """Lessons at a location, both ends included, held like one each, in the order of ids."""
