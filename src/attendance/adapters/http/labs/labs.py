"""Creating, finding and joining labs."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from attendance.adapters.http.labs.users import LIMIT, OFFSET, PART, browsing
from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.strict_json import StrictJson
from attendance.adapters.http.server.texts import NAME, PROSE
from attendance.application.pagination import LARGEST_PAGE
from attendance.application.use_cases import UseCases
from attendance.domain.ids import LabId
from attendance.domain.labs.labs import LONGEST_DESCRIPTION, LONGEST_NAME
from attendance.domain.permissions.table import Directory, Permission


class CreateLabBody(msgspec.Struct, forbid_unknown_fields=True):
    name: Annotated[
        str, msgspec.Meta(min_length=1, max_length=LONGEST_NAME, extra_json_schema={"extra": NAME})
    ]
    description: Annotated[
        str, msgspec.Meta(max_length=LONGEST_DESCRIPTION, extra_json_schema={"extra": PROSE})
    ] = ""


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


def lab_handlers(use_cases: UseCases, directory: Directory) -> list[HTTPRouteHandler]:
    @post(
        "/labs",
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 415),
        tags=["Labs"],
        **permitted(Permission.CREATE_LAB),
    )
    def create_lab(caller: FromCaller, data: JSONBody[CreateLabBody]) -> CreatedLabView:
        """Create a lab. Whoever creates it owns it."""
        return CreatedLabView(
            use_cases.create_lab(caller.actor(), name=data.name, description=data.description)
        )

    @get("/labs", sync_to_thread=True, tags=["Labs"], **browsing(directory))
    def search_labs(
        caller: FromCaller,
        q: Annotated[str, PART] = "",
        limit: Annotated[int, LIMIT] = LARGEST_PAGE,
        offset: Annotated[int, OFFSET] = 0,
    ) -> LabsView:
        """Find labs by any part of their name or description, in any case."""
        found = use_cases.search_labs(caller.actor_if_any(), q=q, limit=limit, offset=offset)
        return msgspec.convert(found, LabsView, from_attributes=True)

    @post(
        "/labs/{lab_id:str}/join",
        status_code=200,
        sync_to_thread=True,
        responses=refusals(401, 404, 409),
        tags=["Labs"],
        **permitted(Permission.JOIN_LAB),
    )
    def join_lab(caller: FromCaller, lab_id: FromPath[str]) -> MembershipView:
        """Become a member of a lab, once."""
        membership = use_cases.join_lab(caller.actor(), lab_id=LabId(sent_id(lab_id)))
        return msgspec.convert(membership, MembershipView, from_attributes=True)

    return [create_lab, search_labs, join_lab]
