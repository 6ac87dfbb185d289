"""Users: list, profile, role and state."""

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

import msgspec
from litestar import Response, get, put
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath, JSONBody, QueryParameter

from attendance.adapters.http.accounts.role_changes import RoleChangeView, role_change_view
from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.etag import Versions, etag
from attendance.adapters.http.server.exports import Format, InFormat
from attendance.adapters.http.server.fields import Email, PersonName, Username
from attendance.adapters.http.server.lists import Paged, PageNumber, Sort, listing
from attendance.adapters.http.server.paths import API, user_of
from attendance.adapters.http.server.queries import BOOLEAN, one_of
from attendance.adapters.http.server.strict_json import StrictJson
from attendance.adapters.http.server.texts import PROSE
from attendance.application.accounts.read_models import RoleChangeDetails, UserDetails
from attendance.application.use_cases import UseCases
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Permission

TAGS = ["Users"]
USER = f"{API}/users/{{user_id:str}}"


class EditUserBody(msgspec.Struct, forbid_unknown_fields=True):
    """What is left out stays as it is; null clears."""

    username: Username | msgspec.UnsetType | None = msgspec.UNSET
    name: PersonName | msgspec.UnsetType | None = msgspec.UNSET
    email: Email | msgspec.UnsetType | None = msgspec.UNSET


class RoleBody(msgspec.Struct, forbid_unknown_fields=True):
    role: Role


class ActiveBody(msgspec.Struct, forbid_unknown_fields=True):
    active: bool


class ClientOfUserView(msgspec.Struct):
    id: UUID
    name: str


class UserView(msgspec.Struct, kw_only=True):
    """A user. The level follows from the role once the address is confirmed; `clients` only of oneself."""

    id: UUID
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int
    username: str
    name: str
    email: str | None
    pending_email: str | None
    role: Role
    level: int
    active: bool
    email_confirmed: bool
    clients: list[ClientOfUserView] | msgspec.UnsetType = msgspec.UNSET


class UsersPageView(Paged, kw_only=True):
    users: list[UserView]


def user_view(account: UserDetails) -> UserView:
    return UserView(
        id=account.id,
        created_at=account.created_at,
        updated_at=account.updated_at,
        version=account.version,
        username=account.username,
        name=account.name,
        email=account.email,
        pending_email=account.pending_email,
        role=account.role,
        level=account.level,
        active=account.active,
        email_confirmed=account.email_confirmed,
        clients=msgspec.UNSET
        if account.clients is None
        else [ClientOfUserView(client.id, client.name) for client in account.clients],
    )


def shown(account: UserDetails) -> Response[UserView]:
    return Response(user_view(account), headers=etag(account.version))


def created(account: UserDetails) -> Response[UserView]:
    location = {"Location": f"{API}/users/{account.id}"}
    return Response(user_view(account), status_code=201, headers=etag(account.version) | location)


def _outcome(outcome: UserDetails | RoleChangeDetails) -> Response[Any]:
    """The user as changed, or the change that awaits confirmation."""
    if isinstance(outcome, UserDetails):
        return shown(outcome)
    where = {"Location": f"{API}/role_changes/{outcome.id}"}
    return Response(role_change_view(outcome), status_code=202, headers=etag(outcome.version) | where)


AWAITS = {
    202: ResponseSpec(
        RoleChangeView, generate_examples=False, description="It awaits confirmation by an owner"
    )
}


def user_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    @get(
        f"{API}/users",
        sync_to_thread=True,
        responses=refusals(401, 403),
        tags=TAGS,
        **permitted(Permission.LIST_USERS),
    )
    def list_users(
        caller: FromCaller,
        page: PageNumber = None,
        sort: Sort = "",
        name: Annotated[str, QueryParameter(schema_extra=PROSE)] = "",
        role: Annotated[Role | None, QueryParameter(schema_extra=one_of(Role))] = None,
        active: Annotated[bool | None, QueryParameter(schema_extra=BOOLEAN)] = None,
        form: InFormat = Format.JSON,
    ) -> Response[UsersPageView]:
        """All users, by username; `sort` knows username, name, email and created_at."""
        listed = use_cases.list_users(
            caller.actor(), page=page, sort=sort, name=name, role=role, active=active
        )
        return listing(UsersPageView, listed, user_view, form)

    @get(
        USER,
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_USER),
    )
    def show_user(caller: FromCaller, user_id: FromPath[str]) -> Response[UserView]:
        """One user; `me` is oneself."""
        actor = caller.actor()
        return shown(use_cases.show_user(actor, user_id=user_of(actor, user_id)))

    @put(
        USER,
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 412, 415, 429),
        tags=TAGS,
        **permitted(Permission.EDIT_USER),
    )
    def edit_user(
        caller: FromCaller, versions: Versions, user_id: FromPath[str], data: JSONBody[EditUserBody]
    ) -> Response[UserView]:
        """Change username, name or address; a new address counts once the link mailed to it is used."""
        actor = caller.actor()
        account = use_cases.edit_user(
            actor,
            user_id=user_of(actor, user_id),
            versions=versions,
            **{
                field: value or ""
                for field, value in msgspec.structs.asdict(data).items()
                if value is not msgspec.UNSET
            },
        )
        return shown(account)

    @put(
        f"{USER}/role",
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 409, 412, 415) | AWAITS,
        tags=TAGS,
        **permitted(Permission.CHANGE_ROLE),
    )
    def change_role(
        caller: FromCaller, versions: Versions, user_id: FromPath[str], data: JSONBody[RoleBody]
    ) -> Response[UserView]:
        """Move a user to a role: at once, or, where that takes ownership from somebody, once confirmed."""
        actor = caller.actor()
        return _outcome(
            use_cases.change_role(actor, user_id=user_of(actor, user_id), role=data.role, versions=versions)
        )

    @put(
        f"{USER}/active",
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 404, 409, 412, 415) | AWAITS,
        tags=TAGS,
        **permitted(Permission.CHANGE_ACTIVE),
    )
    def change_active(
        caller: FromCaller, versions: Versions, user_id: FromPath[str], data: JSONBody[ActiveBody]
    ) -> Response[UserView]:
        """Deactivate or reactivate a user. A deactivated one's sessions end at once."""
        actor = caller.actor()
        return _outcome(
            use_cases.change_active(
                actor, user_id=user_of(actor, user_id), active=data.active, versions=versions
            )
        )

    return [list_users, show_user, edit_user, change_role, change_active]
