"""Coming in: registering, in either protocol, and inviting."""

from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar import Response, get, post
from litestar.handlers import HTTPRouteHandler
from litestar.params import JSONBody

from attendance.adapters.http.accounts.users import UserView, created
from attendance.adapters.http.server.authentication import Caller, FromCaller, for_anybody, permitted
from attendance.adapters.http.server.errors import refusals
from attendance.adapters.http.server.fields import Email, Password, PersonName, Username
from attendance.adapters.http.server.hashing_executor import HashingExecutor
from attendance.adapters.http.server.paths import API
from attendance.adapters.http.server.strict_json import StrictJson
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.accounts import LONGEST_EMAIL, LONGEST_NAME, LONGEST_USERNAME
from attendance.domain.accounts.passwords import LONGEST_PASSWORD_BYTES
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Permission

TAGS = ["Registration"]


class RegisterBody(msgspec.Struct, forbid_unknown_fields=True):
    username: Username
    password: Password


class RegistrationBody(msgspec.Struct, forbid_unknown_fields=True):
    username: Username
    email: Email
    password: Password
    name: PersonName = ""


class InvitationBody(msgspec.Struct, forbid_unknown_fields=True):
    username: Username
    email: Email
    name: PersonName = ""
    role: Role = Role.USER


class RegisteredView(msgspec.Struct):
    user_id: UUID


class FieldView(msgspec.Struct, omit_defaults=True):
    """A field of a form. Lengths are in characters, `max_bytes` in UTF-8."""

    name: str
    type: Literal["text", "email", "password"]
    required: bool
    description: str
    min_length: int | msgspec.UnsetType = msgspec.UNSET
    max_length: int | msgspec.UnsetType = msgspec.UNSET
    max_bytes: int | msgspec.UnsetType = msgspec.UNSET


class FormView(msgspec.Struct):
    """What to send, where, and by which method."""

    method: Literal["POST", "PUT"]
    path: str
    fields: list[FieldView]


def password_field(shortest: int) -> FieldView:
    return FieldView(
        "password",
        "password",
        True,
        "None of the most common ones.",
        min_length=shortest,
        max_bytes=LONGEST_PASSWORD_BYTES,
    )


def registration_handlers(use_cases: UseCases, hashing_executor: HashingExecutor) -> list[HTTPRouteHandler]:
    def room(caller: Caller) -> None:
        use_cases.register.require_room(address=caller.address)

    @post(
        "/register",
        dto=StrictJson,
        return_dto=None,
        responses=refusals(415, 429),
        tags=["Accounts"],
        **for_anybody(room),
    )
    async def register(caller: FromCaller, data: JSONBody[RegisterBody]) -> RegisteredView:
        """Open an account."""
        return RegisteredView(
            await hashing_executor(
                use_cases.register,
                username=data.username,
                password=data.password,
                address=caller.address,
            )
        )

    @get(
        f"{API}/auth/registration",
        sync_to_thread=False,
        responses=refusals(),
        tags=TAGS,
        **for_anybody(),
    )
    def registration_form() -> FormView:
        """What registering takes."""
        return FormView(
            "POST",
            f"{API}/auth/registration",
            [
                FieldView(
                    "username",
                    "text",
                    True,
                    "Letters, digits and signs of one script; unique whatever its case and width.",
                    min_length=1,
                    max_length=LONGEST_USERNAME,
                ),
                FieldView(
                    "email",
                    "email",
                    True,
                    "A link is mailed there; it confirms the address.",
                    max_length=LONGEST_EMAIL,
                ),
                password_field(use_cases.register.password_rules.shortest),
                FieldView("name", "text", False, "What others call you.", max_length=LONGEST_NAME),
            ],
        )

    @post(
        f"{API}/auth/registration",
        dto=StrictJson,
        return_dto=None,
        responses=refusals(415, 429),
        tags=TAGS,
        **for_anybody(room),
    )
    async def register_with_email(caller: FromCaller, data: JSONBody[RegistrationBody]) -> RegisteredView:
        """Open an account; a link that confirms the address is mailed there."""
        return RegisteredView(
            await hashing_executor(
                use_cases.register,
                username=data.username,
                email=data.email,
                password=data.password,
                name=data.name,
                address=caller.address,
            )
        )

    @post(
        f"{API}/users",
        dto=StrictJson,
        return_dto=None,
        sync_to_thread=True,
        responses=refusals(401, 403, 415),
        tags=["Users"],
        **permitted(Permission.INVITE_USER),
    )
    def invite_user(caller: FromCaller, data: JSONBody[InvitationBody]) -> Response[UserView]:
        """Open an account for somebody else; a link that sets its password is mailed to them."""
        account = use_cases.invite_user(
            caller.actor(), username=data.username, email=data.email, name=data.name, role=data.role
        )
        return created(account)

    handlers: list[Any] = [register, registration_form, register_with_email, invite_user]
    return handlers
