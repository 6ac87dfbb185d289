"""Changing and resetting passwords."""

from litestar import Response

from attendance.adapters.http.accounts.pages import page_of
from attendance.adapters.http.accounts.registration import FormView, password_field
from attendance.adapters.http.server.answers import Accepted
from attendance.adapters.http.server.bodies.meaning import Body, Fields
from attendance.adapters.http.server.fields.texts import Password, Text
from attendance.adapters.http.server.operations.declaration import ANYBODY, API, Room, Runs
from attendance.application.use_cases import UseCases
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.table import Permission

RESET = "/auth/password_reset"

room = Room("Passwords")


class ChangePasswordBody(Body):
    current_password: Text
    new_password: Password


class ResetBody(Body):
    email: Text


class SetPasswordBody(Body):
    password: Password


@room.operation(
    "PUT",
    "/auth/password",
    Permission.CHANGE_PASSWORD,
    refuses=(403, 429),
    status=204,
    runs=Runs.HASHING,
)
def change_password(
    use_cases: UseCases, actor: Actor, address: str | None, fields: Fields[ChangePasswordBody]
) -> None:
    """Set another password; one's other sessions end."""
    use_cases.change_password(actor, address=address, **fields)


@room.operation("POST", RESET, ANYBODY, status=202)
def request_password_reset(use_cases: UseCases, fields: Fields[ResetBody]) -> Accepted:
    """Mail a link that sets a new password, if somebody has this address."""
    use_cases.request_password_reset(**fields)
    return Accepted()


@room.operation("GET", f"{RESET}/{{token}}", ANYBODY, refuses=(410,))
def password_form(use_cases: UseCases, token: str, wants_page: bool) -> Response[FormView]:
    """What setting a password by a mailed link takes; browsers are led to a page. Nothing is used up."""
    if wants_page:
        return page_of("set-password", token)
    use_cases.set_password.require_good(token=token)
    shortest = use_cases.set_password.password_rules.shortest
    return Response(FormView("PUT", f"{API}{RESET}/{token}", [password_field(shortest)]))


@room.operation("PUT", f"{RESET}/{{token}}", ANYBODY, refuses=(410,), status=204, runs=Runs.HASHING)
def set_password(use_cases: UseCases, token: str, fields: Fields[SetPasswordBody]) -> None:
    """Set a password by a mailed link; all sessions end."""
    use_cases.set_password(token=token, **fields)
