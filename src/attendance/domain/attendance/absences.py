"""Absences that an account of the client announces before a lesson begins: marks that nobody else made."""

from datetime import datetime
from typing import TypedDict

from attendance.domain.attendance.charging import NOTHING
from attendance.domain.attendance.marks import LONGEST_NOTE, Changed, Mark, SentMark, marked
from attendance.domain.attendance.status import Status
from attendance.domain.club.lessons import Lesson, LessonCancelled
from attendance.domain.errors import Conflict, FieldError
from attendance.domain.events import ChangeContext
from attendance.domain.ids import AccountId, ClientId, LessonId
from attendance.domain.text import prose_error


class LessonBegun(Conflict):
    """An absence is announced and taken back before the lesson begins."""

    text = "lesson has begun"


class AlreadyMarked(Conflict):
    """Somebody else has marked the client: the mark is not the client's to change."""

    text = "already marked"


class NotOnRoster(Conflict):
    """Only who is expected at a lesson can be excused from it."""

    text = "client is not on the roster"


class AbsenceChanges(TypedDict, total=False):
    """What is said of an absence; what is left out stays as it is."""

    note: str


def absence_error(note: str) -> FieldError | None:
    """The error of a note, None for a proper one."""
    return prose_error("note", note, longest=LONGEST_NOTE)


def may_be_announced(lesson: Lesson, mark: Mark | None, *, at: datetime) -> bool:
    """Whether the client's accounts may announce an absence at an instant, or take one back."""
    return not lesson.cancelled and not lesson.has_begun(at) and (mark is None or mark.announced)


def announced(
    changes: AbsenceChanges,
    before: Mark | None,
    *,
    lesson: Lesson,
    client_id: ClientId,
    context: ChangeContext,
    by: AccountId,
    versions_used: int,
) -> Changed:
    """The change that excuses the client; without events where nothing differs.

    `versions_used`: as in `marked`. Raises LessonCancelled, LessonBegun, AlreadyMarked.
    """
    _require_open(lesson, at=context.at)
    _require_announced(before)
    sent = SentMark(client_id=client_id, status=Status.EXCUSED)
    if "note" in changes:
        sent["note"] = changes["note"]
    return marked(
        sent,
        before,
        NOTHING,
        lesson_id=LessonId(lesson.id),
        context=context,
        by=by,
        versions_used=versions_used,
        announced=True,
    )


def taken_back(before: Mark, *, lesson: Lesson, context: ChangeContext) -> Changed:
    """The change that removes an announced absence. Raises LessonCancelled, LessonBegun, AlreadyMarked."""
    _require_open(lesson, at=context.at)
    _require_announced(before)
    return before.cleared(context)


def _require_open(lesson: Lesson, *, at: datetime) -> None:
    if lesson.cancelled:
        raise LessonCancelled
    if lesson.has_begun(at):
        raise LessonBegun


def _require_announced(mark: Mark | None) -> None:
    if mark is not None and not mark.announced:
        raise AlreadyMarked
