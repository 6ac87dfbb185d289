"""A user's favorite groups and lessons."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody

from attendance.adapters.http.accounts.users import USER
from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.etag import Versions, etag
from attendance.adapters.http.server.paths import user_of
from attendance.adapters.http.server.strict_json import StrictJson
from attendance.application.use_cases import UseCases
from attendance.domain.club.favorites import MOST_FAVORITES, Favorites
from attendance.domain.permissions.table import Permission

TAGS = ["Users"]

Ids = Annotated[list[UUID], msgspec.Meta(max_length=MOST_FAVORITES)]


class FavoritesBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays as it is; null clears."""

    groups: Ids | msgspec.UnsetType | None = msgspec.UNSET
    lessons: Ids | msgspec.UnsetType | None = msgspec.UNSET


class FavoritesView(msgspec.Struct):
    groups: list[UUID]
    lessons: list[UUID]


def _shown(favorites: Favorites) -> Response[FavoritesView]:
    view = FavoritesView([*favorites.groups], [*favorites.lessons])
    return Response(view, status_code=200, headers=etag(favorites.version))


def _chosen(ids: list[UUID] | msgspec.UnsetType | None) -> tuple[UUID, ...] | None:
    return None if ids is msgspec.UNSET else tuple(ids or ())


def favorite_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    def show(caller: FromCaller, user_id: FromPath[str]) -> Response[FavoritesView]:
        """Favorite groups and lessons, in the user's order; `me` is oneself."""
        actor = caller.actor()
        return _shown(use_cases.show_favorites(actor, user_id=user_of(actor, user_id)))

    options = {
        "sync_to_thread": True,
        "responses": refusals(401, 403, 404),
        "tags": TAGS,
        **permitted(Permission.READ_FAVORITES),
    }

    @get(f"{USER}/favorites", **options)
    def show_favorites(caller: FromCaller, user_id: FromPath[str]) -> Response[FavoritesView]:
        """Favorite groups and lessons, in the user's order; `me` is oneself."""
        return show(caller, user_id)

    @post(f"{USER}/favorities", status_code=200, **options)
    def show_favorities(caller: FromCaller, user_id: FromPath[str]) -> Response[FavoritesView]:
        """The same, by the spelling of the club's document."""
        return show(caller, user_id)

    @put(
        f"{USER}/favorites",
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 412, 415),
        tags=TAGS,
        **permitted(Permission.REPLACE_FAVORITES),
    )
    def replace_favorites(
        caller: FromCaller, versions: Versions, user_id: FromPath[str], data: JSONBody[FavoritesBody]
    ) -> Response[FavoritesView]:
        """Choose other favorites."""
        actor = caller.actor()
        return _shown(
            use_cases.replace_favorites(
                actor,
                user_id=user_of(actor, user_id),
                groups=_chosen(data.groups),
                lessons=_chosen(data.lessons),
                versions=versions,
            )
        )

    return [show_favorites, show_favorities, replace_favorites]
