"""Confirming email addresses."""

from typing import Any, Literal

import msgspec
from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from attendance.adapters.http.caller import FromCaller, for_anybody, permitted
from attendance.adapters.http.edge import IS_HEAD
from attendance.adapters.http.errors import refusals
from attendance.adapters.http.paths import API
from attendance.application.use_cases import UseCases
from attendance.domain.policy import Permission

TAGS = ["Registration"]


class ConfirmedView(msgspec.Struct):
    status: Literal["confirmed", "already confirmed"]


def accepted() -> ASGIResponse:
    """A mail is on its way, or will be: there is nothing to show. Litestar would answer `null`."""
    response = ASGIResponse(status_code=202)
    del response.headers["content-type"]
    return response


def email_handlers(use_cases: UseCases) -> list[HTTPRouteHandler]:
    @get(
        f"{API}/auth/confirm_email/{{token:str}}",
        sync_to_thread=True,
        responses=refusals(410),
        tags=TAGS,
        **for_anybody(),
    )
    def confirm_email(request: Request[Any, Any, Any], token: FromPath[str]) -> ConfirmedView:
        """Confirm an address by the link that was mailed there. HEAD only tells whether the link is good."""
        confirm = use_cases.confirm_email.is_good if IS_HEAD in request.scope else use_cases.confirm_email
        return ConfirmedView("confirmed" if confirm(token=token) else "already confirmed")

    @post(
        f"{API}/auth/confirm_email",
        status_code=202,
        sync_to_thread=True,
        responses=refusals(401, 409, 429),
        tags=TAGS,
        **permitted(Permission.RESEND_CONFIRMATION),
    )
    def resend_confirmation(caller: FromCaller) -> ASGIResponse:
        """Mail a new link; the older one is void."""
        use_cases.resend_confirmation(caller.actor())
        return accepted()

    return [confirm_email, resend_confirmation]
