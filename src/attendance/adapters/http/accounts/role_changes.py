"""Changes of roles and states that await confirmation."""

import datetime as dt
from collections.abc import Callable
from typing import Annotated
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, QueryParameter

from attendance.adapters.http.server.authentication import FromCaller, permitted
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.etag import etag
from attendance.adapters.http.server.exports import Format, InFormat
from attendance.adapters.http.server.ids import sent_id
from attendance.adapters.http.server.lists import Paged, PageNumber, listing
from attendance.adapters.http.server.paths import API
from attendance.adapters.http.server.queries import one_of
from attendance.application.accounts.read_models import RoleChangeDetails
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.role_changes import Kind, State
from attendance.domain.ids import RoleChangeId
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Permission

TAGS = ["Role changes"]
ROLE_CHANGE = f"{API}/role_changes/{{role_change_id:str}}"


class RoleChangeView(msgspec.Struct, kw_only=True):
    """A change of a user's role, or, with true and false, of whether the user is active."""

    id: UUID
    created_at: dt.datetime
    updated_at: dt.datetime
    version: int
    user_id: UUID
    requested_by: UUID
    kind: Kind
    from_: Role | bool = msgspec.field(name="from")
    to: Role | bool
    state: State
    expires_at: dt.datetime
    decided_by: UUID | None
    decided_at: dt.datetime | None


class RoleChangesView(Paged, kw_only=True):
    role_changes: list[RoleChangeView]


def role_change_view(change: RoleChangeDetails) -> RoleChangeView:
    return RoleChangeView(
        id=change.id,
        created_at=change.created_at,
        updated_at=change.updated_at,
        version=change.version,
        user_id=change.user_id,
        requested_by=change.requested_by,
        kind=change.kind,
        from_=change.from_,
        to=change.to,
        state=change.state,
        expires_at=change.expires_at,
        decided_by=change.decided_by,
        decided_at=change.decided_at,
    )


def _shown(change: RoleChangeDetails) -> Response[RoleChangeView]:
    return Response(role_change_view(change), headers=etag(change.version))


def role_change_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    @get(
        f"{API}/role_changes",
        sync_to_thread=True,
        responses=refusals(401, 403),
        tags=TAGS,
        **permitted(Permission.READ_ROLE_CHANGES),
    )
    def list_role_changes(
        caller: FromCaller,
        in_state: Annotated[State | None, QueryParameter(name="state", schema_extra=one_of(State))] = None,
        page: PageNumber = None,
        form: InFormat = Format.JSON,
    ) -> Response[RoleChangesView]:
        """What awaits or awaited confirmation, newest first."""
        listed = use_cases.list_role_changes(caller.actor(), state=in_state, page=page)
        return listing(RoleChangesView, listed, role_change_view, form)

    @get(
        ROLE_CHANGE,
        sync_to_thread=True,
        responses=refusals(401, 403, 404),
        tags=TAGS,
        **permitted(Permission.READ_ROLE_CHANGES),
    )
    def show_role_change(caller: FromCaller, role_change_id: FromPath[str]) -> Response[RoleChangeView]:
        """One of them."""
        return _shown(
            use_cases.show_role_change(caller.actor(), role_change_id=RoleChangeId(sent_id(role_change_id)))
        )

    def decision(
        name: str, use_case: Callable[..., RoleChangeDetails], permission: Permission, about: str
    ) -> HTTPRouteHandler:
        def decide(caller: FromCaller, role_change_id: FromPath[str]) -> Response[RoleChangeView]:
            return _shown(use_case(caller.actor(), role_change_id=RoleChangeId(sent_id(role_change_id))))

        decide.__name__, decide.__doc__ = f"{name}_role_change", about
        return post(
            f"{ROLE_CHANGE}/{name}",
            status_code=200,
            sync_to_thread=True,
            responses=refusals(401, 403, 404, 409),
            tags=TAGS,
            **permitted(permission),
        )(decide)

    return [
        list_role_changes,
        show_role_change,
        decision(
            "confirm",
            use_cases.confirm_role_change,
            Permission.CONFIRM_ROLE_CHANGE,
            "Let it happen: for its target, or an owner of long standing who did not ask for it.",
        ),
        decision(
            "reject",
            use_cases.reject_role_change,
            Permission.REJECT_ROLE_CHANGE,
            "End it without effect: for any owner but its target.",
        ),
        decision(
            "withdraw",
            use_cases.withdraw_role_change,
            Permission.WITHDRAW_ROLE_CHANGE,
            "Take back what one asked for.",
        ),
    ]
