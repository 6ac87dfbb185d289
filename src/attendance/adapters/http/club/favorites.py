"""A user's favorite groups and lessons."""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET

from attendance.adapters.http.accounts.users import USER
from attendance.adapters.http.server.answers import Resource, resource
from attendance.adapters.http.server.bodies.meaning import Body, Clearable, Fields
from attendance.adapters.http.server.callers.versions import Versions
from attendance.adapters.http.server.fields.ids import AnyId, UserOrMe
from attendance.adapters.http.server.operations.declaration import Room
from attendance.application.use_cases import UseCases
from attendance.domain.club.favorites import MOST_FAVORITES
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

FAVORITES = f"{USER}/favorites"

Ids = Annotated[list[AnyId], msgspec.Meta(max_length=MOST_FAVORITES)]

room = Room("Users")


class FavoritesBody(Body):
    """What is left out stays as it is; null clears."""

    groups: Clearable[Ids] = UNSET
    lessons: Clearable[Ids] = UNSET


class FavoritesView(msgspec.Struct):
    groups: list[UUID]
    lessons: list[UUID]


@room.operation("GET", FAVORITES, Permission.READ_FAVORITES)
def show_favorites(use_cases: UseCases, actor: Actor, user_id: UserOrMe) -> Resource[FavoritesView]:
    """Favorite groups and lessons, in the user's order; `me` is oneself."""
    return resource(FavoritesView, use_cases.show_favorites(actor, user_id=user_id))


@room.operation("POST", f"{USER}/favorities", Permission.READ_FAVORITES, status=200, keeps_answer=False)
def show_favorities(use_cases: UseCases, actor: Actor, user_id: UserOrMe) -> Resource[FavoritesView]:
    """The same, by the spelling of the club's document."""
    return show_favorites(use_cases, actor, user_id)


@room.operation("PUT", FAVORITES, Permission.REPLACE_FAVORITES)
def replace_favorites(
    use_cases: UseCases, actor: Actor, user_id: UserOrMe, versions: Versions, fields: Fields[FavoritesBody]
) -> Resource[FavoritesView]:
    """Choose other favorites, of those that there are."""
    favorites = use_cases.replace_favorites(actor, user_id=user_id, versions=versions, **fields)
    return resource(FavoritesView, favorites)
