"""Creating, finding and joining labs."""

from typing import Annotated
from uuid import UUID

import msgspec

from attendance.adapters.http.server.answers import view_of
from attendance.adapters.http.server.bodies.meaning import Body, Fields
from attendance.adapters.http.server.fields.queries import Limit, Offset, SearchText
from attendance.adapters.http.server.fields.texts import line, prose
from attendance.adapters.http.server.operations.declaration import Room, in_directory
from attendance.application.pagination import LARGEST_PAGE
from attendance.application.use_cases import UseCases
from attendance.domain.ids import LabId
from attendance.domain.labs.labs import LONGEST_DESCRIPTION, LONGEST_NAME
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

room = Room("Labs", prefix="", is_of_labs=True)


class CreateLabBody(Body):
    name: Annotated[str, line(LONGEST_NAME, shortest=1)]
    description: Annotated[str, prose(LONGEST_DESCRIPTION)] = ""


class CreatedLabView(msgspec.Struct):
    lab_id: UUID


class LabView(msgspec.Struct):
    """A lab; `member_ids` in the order of joining, without the owner."""

    id: UUID
    owner_id: UUID
    name: str
    description: str
    member_ids: list[UUID]


class LabsView(msgspec.Struct):
    """Some of the labs that match, and how many match in all."""

    labs: list[LabView]
    total: int


class MembershipView(msgspec.Struct):
    lab_id: UUID
    user_id: UUID


@room.operation("POST", "/labs", Permission.CREATE_LAB)
def create_lab(use_cases: UseCases, actor: Actor, fields: Fields[CreateLabBody]) -> CreatedLabView:
    """Create a lab. Whoever creates it owns it."""
    return CreatedLabView(use_cases.create_lab(actor, **fields))


@room.operation("GET", "/labs", in_directory)
def search_labs(
    use_cases: UseCases,
    actor: Actor | None,
    q: SearchText = "",
    limit: Limit = LARGEST_PAGE,
    offset: Offset = 0,
) -> LabsView:
    """Find labs by any part of their name or description, in any case."""
    return view_of(LabsView, use_cases.search_labs(actor, q=q, limit=limit, offset=offset))


@room.operation("POST", "/labs/{lab_id}/join", Permission.JOIN_LAB, refuses=(409,), status=200)
def join_lab(use_cases: UseCases, actor: Actor, lab_id: LabId) -> MembershipView:
    """Become a member of a lab, once."""
    return view_of(MembershipView, use_cases.join_lab(actor, lab_id=lab_id))
