"""Finding users, as the labs protocol does."""

from uuid import UUID

import msgspec

from attendance.adapters.http.server.answers import view_of
from attendance.adapters.http.server.fields.queries import Limit, Offset, SearchText
from attendance.adapters.http.server.operations.declaration import Room, in_directory
from attendance.application.pagination import LARGEST_PAGE
from attendance.application.use_cases import UseCases
from attendance.domain.permissions.actor import Actor

room = Room("Accounts", prefix="", is_of_labs=True)


class FoundUserView(msgspec.Struct):
    id: UUID
    username: str


class UsersView(msgspec.Struct):
    """Some of the users that match, and how many match in all."""

    users: list[FoundUserView]
    total: int


@room.operation("GET", "/users", in_directory)
def search_users(
    use_cases: UseCases,
    actor: Actor | None,
    name: SearchText = "",
    limit: Limit = LARGEST_PAGE,
    offset: Offset = 0,
) -> UsersView:
    """Find users by any part of their name, in any case."""
    return view_of(UsersView, use_cases.search_accounts(actor, name=name, limit=limit, offset=offset))
