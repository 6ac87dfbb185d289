"""Marks by lesson and client, and which of them a pass has paid for."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from attendance.adapters.memory.club.lessons import MemoryLessons
from attendance.adapters.memory.pagination import page_of
from attendance.adapters.memory.tables import Tables
from attendance.application.pagination import PageRequest
from attendance.application.ports import Attendance, UnpaidMark
from attendance.application.ports.attendance import SheetEntry, VisitCriteria, VisitRow, VisitsSummary
from attendance.domain.attendance.marks import Changed, Mark
from attendance.domain.attendance.status import Status
from attendance.domain.club.lessons import Lesson
from attendance.domain.ids import ClientId, LessonId, SubscriptionId
from attendance.domain.reporting.statistics import counts_of
from attendance.domain.text import sort_key


@dataclass(frozen=True, slots=True)
class MemoryAttendance(Attendance):
    tables: Tables

    def of_lesson(
        self, lesson_id: LessonId, client_ids: Collection[ClientId] | None = None
    ) -> tuple[Mark, ...]:
        marks = self.tables.marks.get(lesson_id) or {}
        return tuple(marks[who] for who in sorted(marks) if client_ids is None or who in client_ids)

    def planned_absences(self, client_ids: Collection[ClientId], at: datetime) -> tuple[Mark, ...]:
        planned = (
            mark
            for client_id in client_ids
            for lesson, mark in self._of(client_id)
            if mark.status is Status.EXCUSED and not lesson.has_begun(at)
        )
        return tuple(sorted(planned, key=lambda mark: (mark.lesson_id, mark.client_id)))

    def of_lessons(self, lesson_ids: Collection[LessonId]) -> tuple[Mark, ...]:
        return tuple(mark for lesson_id in sorted(lesson_ids) for mark in self.of_lesson(lesson_id))

    def unpaid_of(self, client_id: ClientId) -> tuple[UnpaidMark, ...]:
        lessons = MemoryLessons(self.tables)
        unpaid = (
            UnpaidMark(mark=mark, lesson=lessons.completed(lesson))
            for lesson, mark in self._of(client_id)
            if mark.charge.unpaid
        )
        return tuple(sorted(unpaid, key=lambda it: _sort_key(it.lesson)))

    def save(self, changes: Collection[Changed]) -> None:
        for change in changes:
            for mark, is_gone in ((change.before, True), (change.after, False)):
                if mark is not None:
                    self._put(mark, is_gone=is_gone)

    def _put(self, mark: Mark, *, is_gone: bool) -> None:
        marks = dict(self.tables.marks.get(mark.lesson_id) or {})
        marks.pop(mark.client_id, None)
        self.tables.marks.put(mark.lesson_id, marks if is_gone else marks | {mark.client_id: mark})
        if mark.charge.subscription_id is not None:
            self._charge(mark.charge.subscription_id, mark.lesson_id, is_gone=is_gone)

    def _charge(self, payer: SubscriptionId, lesson_id: LessonId, *, is_gone: bool) -> None:
        others = (self.tables.charged.get(payer) or frozenset()) - {lesson_id}
        self.tables.charged.put(payer, others if is_gone else others | {lesson_id})

    def sheet(self, lesson: Lesson) -> tuple[SheetEntry, ...]:
        marks = self.tables.marks.get(lesson.id) or {}
        roster = self.tables.groups.rows[lesson.group_id].roster_on(lesson.date)
        rows = [
            self._entry(client_id, lesson, marks.get(client_id), guest=client_id not in roster)
            for client_id in roster | marks.keys()
        ]
        rows.sort(key=lambda row: (row.guest, sort_key(row.name), row.client_id))
        return tuple(rows)

    def _entry(self, client_id: ClientId, lesson: Lesson, mark: Mark | None, *, guest: bool) -> SheetEntry:
        client = self.tables.clients.rows[client_id]
        all_marks = [*self._of(client_id)]
        visits = (
            it.date
            for it, other in all_marks
            if other.status in (Status.PRESENT, Status.LATE)
            and not it.cancelled
            and (it.date, it.starts) < (lesson.date, lesson.starts)
        )
        entry = SheetEntry(
            client_id=client_id,
            name=client.name,
            birthday=client.birthday,
            guest=guest,
            last_visit_on=max(visits, default=None),
            unpaid_visits=sum(other.charge.unpaid for _, other in all_marks),
        )
        if mark is None:
            return entry
        account = self.tables.accounts.get(mark.marked_by)
        return entry._replace(
            version=mark.version,
            status=mark.status,
            note=mark.note,
            minutes_late=mark.minutes_late,
            trial=mark.trial,
            announced=mark.announced,
            subscription_id=mark.charge.subscription_id,
            unpaid=mark.charge.unpaid,
            marked_by=mark.marked_by,
            marked_by_name=account.name or account.username if account else None,
            marked_at=mark.marked_at,
        )

    def of_client(self, client_id: ClientId, lesson_ids: Collection[LessonId]) -> tuple[Mark, ...]:
        marks = (self.tables.marks.get(lesson_id) or {} for lesson_id in sorted(lesson_ids))
        return tuple(found[client_id] for found in marks if client_id in found)

    def visits(self, criteria: VisitCriteria, page_request: PageRequest[VisitRow]) -> tuple[VisitRow, ...]:
        return page_of(
            self._visits(criteria),
            page_request,
            keys={"date": lambda row: row.date, "starts": lambda row: row.starts},
            tie=lambda row: row.mark.lesson_id,
        )

    def count(self, criteria: VisitCriteria) -> int:
        return sum(1 for _ in self._visits(criteria))

    def summary(self, criteria: VisitCriteria, at: datetime) -> VisitsSummary:
        slots = sorted(self._slots(criteria, at), key=lambda slot: _sort_key(slot[0]))
        run = 0
        for _, status in reversed(slots):
            if status in (Status.PRESENT, Status.LATE):
                break
            run += status is Status.ABSENT
        since = criteria.since
        counts = counts_of(status for lesson, status in slots if since is None or lesson.date >= since)
        return VisitsSummary(counts=counts, consecutive_absences=run)

    def _slots(self, criteria: VisitCriteria, at: datetime) -> Iterator[tuple[Lesson, Status | None]]:
        """What a client was to come to or came to, up to the end of the range."""
        for lesson in self.tables.lessons.all():
            if lesson.cancelled or not lesson.has_begun(at) or lesson.date > (criteria.until or lesson.date):
                continue
            mark = (self.tables.marks.get(lesson.id) or {}).get(criteria.client_id)
            roster = self.tables.groups.rows[lesson.group_id].roster_on(lesson.date)
            if mark is not None or criteria.client_id in roster:
                yield lesson, mark.status if mark else None

    def _visits(self, criteria: VisitCriteria) -> Iterator[VisitRow]:
        for lesson, mark in self._of(criteria.client_id):
            is_within = (criteria.since or lesson.date) <= lesson.date <= (criteria.until or lesson.date)
            if is_within and not lesson.cancelled:
                yield VisitRow(mark=mark, group_id=lesson.group_id, date=lesson.date, starts=lesson.starts)

    def _of(self, client_id: ClientId) -> Iterator[tuple[Lesson, Mark]]:
        for lesson_id, marks in self.tables.marks.rows.items():
            if client_id in marks:
                yield self.tables.lessons.rows[lesson_id], marks[client_id]


def _sort_key(lesson: Lesson) -> tuple[object, ...]:
    return lesson.date, lesson.starts, lesson.id
