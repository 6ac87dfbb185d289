"""Signing in."""

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from attendance.adapters.http.decoding import StrictJson
from attendance.adapters.http.errors import refusals
from attendance.adapters.http.lane import HashingLane
from attendance.application.use_cases import UseCases


class LoginBody(msgspec.Struct, forbid_unknown_fields=True):
    username: str
    password: str


class TokenView(msgspec.Struct):
    """A token for the header `Authorization: Bearer <access_token>`."""

    access_token: str


def session_handlers(use_cases: UseCases, lane: HashingLane) -> list[HTTPRouteHandler]:
    @post(
        "/login",
        status_code=200,
        dto=StrictJson,
        return_dto=None,
        responses=refusals(401, 413, 415),
        tags=["Sessions"],
    )
    async def login(data: JSONBody[LoginBody]) -> TokenView:
        """Sign in."""
        return TokenView(await lane(use_cases.sign_in, username=data.username, password=data.password))

    return [login]
