"""Signing in, in either protocol, and out; one's own sessions."""

from collections.abc import Collection
from datetime import datetime
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET

from attendance.adapters.http.accounts.users import USER
from attendance.adapters.http.server.answers import view_of, viewer
from attendance.adapters.http.server.bodies.meaning import Body, Fields, Sent
from attendance.adapters.http.server.fields.ids import UserOrMe
from attendance.adapters.http.server.fields.texts import Text
from attendance.adapters.http.server.operations.declaration import ANYBODY, Room, Runs, by_token_alone
from attendance.application.use_cases import UseCases
from attendance.domain.errors import FieldError
from attendance.domain.ids import SessionId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

LOGOUT = "/auth/logout"
SESSIONS = f"{USER}/sessions"

labs_room, room = Room("Sessions", prefix="", is_of_labs=True), Room("Sessions")


Remember = Annotated[
    bool, msgspec.Meta(description="For a longer session, on a device that nobody else uses.")
]


class LoginBody(Body):
    username: Text
    password: Text


class SignInBody(Body):
    """Username or email, not both."""

    shown = ("email", "password")

    password: Text
    username: Sent[Text] = UNSET
    email: Sent[Text] = UNSET
    remember: Sent[Remember] = UNSET

    @classmethod
    def errors_between(cls, sent: Collection[str]) -> list[FieldError]:
        is_one = ("username" in sent) is not ("email" in sent)
        return [] if is_one else [FieldError("body", "must have a username or an email, not both")]


class TokenView(msgspec.Struct):
    """A token for the header `Authorization: Bearer <access_token>`."""

    access_token: str


class StartedSessionView(TokenView):
    """A token for the header `Authorization: Bearer <access_token>`, and how long its session lasts.

    It ends at `expires_at`, and before that `idle_seconds` after it was used last.
    """

    expires_at: datetime
    idle_seconds: int


class SessionView(msgspec.Struct):
    """Where and since when one is signed in; `current` is the session of this request.

    An IPv6 address stands for its /64; null, and a user agent that is "", are not known.
    """

    id: UUID
    created_at: datetime
    last_seen_at: datetime
    address: str | None
    user_agent: str
    current: bool
    remembered: bool


class SessionsView(msgspec.Struct):
    sessions: list[SessionView]
    total: int


@labs_room.operation("POST", "/login", ANYBODY, refuses=(401, 429), status=200, runs=Runs.HASHING)
def login(use_cases: UseCases, address: str | None, user_agent: str, fields: Fields[LoginBody]) -> TokenView:
    """Sign in."""
    return view_of(TokenView, use_cases.sign_in(address=address, user_agent=user_agent, **fields))


@room.operation("POST", "/auth/login", ANYBODY, refuses=(401, 429), status=200, runs=Runs.HASHING)
def sign_in(
    use_cases: UseCases, address: str | None, user_agent: str, fields: Fields[SignInBody]
) -> StartedSessionView:
    """Sign in by username or by email address."""
    return view_of(StartedSessionView, use_cases.sign_in(address=address, user_agent=user_agent, **fields))


@room.operation("GET", LOGOUT, by_token_alone(Permission.SIGN_OUT))
def sign_out_by_get(use_cases: UseCases, actor: Actor, is_head: bool, everywhere: bool = False) -> None:
    """End this session, or all of one's sessions. HEAD ends nothing, and neither does a cookie."""
    if not is_head:
        use_cases.sign_out(actor, everywhere=everywhere)


@room.operation("POST", LOGOUT, Permission.SIGN_OUT, keeps_answer=False)
def sign_out(use_cases: UseCases, actor: Actor, everywhere: bool = False) -> None:
    """End this session, or all of one's sessions."""
    use_cases.sign_out(actor, everywhere=everywhere)


@room.operation("GET", SESSIONS, Permission.READ_SESSIONS)
def own_sessions(use_cases: UseCases, actor: Actor, user_id: UserOrMe) -> SessionsView:
    """One's sessions that are not over, newest first."""
    sessions = use_cases.own_sessions(actor, user_id=user_id)
    return SessionsView([*map(viewer(SessionView), sessions)], len(sessions))


@room.operation("DELETE", f"{SESSIONS}/{{session_id}}", Permission.END_SESSION)
def end_session(use_cases: UseCases, actor: Actor, user_id: UserOrMe, session_id: SessionId) -> None:
    """End one of one's sessions, this one too, with effect on the next request."""
    use_cases.end_session(actor, user_id=user_id, session_id=session_id)
