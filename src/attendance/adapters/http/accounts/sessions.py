"""Signing in, in either protocol, and out."""

from typing import Any

import msgspec
from litestar import Request, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromQuery, JSONBody

from attendance.adapters.http.server.authentication import FromCaller, for_anybody, permitted
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.fields import Text
from attendance.adapters.http.server.hashing_executor import HashingExecutor
from attendance.adapters.http.server.middleware import IS_HEAD
from attendance.adapters.http.server.paths import API
from attendance.adapters.http.server.strict_json import StrictJson
from attendance.application.use_cases import UseCases
from attendance.domain.permissions.table import Permission

TAGS = ["Sessions"]


class LoginBody(msgspec.Struct, forbid_unknown_fields=True):
    username: Text
    password: Text


class SignInBody(msgspec.Struct, forbid_unknown_fields=True):
    """Username or email, not both."""

    password: Text
    username: Text | msgspec.UnsetType = msgspec.UNSET
    email: Text | msgspec.UnsetType = msgspec.UNSET


class TokenView(msgspec.Struct):
    """A token for the header `Authorization: Bearer <access_token>`."""

    access_token: str


def session_handlers(use_cases: UseCases, hashing_executor: HashingExecutor) -> list[HTTPRouteHandler]:
    @post(
        "/login",
        status_code=200,
        dto=StrictJson,
        return_dto=None,
        responses=refusals(401, 415, 429),
        tags=TAGS,
        **for_anybody(),
    )
    async def login(caller: FromCaller, data: JSONBody[LoginBody]) -> TokenView:
        """Sign in."""
        return TokenView(
            await hashing_executor(
                use_cases.sign_in, username=data.username, password=data.password, address=caller.address
            )
        )

    @post(
        f"{API}/auth/login",
        status_code=200,
        dto=StrictJson,
        return_dto=None,
        responses=refusals(401, 415, 429),
        tags=TAGS,
        **for_anybody(),
    )
    async def sign_in(caller: FromCaller, data: JSONBody[SignInBody]) -> TokenView:
        """Sign in by username or by email address."""
        return TokenView(
            await hashing_executor(
                use_cases.sign_in,
                username=None if data.username is msgspec.UNSET else data.username,
                email=None if data.email is msgspec.UNSET else data.email,
                password=data.password,
                address=caller.address,
            )
        )

    options = {
        "status_code": 204,
        "sync_to_thread": True,
        "responses": refusals(401),
        "tags": TAGS,
        **permitted(Permission.SIGN_OUT),
    }

    @get(f"{API}/auth/logout", **options)
    def sign_out_by_get(
        request: Request[Any, Any, Any],
        caller: FromCaller,
        all: FromQuery[bool] = False,  # noqa: A002 # on the wire
    ) -> None:
        """End this session, or all of one's sessions. HEAD ends nothing."""
        actor = caller.actor()
        if IS_HEAD not in request.scope:
            use_cases.sign_out(actor, everywhere=all)

    @post(f"{API}/auth/logout", **options)
    def sign_out(caller: FromCaller, all: FromQuery[bool] = False) -> None:  # noqa: A002 # on the wire
        """End this session, or all of one's sessions."""
        use_cases.sign_out(caller.actor(), everywhere=all)

    return [login, sign_in, sign_out_by_get, sign_out]
