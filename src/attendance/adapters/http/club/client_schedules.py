"""The groups and the lessons of one client."""

import datetime as dt
from uuid import UUID

import msgspec
from litestar import Response

from attendance.adapters.http.club.clients import CLIENT
from attendance.adapters.http.club.groups import SlotBody
from attendance.adapters.http.club.lessons import LessonView
from attendance.adapters.http.server.answers import Paged, listing
from attendance.adapters.http.server.exports.tables import Format, InFormat
from attendance.adapters.http.server.operations.declaration import Room
from attendance.application.use_cases import UseCases
from attendance.domain.attendance.status import Status
from attendance.domain.ids import ClientId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

room = Room("Clients")


class GroupOfClientView(msgspec.Struct):
    """A membership, both ends included; `teachers` are names, of today or the nearest day of it."""

    group_id: UUID
    name: str
    location_id: UUID
    location_name: str
    since: dt.date = msgspec.field(name="from")
    until: dt.date | None
    teachers: list[str]
    schedule: list[SlotBody]


class GroupsOfClientView(Paged, kw_only=True):
    groups: list[GroupOfClientView]


class LessonOfClientView(LessonView, kw_only=True):
    """A lesson and what is marked of the client in it: nothing yet, where `status` is null."""

    group_name: str
    location_name: str
    status: Status | None
    announced: bool


class LessonsOfClientView(Paged, kw_only=True):
    lessons: list[LessonOfClientView]


@room.operation("GET", f"{CLIENT}/groups", Permission.READ_CLIENT)
def groups_of_client(
    use_cases: UseCases,
    actor: Actor,
    client_id: ClientId,
    ended: bool = False,
    form: InFormat = Format.JSON,
) -> Response[GroupsOfClientView]:
    """The groups of one client by name, for the client or a parent too; with `all` those that it left."""
    return listing(
        GroupsOfClientView, use_cases.groups_of_client(actor, client_id=client_id, ended=ended), form
    )


@room.operation("GET", f"{CLIENT}/lessons", Permission.READ_CLIENT)
def lessons_of_client(
    use_cases: UseCases,
    actor: Actor,
    client_id: ClientId,
    since: dt.date | None = None,
    until: dt.date | None = None,
    form: InFormat = Format.JSON,
) -> Response[LessonsOfClientView]:
    """Lessons of one client's groups by date and start, for the client or a parent too.

    From today for 30 days more unless `from` and `to` say otherwise.
    """
    listed = use_cases.lessons_of_client(actor, client_id=client_id, since=since, until=until)
    return listing(LessonsOfClientView, listed, form)
