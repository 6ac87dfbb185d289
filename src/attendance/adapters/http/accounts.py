"""Registering, and finding users."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody, QueryParameter

from attendance.adapters.http.caller import FromCaller, signed_in
from attendance.adapters.http.decoding import StrictJson
from attendance.adapters.http.errors import refusals
from attendance.adapters.http.lane import HashingLane
from attendance.adapters.http.texts import ANY_TEXT, NAME, PROSE
from attendance.application.use_cases import UseCases
from attendance.application.views import LARGEST_PAGE
from attendance.domain.accounts import LONGEST_USERNAME
from attendance.domain.policy import Directory

LARGEST_WHOLE_NUMBER = (
    2**53 - 1
)  # of those that every reader of JSON, the OpenAPI document's too, reads exactly
LIMIT = QueryParameter(ge=1, le=LARGEST_PAGE, description="The most items to answer with")
PART = QueryParameter(schema_extra=PROSE)
OFFSET = QueryParameter(ge=0, le=LARGEST_WHOLE_NUMBER, description="How many items to skip first")


class RegisterBody(msgspec.Struct, forbid_unknown_fields=True):
    username: Annotated[
        str,
        msgspec.Meta(
            min_length=1,
            max_length=LONGEST_USERNAME,
            description="Letters, digits and signs of one script; unique whatever its case and width.",
            extra_json_schema={"extra": NAME},
        ),
    ]
    password: Annotated[
        str,
        msgspec.Meta(
            description="At least 8 characters, at most 1024 bytes, none of the common ones.",
            extra_json_schema={"extra": ANY_TEXT},
        ),
    ]


class RegisteredView(msgspec.Struct):
    user_id: UUID


class UserView(msgspec.Struct):
    id: UUID
    username: str


class UsersView(msgspec.Struct):
    """Some of the users that match, and how many match in all."""

    users: list[UserView]
    total: int


def account_handlers(use_cases: UseCases, lane: HashingLane, directory: Directory) -> list[HTTPRouteHandler]:
    @post("/register", dto=StrictJson, return_dto=None, responses=refusals(415), tags=["Accounts"])
    async def register(data: JSONBody[RegisterBody]) -> RegisteredView:
        """Open an account."""
        return RegisteredView(await lane(use_cases.register, username=data.username, password=data.password))

    @get("/users", sync_to_thread=True, tags=["Accounts"], **browsing(directory))
    def search_users(
        caller: FromCaller,
        name: Annotated[str, PART] = "",
        limit: Annotated[int, LIMIT] = LARGEST_PAGE,
        offset: Annotated[int, OFFSET] = 0,
    ) -> UsersView:
        """Find users by any part of their name, in any case."""
        found = use_cases.search_accounts(caller.actor_if_any(), name=name, limit=limit, offset=offset)
        return msgspec.convert(found, UsersView, from_attributes=True)

    return [register, search_users]


def browsing(directory: Directory) -> dict[str, Any]:
    """Options of the lists that a setting closes to strangers."""
    match directory:
        case Directory.PUBLIC:
            return {"responses": refusals()}
        case Directory.SIGNED_IN:
            return {"responses": refusals(401), **signed_in()}
