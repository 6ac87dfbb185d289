"""Changing and resetting passwords."""

from typing import Any

import msgspec
from litestar import Request, Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from litestar.response.base import ASGIResponse

from attendance.adapters.http.accounts.email_confirmation import accepted
from attendance.adapters.http.accounts.registration import FormView, password_field
from attendance.adapters.http.server.authentication import FromCaller, for_anybody, permitted
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.fields import Password, Text
from attendance.adapters.http.server.hashing_executor import HashingExecutor
from attendance.adapters.http.server.pages import password_page, saying, wants_page
from attendance.adapters.http.server.paths import API
from attendance.adapters.http.server.strict_json import StrictJson
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.links import Gone
from attendance.domain.permissions.table import Permission

TAGS = ["Passwords"]
EXPIRED = "It was used, it is too old, or there is a newer one. Ask for a new one where you sign in."
RESET = f"{API}/auth/password_reset"


class ChangePasswordBody(msgspec.Struct, forbid_unknown_fields=True):
    current_password: Text
    new_password: Password


class ResetBody(msgspec.Struct, forbid_unknown_fields=True):
    email: Text


class SetPasswordBody(msgspec.Struct, forbid_unknown_fields=True):
    password: Password


def password_handlers(use_cases: UseCases, hashing_executor: HashingExecutor) -> list[HTTPRouteHandler]:
    @put(
        f"{API}/auth/password",
        status_code=204,
        dto=StrictJson,
        return_dto=None,
        responses=refusals(401, 403, 415, 429),
        tags=TAGS,
        **permitted(Permission.CHANGE_PASSWORD),
    )
    async def change_password(caller: FromCaller, data: JSONBody[ChangePasswordBody]) -> None:
        """Set another password; one's other sessions end."""

        def change() -> None:
            use_cases.change_password(
                caller.actor(), current_password=data.current_password, new_password=data.new_password
            )

        await hashing_executor(change)

    @post(
        RESET,
        status_code=202,
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(415),
        tags=TAGS,
        **for_anybody(),
    )
    def request_password_reset(data: JSONBody[ResetBody]) -> ASGIResponse:
        """Mail a link that sets a new password, if somebody has this address."""
        use_cases.request_password_reset(email=data.email)
        return accepted()

    @get(
        f"{RESET}/{{token:str}}",
        sync_to_thread=True,
        responses=refusals(410),
        tags=TAGS,
        **for_anybody(),
    )
    def password_form(request: Request[Any, Any, Any], token: FromPath[str]) -> Response[FormView]:
        """What setting a password by a mailed link takes; a browser is shown a page. Nothing is used up."""
        shortest = use_cases.set_password.password_rules.shortest
        try:
            use_cases.set_password.require_good(token=token)
        except Gone:
            if not wants_page(request):
                raise
            return saying("This link is over", EXPIRED, status=410)
        if wants_page(request):
            return password_page(shortest)
        return Response(FormView("PUT", f"{RESET}/{token}", [password_field(shortest)]))

    @put(
        f"{RESET}/{{token:str}}",
        status_code=204,
        dto=StrictJson,
        return_dto=None,
        responses=refusals(410, 415),
        tags=TAGS,
        **for_anybody(),
    )
    async def set_password(token: FromPath[str], data: JSONBody[SetPasswordBody]) -> None:
        """Set a password by a mailed link; all sessions end."""
        await hashing_executor(use_cases.set_password, token=token, password=data.password)

    return [change_password, request_password_reset, password_form, set_password]
