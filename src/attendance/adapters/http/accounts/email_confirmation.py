"""Confirming email addresses."""

from typing import Literal

import msgspec
from litestar import Response

from attendance.adapters.http.accounts.pages import page_of
from attendance.adapters.http.server.answers import Accepted
from attendance.adapters.http.server.operations.declaration import ANYBODY, Room
from attendance.application.use_cases import UseCases
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

room = Room("Registration")


class ConfirmedView(msgspec.Struct):
    status: Literal["confirmed", "already confirmed"]


@room.operation("GET", "/auth/confirm_email/{token}", ANYBODY, refuses=(410,))
def confirm_email(
    use_cases: UseCases, token: str, is_head: bool, wants_page: bool
) -> Response[ConfirmedView]:
    """Confirm an address by the link that was mailed there; browsers are led to a page that does it.

    HEAD only tells whether the link is good.
    """
    if wants_page:
        return page_of("confirm-email", token)
    confirm = use_cases.confirm_email.is_good if is_head else use_cases.confirm_email
    return Response(ConfirmedView("confirmed" if confirm(token=token) else "already confirmed"))


@room.operation("POST", "/auth/confirm_email", Permission.RESEND_CONFIRMATION, refuses=(409, 429), status=202)
def resend_confirmation(use_cases: UseCases, actor: Actor) -> Accepted:
    """Mail a new link; the older one is void."""
    use_cases.resend_confirmation(actor)
    return Accepted()
