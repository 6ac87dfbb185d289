"""What is refused, said to people: in their language, and at the field that it is about."""

import re
from collections.abc import Iterator, Mapping

from litestar.exceptions import HTTPException

from attendance.adapters.http.server import errors
from attendance.adapters.http.server.errors import ERROR_CODE, RETRY_AFTER_SECONDS, TEXT_AND_CODE_OF
from attendance.adapters.web.server.formats import formats
from attendance.adapters.web.server.languages import N_, NN_, words
from attendance.domain.accounts.accounts import EmailTaken, InvalidCredentials, Language, UsernameTaken
from attendance.domain.accounts.passwords import WrongPassword
from attendance.domain.accounts.rate_limits import LimitReached
from attendance.domain.club.contracts import NumberTaken
from attendance.domain.club.groups import RosterHeld
from attendance.domain.club.lessons import LessonsPlanned
from attendance.domain.club.locations import AddressTaken
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
    NumberTaken: "number",
    AddressTaken: "address",
}
"""The fields that refusals without details are about."""

TEXT_BY_CODE = {
    "address_taken": N_("address is taken"),
    "authentication_required": N_("authentication required"),
    "client_archived": N_("client is archived"),
    "client_not_found": N_("client not found"),
    "already_in_group": N_("client is in the group already"),
    "attended_lesson": N_("lesson has marks that it cannot have before it begins"),
    "conflict": N_("conflict"),
    "number_taken": N_("contract number is taken"),
    "contract_not_found": N_("contract not found"),
    "email_taken": N_("email is taken"),
    "from_elsewhere": N_("this form was not sent by a page of this service"),
    "gone": N_("gone"),
    "group_full": N_("group is full"),
    "insufficient_permissions": N_("insufficient permissions"),
    "invalid_confirmation_token": N_("invalid or expired confirmation token"),
    "invalid_credentials": N_("invalid credentials"),
    "invalid_reset_token": N_("invalid or expired reset token"),
    "last_owner": N_("the last owner cannot be removed"),
    "location_not_found": N_("location not found"),
    "malformed_request": N_("malformed request"),
    "not_awaiting_confirmation": N_("not awaiting confirmation"),
    "not_confirmed_and_active": N_("account is not confirmed and active"),
    "not_found": N_("not found"),
    "nothing_to_confirm": N_("there is no address to confirm"),
    "outdated": N_("changed since you read it"),
    "price_not_found": N_("price not found"),
    "registration_by_invitation": N_("registration is by invitation"),
    "role_change_awaiting": N_("a role change is awaiting"),
    "role_change_not_found": N_("role change not found"),
    "lesson_marked": N_("lesson has marks"),
    "lessons_overlap": N_("lessons of a group may not overlap"),
    "lessons_planned": N_("lessons are planned after that"),
    "membership_not_found": N_("membership not found"),
    "outside_group_dates": N_("the group is not active on that date"),
    "roster_held": N_("lessons were held with another roster"),
    "session_not_found": N_("session not found"),
    "slot_taken": N_("there is a lesson at that time already"),
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
WHO_MAY_CHANGE_ROSTERS = N_("only a head manager may change it")
MOST_DAYS = 10
"""Named of those that are in the way of a change."""
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
    N_("is the username of no active account"),
    N_("must be a date"),
    N_("must be a whole number"),
    N_("must be a year"),
    N_("must be at most %(number)s"),
    N_("must be one of the choices"),
    N_("must not be before the day of the signature"),
    N_("must not be in the future"),
    N_("must not be after the last day"),
    NN_("must not have more than %(number)s part", "must not have more than %(number)s parts"),
    N_("must be an amount such as 80.00"),
    NN_("must be a whole number from 1 to %(number)s", "must be a whole number from 1 to %(number)s"),
    N_("must be from 0 to %(number)s"),
    NN_(
        "must have at most %(number)s decimal place in %(currency)s",
        "must have at most %(number)s decimal places in %(currency)s",
    ),
    N_("must be a currency by its ISO 4217 code, such as EUR"),
    N_("leave this or the days empty"),
    N_("must not be before the first day"),
    N_("must begin with http:// or https://"),
    N_("must be a time zone such as Europe/Berlin"),
    N_("must not be an address that is given up"),
    N_("nobody of this name is found"),
    N_("several are found: choose one below, or type more of the name"),
    N_("must be a time of day such as 17:00"),
    N_("must be from 1 to %(number)s"),
    N_("must not be repeated"),
    N_("is out of range"),
    N_("must be later than the beginning"),
    N_("must not overlap with another row"),
    N_("must be at most 366 days later"),
    N_("is required where a group does not meet each week and has no first day"),
]
"""What may be wrong with a field of a form."""

IN_OTHER_WORDS = {
    "must not be before signed_on": "must not be before the day of the signature",
    "must not be given beside valid_days": "leave this or the days empty",
    "must not be before on_sale_from": "must not be before the first day",
    "must not be before from": "must not be before the first day",
    "must not be after to": "must not be after the last day",
    "must be after starts": "must be later than the beginning",
    "must not be before active_from": "must not be before the first day",
    "must not overlap with another entry": "must not overlap with another row",
    "must be at most 366 days from from": "must be at most 366 days later",
    "must be given where every is more than 1 and the group has no active_from": (
        "is required where a group does not meet each week and has no first day"
    ),
    "must be given for a lesson that is cancelled": "is required",
}
"""What is said for people of a field that is named by its name for programs."""

_VALUE = {
    "number": r"(?P<number>[0-9]+)",
    "character": r"(?P<character>U\+[0-9A-F]{4,6})",
    "currency": r"(?P<currency>[A-Z]{3})",
}


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
    if isinstance(error, RosterHeld | LessonsPlanned):
        return _with_days(error, language)
    if isinstance(error, AttendanceError):
        text = TEXT_BY_CODE.get(error.code)
        # a refusal that has a text of its own says more than its code
        return catalogue.gettext(text) if text == error.text else error.text
    return catalogue.gettext(MALFORMED.get(status_of(error), INTERNAL))


def _with_days(error: RosterHeld | LessonsPlanned, language: Language) -> str:
    """What a refusal says that names the days of lessons."""
    gettext = words(language).gettext
    if isinstance(error, RosterHeld):
        days, more = error.days, f"; {gettext(WHO_MAY_CHANGE_ROSTERS)}"
    else:
        days, more = tuple(lesson.date for lesson in error.lessons), ""
    named = ", ".join(map(formats(language)["day"], days[:MOST_DAYS]))
    return f"{gettext(type(error).text)}: {named}{', …' if len(days) > MOST_DAYS else ''}{more}"


def field_text(message: str, language: Language) -> str:
    """What is said of a field, with its numbers; in English where nobody has translated it."""
    catalogue = words(language)
    message = IN_OTHER_WORDS.get(message, message).replace("contain U+0020", "contain blanks")
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
