"""What is refused, said to people: in their language, and at the field that it is about."""

import re
from collections.abc import Iterator, Mapping

from litestar.exceptions import HTTPException

from attendance.adapters.http.server import errors
from attendance.adapters.http.server.errors import ERROR_CODE, RETRY_AFTER_SECONDS, TEXT_AND_CODE_OF
from attendance.adapters.web.server.languages import N_, NN_, words
from attendance.domain.accounts.accounts import EmailTaken, InvalidCredentials, Language, UsernameTaken
from attendance.domain.accounts.passwords import WrongPassword
from attendance.domain.accounts.rate_limits import LimitReached
from attendance.domain.errors import AttendanceError, Forbidden, Invalid, Unauthenticated

SUMMARY = ""
"""Among faults by field: what is said of the whole."""


class FromElsewhere(Forbidden):
    """A form that no page of this service has sent."""

    text = "this form was not sent by a page of this service"


FIELD_OF: dict[type[AttendanceError], str] = {
    UsernameTaken: "username",
    EmailTaken: "email",
    WrongPassword: "current_password",
}
"""The fields that refusals without details are about."""

TEXT_BY_CODE = {
    "authentication_required": N_("authentication required"),
    "conflict": N_("conflict"),
    "email_taken": N_("email is taken"),
    "from_elsewhere": N_("this form was not sent by a page of this service"),
    "gone": N_("gone"),
    "client_not_found": N_("client not found"),
    "insufficient_permissions": N_("insufficient permissions"),
    "invalid_confirmation_token": N_("invalid or expired confirmation token"),
    "invalid_credentials": N_("invalid credentials"),
    "invalid_reset_token": N_("invalid or expired reset token"),
    "lesson_cancelled": N_("lesson is cancelled"),
    "lesson_not_found": N_("lesson not found"),
    "malformed_request": N_("malformed request"),
    "not_found": N_("not found"),
    "nothing_to_confirm": N_("there is no address to confirm"),
    "outdated": N_("changed since you read it"),
    "registration_by_invitation": N_("registration is by invitation"),
    "session_not_found": N_("session not found"),
    "too_late": N_("too late to change this lesson"),
    "unavailable": N_("temporarily unavailable"),
    "user_not_found": N_("user not found"),
    "username_taken": N_("username is taken"),
    "wrong_password": N_("current password is wrong"),
}
"""What refusals say, by their codes."""

TOO_MANY = NN_(
    "too many requests: try again in %(number)s minute", "too many requests: try again in %(number)s minutes"
)
INTERNAL = N_("something went wrong here, and was noted")
MALFORMED = {
    400: N_("this form cannot be read"),
    413: N_("this form is too large"),
    415: N_("this form cannot be read"),
}

FIELD_TEXTS: list[str | tuple[str, str]] = [
    NN_("must have 1 to %(number)s character", "must have 1 to %(number)s characters"),
    NN_("must have at least %(number)s character", "must have at least %(number)s characters"),
    NN_("must have at most %(number)s character", "must have at most %(number)s characters"),
    NN_("must be text of at most %(number)s byte", "must be text of at most %(number)s bytes"),
    N_("must not contain blanks"),
    N_("must not contain %(character)s"),
    N_("must have a character that is seen"),
    N_("must not mix scripts"),
    N_("must not mix digits of different number systems"),
    N_("must not begin with a combining mark, repeat one or pile up more than four"),
    N_("must be written in one direction (RFC 5893)"),
    N_("must not change when it is normalised"),
    N_("must be an email address like anna@example.org"),
    N_("must have only ASCII characters before the @"),
    N_("is among the most common passwords"),
    N_("is reserved"),
    N_("can be changed, not removed"),
    N_("is required"),
    N_("must be a whole number"),
    N_("must be one of the choices"),
    N_("must be excused: the lesson has not begun"),
    N_("must be given only with a status"),
    N_("must be given only for late"),
    N_("must be a whole number from 1 to %(number)s"),
]
"""What may be wrong with a field of a form."""

_VALUE = {"number": r"(?P<number>[0-9]+)", "character": r"(?P<character>U\+[0-9A-F]{4,6})"}


def is_signed_out(error: Exception) -> bool:
    """Whether it says that nobody is signed in, or not any more."""
    return isinstance(error, Unauthenticated) and not isinstance(error, InvalidCredentials)


def status_of(error: Exception) -> int:
    if isinstance(error, AttendanceError):
        return errors.status_of(type(error))
    return error.status_code if isinstance(error, HTTPException) and error.status_code in MALFORMED else 500


def headers_of(error: Exception) -> Iterator[tuple[bytes, bytes]]:
    """What programs are told of it: its code, how to sign in, when to try again."""
    status = status_of(error)
    code = error.code if isinstance(error, AttendanceError) else TEXT_AND_CODE_OF[status][1]
    yield ERROR_CODE.lower().encode(), code.encode()
    if status == 401:
        yield b"www-authenticate", b"Bearer"
    if status in (429, 503):
        yield b"retry-after", b"%d" % getattr(error, "retry_after", RETRY_AFTER_SECONDS)


def faults_of(error: Exception, language: Language) -> Mapping[str, str]:
    """What is said of each field, and of the whole under `SUMMARY` where no field is at fault."""
    if isinstance(error, Invalid) and error.field_errors:
        return {fault.field: field_text(fault.message, language) for fault in error.field_errors}
    field = next((FIELD_OF[kind] for kind in type(error).__mro__ if kind in FIELD_OF), SUMMARY)
    return {field: text_of(error, language)}


def text_of(error: Exception, language: Language) -> str:
    """What a refusal says; in English where nobody has translated it."""
    catalogue = words(language)
    if isinstance(error, LimitReached):
        minutes = -(-error.retry_after // 60)
        return catalogue.ngettext(*TOO_MANY, minutes) % {"number": minutes}
    if isinstance(error, AttendanceError):
        text = TEXT_BY_CODE.get(error.code)
        # a refusal that has a text of its own says more than its code
        return catalogue.gettext(text) if text == error.text else error.text
    return catalogue.gettext(MALFORMED.get(status_of(error), INTERNAL))


def field_text(message: str, language: Language) -> str:
    """What is said of a field, with its numbers; in English where nobody has translated it."""
    catalogue = words(language)
    message = message.replace("contain U+0020", "contain blanks")
    for text in FIELD_TEXTS:
        one, many = (text, text) if isinstance(text, str) else text
        if found := _pattern(many).fullmatch(message):
            values = {name: _seen(value) for name, value in found.groupdict().items()}
            if isinstance(text, str):
                return catalogue.gettext(text) % values
            return catalogue.ngettext(one, many, int(values["number"])) % values
    return message


def _seen(value: str) -> str:
    """A number as it is; a character by its number, too, where something is seen of it."""
    if not value.startswith("U+"):
        return value
    character = chr(int(value.removeprefix("U+"), base=16))
    return f"{character} ({value})" if character.isprintable() else value


def _pattern(text: str) -> re.Pattern[str]:
    parts = re.split(r"%\((\w+)\)s", text)
    return re.compile(
        "".join(_VALUE[part] if place % 2 else re.escape(part) for place, part in enumerate(parts))
    )
