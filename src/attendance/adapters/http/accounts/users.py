"""Users: list, profile, role and state."""

from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response
from msgspec import UNSET

from attendance.adapters.http.accounts.role_changes import RoleChangeView
from attendance.adapters.http.server.answers import (
    Paged,
    Resource,
    RevisionView,
    listing,
    resource,
    summed,
    view_of,
)
from attendance.adapters.http.server.bodies.meaning import Body, Clearable, Fields, Sent, cleared
from attendance.adapters.http.server.callers.versions import Versions
from attendance.adapters.http.server.exports.tables import Format, InFormat
from attendance.adapters.http.server.fields.ids import UserOrMe
from attendance.adapters.http.server.fields.queries import PageNumber, SearchText, Sort
from attendance.adapters.http.server.fields.texts import Email, PersonName, Username
from attendance.adapters.http.server.operations.declaration import API, Room
from attendance.application.accounts.read_models import RoleChangeDetails, UserDetails
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.accounts import Language
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Permission

USER = "/users/{user_id}"

room = Room("Users")


class EditUserBody(Body):
    """What is left out stays as it is; null clears."""

    username: Clearable[Username] = UNSET
    name: Clearable[PersonName] = UNSET
    email: Clearable[Email] = UNSET
    language: Clearable[Annotated[Language, cleared("")]] = UNSET


class RoleBody(Body):
    role: Role


class ActiveBody(Body):
    active: bool


class ClientOfUserView(msgspec.Struct):
    id: UUID
    name: str


class UserView(RevisionView, kw_only=True):
    """A user. The level follows from the role once the address is confirmed; `clients` only of oneself."""

    username: str
    name: str
    language: Language | None
    email: str | None
    pending_email: str | None
    role: Role
    level: int
    active: bool
    email_confirmed: bool
    clients: Sent[list[ClientOfUserView]] = UNSET

    def beside_version(self) -> tuple[object, ...]:
        """The clients have versions of their own."""
        return (summed(self.clients),) if self.clients else ()


class PermissionsView(msgspec.Struct):
    """The level, and the names of the permissions that it has, sorted; some of them only for one's own."""

    level: int
    permissions: list[str]


class UsersPageView(Paged, kw_only=True):
    users: list[UserView]


def _outcome(outcome: UserDetails | RoleChangeDetails) -> Resource[UserView] | Resource[RoleChangeView]:
    """The user as changed, or the change that awaits confirmation."""
    if isinstance(outcome, UserDetails):
        return resource(UserView, outcome)
    return resource(RoleChangeView, outcome, status=202, location=f"{API}/role_changes/{outcome.id}")


@room.operation("GET", "/users", Permission.LIST_USERS)
def list_users(
    use_cases: UseCases,
    actor: Actor,
    page: PageNumber | None = None,
    sort: Sort = "",
    name: SearchText = "",
    role: Role | None = None,
    active: bool | None = None,
    form: InFormat = Format.JSON,
) -> Response[UsersPageView]:
    """All users, by username; `sort` knows username, name, email and created_at."""
    listed = use_cases.list_users(actor, page=page, sort=sort, name=name, role=role, active=active)
    return listing(UsersPageView, listed, form)


@room.operation("GET", USER, Permission.READ_USER)
def show_user(use_cases: UseCases, actor: Actor, user_id: UserOrMe) -> Resource[UserView]:
    """One user; `me` is oneself."""
    return resource(UserView, use_cases.show_user(actor, user_id=user_id))


@room.operation("PUT", USER, Permission.EDIT_USER, refuses=(403, 429))
def edit_user(
    use_cases: UseCases, actor: Actor, user_id: UserOrMe, versions: Versions, fields: Fields[EditUserBody]
) -> Resource[UserView]:
    """Change username, name, address or language; a new address counts once its mailed link is used."""
    return resource(UserView, use_cases.edit_user(actor, user_id=user_id, versions=versions, **fields))


@room.operation("PUT", f"{USER}/role", Permission.CHANGE_ROLE, refuses=(409,), awaits=RoleChangeView)
def change_role(
    use_cases: UseCases, actor: Actor, user_id: UserOrMe, versions: Versions, fields: Fields[RoleBody]
) -> Resource[UserView] | Resource[RoleChangeView]:
    """Move a user to a role: at once, or, where that takes ownership from somebody, once confirmed.

    By a setting, giving the role of an owner or admin awaits confirmation, too.
    """
    return _outcome(use_cases.change_role(actor, user_id=user_id, versions=versions, **fields))


@room.operation("PUT", f"{USER}/active", Permission.CHANGE_ACTIVE, refuses=(409,), awaits=RoleChangeView)
def change_active(
    use_cases: UseCases, actor: Actor, user_id: UserOrMe, versions: Versions, fields: Fields[ActiveBody]
) -> Resource[UserView] | Resource[RoleChangeView]:
    """Deactivate or reactivate a user. A deactivated one's sessions end at once."""
    return _outcome(use_cases.change_active(actor, user_id=user_id, versions=versions, **fields))


@room.operation("GET", f"{USER}/permissions", Permission.READ_PERMISSIONS)
def show_permissions(use_cases: UseCases, actor: Actor, user_id: UserOrMe) -> PermissionsView:
    """What one may, by the names of permissions, at the level that one has now."""
    return view_of(PermissionsView, use_cases.show_permissions(actor, user_id=user_id))
