"""Signing in."""

from typing import Annotated

import msgspec
from litestar import post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from attendance.adapters.http.decoding import StrictJson
from attendance.adapters.http.errors import refusals
from attendance.adapters.http.lane import HashingLane
from attendance.adapters.http.texts import ANY_TEXT
from attendance.application.use_cases import UseCases

Text = Annotated[str, msgspec.Meta(extra_json_schema={"extra": ANY_TEXT})]


class LoginBody(msgspec.Struct, forbid_unknown_fields=True):
    username: Text
    password: Text


class TokenView(msgspec.Struct):
    """A token for the header `Authorization: Bearer <access_token>`."""

    access_token: str


def session_handlers(use_cases: UseCases, lane: HashingLane) -> list[HTTPRouteHandler]:
    @post(
        "/login",
        status_code=200,
        dto=StrictJson,
        return_dto=None,
        responses=refusals(401, 415),
        tags=["Sessions"],
    )
    async def login(data: JSONBody[LoginBody]) -> TokenView:
        """Sign in."""
        return TokenView(await lane(use_cases.sign_in, username=data.username, password=data.password))

    return [login]
