"""Confirming email addresses."""

from typing import Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response.base import ASGIResponse

from attendance.adapters.http.server.authentication import FromCaller, for_anybody, permitted
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.middleware import IS_HEAD
from attendance.adapters.http.server.pages import saying, wants_page
from attendance.adapters.http.server.paths import API
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.links import Gone
from attendance.domain.permissions.table import Permission

TAGS = ["Registration"]
CONFIRMED = "Your email address is confirmed."
CONFIRMED_BEFORE = "Your email address was confirmed before."
EXPIRED = "It was used, it is too old, or there is a newer one. Sign in and ask for a new link."


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
    def confirm_email(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[ConfirmedView]:
        """Confirm an address by the link that was mailed there; browsers are shown a page.

        HEAD only tells whether the link is good.
        """
        confirm = use_cases.confirm_email.is_good if IS_HEAD in request.scope else use_cases.confirm_email
        try:
            is_new = confirm(token=token)
        except Gone:
            if not wants_page(request):
                raise
            return saying("This link is over", EXPIRED, status=410)
        if wants_page(request):
            return saying("Thank you", CONFIRMED if is_new else CONFIRMED_BEFORE)
        return Response(ConfirmedView("confirmed" if is_new else "already confirmed"))

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
