"""Signing in, in either protocol, and out."""

from collections.abc import Collection

import msgspec
from msgspec import UNSET

from attendance.adapters.http.server.bodies.meaning import Body, Fields, Sent
from attendance.adapters.http.server.fields.texts import Text
from attendance.adapters.http.server.operations.declaration import ANYBODY, Room, Runs, by_token_alone
from attendance.application.use_cases import UseCases
from attendance.domain.errors import FieldError
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

LOGOUT = "/auth/logout"

labs_room, room = Room("Sessions", prefix=""), Room("Sessions")


class LoginBody(Body):
    username: Text
    password: Text


class SignInBody(Body):
    """Username or email, not both."""

    password: Text
    username: Sent[Text] = UNSET
    email: Sent[Text] = UNSET

    @classmethod
    def errors_between(cls, sent: Collection[str]) -> list[FieldError]:
        is_one = ("username" in sent) is not ("email" in sent)
        return [] if is_one else [FieldError("body", "must have a username or an email, not both")]


class TokenView(msgspec.Struct):
    """A token for the header `Authorization: Bearer <access_token>`."""

    access_token: str


@labs_room.operation("POST", "/login", ANYBODY, refuses=(401, 429), status=200, runs=Runs.HASHING)
def login(use_cases: UseCases, address: str | None, fields: Fields[LoginBody]) -> TokenView:
    """Sign in."""
    return TokenView(use_cases.sign_in(address=address, **fields))


@room.operation("POST", "/auth/login", ANYBODY, refuses=(401, 429), status=200, runs=Runs.HASHING)
def sign_in(use_cases: UseCases, address: str | None, fields: Fields[SignInBody]) -> TokenView:
    """Sign in by username or by email address."""
    return TokenView(use_cases.sign_in(address=address, **fields))


@room.operation("GET", LOGOUT, by_token_alone(Permission.SIGN_OUT))
def sign_out_by_get(use_cases: UseCases, actor: Actor, is_head: bool, everywhere: bool = False) -> None:
    """End this session, or all of one's sessions. HEAD ends nothing, and neither does a cookie."""
    if not is_head:
        use_cases.sign_out(actor, everywhere=everywhere)


@room.operation("POST", LOGOUT, Permission.SIGN_OUT)
def sign_out(use_cases: UseCases, actor: Actor, everywhere: bool = False) -> None:
    """End this session, or all of one's sessions."""
    use_cases.sign_out(actor, everywhere=everywhere)
