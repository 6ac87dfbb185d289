"""Changes of roles and states that await confirmation."""

import datetime as dt
from uuid import UUID

import msgspec
from litestar import Response

from attendance.adapters.http.server.answers import Paged, Resource, RevisionView, listing, resource
from attendance.adapters.http.server.callers.versions import Versions
from attendance.adapters.http.server.exports.tables import Format, InFormat
from attendance.adapters.http.server.fields.queries import PageNumber
from attendance.adapters.http.server.operations.declaration import Room
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.role_changes import Kind, State
from attendance.domain.ids import RoleChangeId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Permission

ROLE_CHANGE = "/role_changes/{role_change_id}"

room = Room("Role changes")


class RoleChangeView(RevisionView, kw_only=True):
    """A change of a user's role, or, with true and false, of whether the user is active."""

    user_id: UUID
    requested_by: UUID
    kind: Kind
    from_: Role | bool = msgspec.field(name="from")
    to: Role | bool
    state: State
    expires_at: dt.datetime
    decided_by: UUID | None
    decided_at: dt.datetime | None

    def beside_version(self) -> tuple[object, ...]:
        """It expires by itself."""
        return (self.state.value,) if self.state is State.EXPIRED else ()


class RoleChangesView(Paged, kw_only=True):
    role_changes: list[RoleChangeView]


@room.operation("GET", "/role_changes", Permission.READ_ROLE_CHANGES)
def list_role_changes(
    use_cases: UseCases,
    actor: Actor,
    state: State | None = None,
    page: PageNumber | None = None,
    form: InFormat = Format.JSON,
) -> Response[RoleChangesView]:
    """What awaits or awaited confirmation, newest first."""
    return listing(RoleChangesView, use_cases.list_role_changes(actor, state=state, page=page), form)


@room.operation("GET", ROLE_CHANGE, Permission.READ_ROLE_CHANGES)
def show_role_change(
    use_cases: UseCases, actor: Actor, role_change_id: RoleChangeId
) -> Resource[RoleChangeView]:
    """One of them."""
    return resource(RoleChangeView, use_cases.show_role_change(actor, role_change_id=role_change_id))


@room.operation("POST", f"{ROLE_CHANGE}/confirm", Permission.CONFIRM_ROLE_CHANGE, refuses=(409,), status=200)
def confirm_role_change(
    use_cases: UseCases, actor: Actor, role_change_id: RoleChangeId, versions: Versions
) -> Resource[RoleChangeView]:
    """Let it happen: for its target, or an owner of long standing who did not ask for it."""
    return resource(
        RoleChangeView, use_cases.confirm_role_change(actor, role_change_id=role_change_id, versions=versions)
    )


@room.operation("POST", f"{ROLE_CHANGE}/reject", Permission.REJECT_ROLE_CHANGE, refuses=(409,), status=200)
def reject_role_change(
    use_cases: UseCases, actor: Actor, role_change_id: RoleChangeId, versions: Versions
) -> Resource[RoleChangeView]:
    """End it without effect: for any owner but its target."""
    return resource(
        RoleChangeView, use_cases.reject_role_change(actor, role_change_id=role_change_id, versions=versions)
    )


@room.operation(
    "POST", f"{ROLE_CHANGE}/withdraw", Permission.WITHDRAW_ROLE_CHANGE, refuses=(403, 409), status=200
)
def withdraw_role_change(
    use_cases: UseCases, actor: Actor, role_change_id: RoleChangeId, versions: Versions
) -> Resource[RoleChangeView]:
    """Take back what one asked for."""
    return resource(
        RoleChangeView,
        use_cases.withdraw_role_change(actor, role_change_id=role_change_id, versions=versions),
    )
