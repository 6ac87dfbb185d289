"""Finding users, as the labs protocol does."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import get
from litestar.handlers import HTTPRouteHandler
from litestar.params import QueryParameter

from attendance.adapters.http.server.authentication import BEARER, FromCaller, for_anybody
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.texts import PROSE
from attendance.application.pagination import LARGEST_PAGE
from attendance.application.use_cases import UseCases
from attendance.domain.permissions.table import Directory

LARGEST_WHOLE_NUMBER = (
    2**53 - 1
)  # of those that every reader of JSON, the OpenAPI document's too, reads exactly
LIMIT = QueryParameter(ge=1, le=LARGEST_PAGE, description="The most items to answer with")
PART = QueryParameter(schema_extra=PROSE)
OFFSET = QueryParameter(ge=0, le=LARGEST_WHOLE_NUMBER, description="How many items to skip first")


class FoundUserView(msgspec.Struct):
    id: UUID
    username: str


class UsersView(msgspec.Struct):
    """Some of the users that match, and how many match in all."""

    users: list[FoundUserView]
    total: int


def account_handlers(use_cases: UseCases, directory: Directory) -> list[HTTPRouteHandler]:
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

    return [search_users]


def browsing(directory: Directory) -> dict[str, Any]:
    """Options of the lists that a setting closes to strangers."""
    match directory:
        case Directory.PUBLIC:
            return {"responses": refusals(), **for_anybody()}
        case Directory.SIGNED_IN:
            return {
                "responses": refusals(401),
                "security": [{BEARER: []}],
                **for_anybody(lambda caller: caller.actor()),
            }
