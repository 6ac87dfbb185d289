"""Absences that clients and parents announce."""

import datetime as dt
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET

from attendance.adapters.http.attendance.sheets import SHEET
from attendance.adapters.http.server.answers import view_of
from attendance.adapters.http.server.bodies.meaning import Body, Clearable, Fields, Sent
from attendance.adapters.http.server.fields.texts import prose
from attendance.adapters.http.server.operations.declaration import Room
from attendance.application.use_cases import UseCases
from attendance.domain.attendance.marks import LONGEST_NOTE
from attendance.domain.attendance.status import Status
from attendance.domain.ids import ClientId, LessonId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

ABSENCE = f"{SHEET}/{{client_id}}/absence"

room = Room("Attendance")


class AnnounceAbsenceBody(Body):
    """What is left out stays as it is; null clears it."""

    note: Clearable[Annotated[str, prose(LONGEST_NOTE)]] = UNSET


class AbsenceView(msgspec.Struct, kw_only=True):
    """The mark that excuses a client; its `note` is shown to who has written it."""

    lesson_id: UUID
    client_id: UUID
    name: str
    status: Status
    note: Sent[str] = UNSET
    announced: bool
    version: int
    marked_at: dt.datetime


@room.operation("PUT", ABSENCE, Permission.ANNOUNCE_ABSENCE, refuses=(409,))
def announce_absence(
    use_cases: UseCases,
    actor: Actor,
    lesson_id: LessonId,
    client_id: ClientId,
    fields: Fields[AnnounceAbsenceBody],
) -> AbsenceView:
    """Excuse one's own client from a lesson that has not begun; the same again changes nothing."""
    absence = use_cases.announce_absence(actor, lesson_id=lesson_id, client_id=client_id, **fields)
    return view_of(AbsenceView, absence)


@room.operation("DELETE", ABSENCE, Permission.TAKE_BACK_ABSENCE, refuses=(409,))
def take_back_absence(use_cases: UseCases, actor: Actor, lesson_id: LessonId, client_id: ClientId) -> None:
    """Take back an absence that was announced for one's own client; where there is none nothing changes."""
    use_cases.take_back_absence(actor, lesson_id=lesson_id, client_id=client_id)
