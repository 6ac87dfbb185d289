"""Absences that clients and parents announce, and take back, before a lesson begins."""

from collections.abc import Mapping
from typing import Any, Unpack

from attendance.application.attendance.read_models import AbsenceDetails
from attendance.application.attendance.sheets import versions_used
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Command
from attendance.application.ports import UnitOfWork
from attendance.domain.attendance.absences import (
    AbsenceChanges,
    NotOnRoster,
    absence_error,
    announced,
    taken_back,
)
from attendance.domain.attendance.marks import Changed, Mark
from attendance.domain.club.clients import Client, ClientArchived, ClientNotFound, is_own
from attendance.domain.club.lessons import Lesson
from attendance.domain.errors import FieldError, raise_if_errors
from attendance.domain.ids import ClientId, LessonId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level, require_level_for_some
from attendance.domain.permissions.table import Permission


class AnnounceAbsence(Command):
    """Excuse one's own client from a lesson that has not begun, and return the absence.

    `note`: at most 1000 characters; left out, it stays as it is. The same again changes nothing. The teacher
    sees it as any mark and may change it; after that it is the teacher's.

    Raises Invalid, Forbidden, LessonNotFound, ClientNotFound, ClientArchived, LessonCancelled, LessonBegun,
    NotOnRoster, and AlreadyMarked where somebody else has marked the client.
    """

    def errors_in(self, fields: Mapping[str, Any]) -> list[FieldError]:
        error = absence_error(fields.get("note", ""))
        return [error] if error else []

    @retried
    def __call__(
        self, actor: Actor, *, lesson_id: LessonId, client_id: ClientId, **changes: Unpack[AbsenceChanges]
    ) -> AbsenceDetails:
        raise_if_errors(*self.errors_in(changes))
        require_level_for_some(actor, Permission.ANNOUNCE_ABSENCE)
        with self.store.transaction() as work:
            lesson, client, before = _locked(work, actor, lesson_id, client_id, Permission.ANNOUNCE_ABSENCE)
            if not client.active:
                raise ClientArchived
            used = versions_used(work, lesson_id, [] if before else [client_id])
            change = announced(
                changes,
                before,
                lesson=lesson,
                client_id=client_id,
                context=self._change_context(actor),
                by=actor.id,
                versions_used=used.get(client_id, 0),
            )
            # read once the client is locked: whoever archives it takes it off the roster
            if client_id not in work.groups.get(lesson.group_id).roster_on(lesson.date):
                raise NotOnRoster
            _save(work, change)
            return AbsenceDetails.of(change.after or change.before, client, actor)  # type: ignore[arg-type]


class TakeBackAbsence(Command):
    """Remove an announced absence of one's own client from a lesson that has not begun.

    Whoever of the client's accounts announced it. Where the client is not marked nothing changes. Raises
    Forbidden, LessonNotFound, ClientNotFound, LessonCancelled, LessonBegun, and AlreadyMarked where somebody
    else has marked the client.
    """

    @retried
    def __call__(self, actor: Actor, *, lesson_id: LessonId, client_id: ClientId) -> None:
        require_level_for_some(actor, Permission.TAKE_BACK_ABSENCE)
        with self.store.transaction() as work:
            lesson, _, before = _locked(work, actor, lesson_id, client_id, Permission.TAKE_BACK_ABSENCE)
            if before is not None:
                _save(work, taken_back(before, lesson=lesson, context=self._change_context(actor)))


def _locked(
    work: UnitOfWork, actor: Actor, lesson_id: LessonId, client_id: ClientId, permission: Permission
) -> tuple[Lesson, Client, Mark | None]:
    """The lesson and the client, locked, and the client's mark in it.

    Raises LessonNotFound, ClientNotFound, and Forbidden where the client is not the actor's own.
    """
    lesson = work.lessons.get_for_update(lesson_id)
    client = next(iter(work.clients.get_all_for_update([client_id])), None)
    if client is None:
        raise ClientNotFound
    require_level(actor, permission, own=is_own(actor, client))
    mark = next(iter(work.attendance.of_lesson(lesson_id, [client_id])), None)
    return lesson, client, mark


def _save(work: UnitOfWork, change: Changed) -> None:
    if change.events:
        work.attendance.save([change])
        work.events.add_all(change.events)
