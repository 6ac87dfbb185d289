"""Coming in: registering, in either protocol, and inviting."""

from typing import Literal
from uuid import UUID

import msgspec

from attendance.adapters.http.accounts.users import USER, UserView
from attendance.adapters.http.server.answers import Accepted, Resource, resource
from attendance.adapters.http.server.bodies.meaning import Body, Fields
from attendance.adapters.http.server.callers.authentication import Caller
from attendance.adapters.http.server.fields.ids import UserOrMe
from attendance.adapters.http.server.fields.texts import Email, Password, PersonName, Username
from attendance.adapters.http.server.operations.declaration import ANYBODY, API, Room, Runs
from attendance.application.use_cases import UseCases
from attendance.domain.accounts.accounts import LONGEST_EMAIL, LONGEST_NAME, LONGEST_USERNAME, Language
from attendance.domain.accounts.passwords import LONGEST_PASSWORD_BYTES
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Permission

REGISTRATION = "/auth/registration"

labs_room = Room("Accounts", prefix="", is_of_labs=True)
room, users_room = Room("Registration"), Room("Users")


class RegisterBody(Body):
    username: Username
    password: Password


class RegistrationBody(Body):
    """`language`: that of the account's mails and pages; null: not chosen."""

    username: Username
    email: Email
    password: Password
    name: PersonName = ""
    language: Language | None = None


class InvitationBody(Body):
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


def require_room(use_cases: UseCases, caller: Caller) -> None:
    """Raise LimitReached when too many registered from the caller's address of late."""
    use_cases.register.require_room(address=caller.address)


@labs_room.operation("POST", "/register", ANYBODY, refuses=(403, 429), runs=Runs.HASHING, first=require_room)
def register(use_cases: UseCases, address: str | None, fields: Fields[RegisterBody]) -> RegisteredView:
    """Open an account."""
    return RegisteredView(use_cases.register(address=address, **fields))


@room.operation("GET", REGISTRATION, ANYBODY, refuses=(403,), runs=Runs.AT_ONCE)
def registration_form(use_cases: UseCases) -> FormView:
    """What registering takes; refused where it is by invitation."""
    use_cases.register.require_open()
    username = "Letters, digits and signs of one script; unique whatever its case and width."
    email = "A link is mailed there; it confirms the address."
    return FormView(
        "POST",
        f"{API}{REGISTRATION}",
        [
            FieldView("username", "text", True, username, min_length=1, max_length=LONGEST_USERNAME),
            FieldView("email", "email", True, email, max_length=LONGEST_EMAIL),
            password_field(use_cases.register.password_rules.shortest),
            FieldView("name", "text", False, "What others call you.", max_length=LONGEST_NAME),
            FieldView("language", "text", False, f"Of pages and mails: {', '.join(Language)}."),
        ],
    )


@room.operation(
    "POST",
    REGISTRATION,
    ANYBODY,
    refuses=(403, 429),
    runs=Runs.HASHING,
    first=require_room,
    judged_by="register",
)
def register_with_email(
    use_cases: UseCases, address: str | None, fields: Fields[RegistrationBody]
) -> RegisteredView:
    """Open an account; a link that confirms the address is mailed there."""
    return RegisteredView(use_cases.register(address=address, **fields))


@users_room.operation("POST", "/users", Permission.INVITE_USER)
def invite_user(use_cases: UseCases, actor: Actor, fields: Fields[InvitationBody]) -> Resource[UserView]:
    """Open an account for somebody else; a link that sets its password is mailed to them."""
    return resource(UserView, use_cases.invite_user(actor, **fields))


@users_room.operation("POST", f"{USER}/invitation", Permission.INVITE_USER, refuses=(409, 429), status=202)
def resend_invitation(use_cases: UseCases, actor: Actor, user_id: UserOrMe) -> Accepted:
    """Mail a new link to somebody who was invited and has set no password; the older link is void."""
    use_cases.resend_invitation(actor, user_id=user_id)
    return Accepted()


@users_room.operation("DELETE", f"{USER}/invitation", Permission.INVITE_USER, refuses=(409,))
def withdraw_invitation(use_cases: UseCases, actor: Actor, user_id: UserOrMe) -> Resource[UserView]:
    """Void the link, switch the account off, and leave its username and address to others."""
    return resource(UserView, use_cases.withdraw_invitation(actor, user_id=user_id))
