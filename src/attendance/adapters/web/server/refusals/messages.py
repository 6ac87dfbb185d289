"""What is refused, said to people: in their language, and at the field that it is about."""

import re
from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property

from litestar.exceptions import HTTPException

from attendance.adapters.http.server import errors
from attendance.adapters.http.server.errors import ERROR_CODE, RETRY_AFTER_SECONDS, TEXT_AND_CODE_OF
from attendance.adapters.web.server.formats import formats
from attendance.adapters.web.server.languages import words
from attendance.adapters.web.server.refusals.texts import (
    FIELD_TEXTS,
    INTERNAL,
    MALFORMED,
    TEXT_BY_CODE,
    TEXTS_WITH_VALUES,
    TOO_MANY,
    Text,
)
from attendance.domain.accounts.accounts import InvalidCredentials, Language
from attendance.domain.accounts.rate_limits import LimitReached
from attendance.domain.errors import AttendanceError, Forbidden, Invalid, Unauthenticated

SUMMARY = ""
"""Among faults by field: what is said of the whole."""


class FromElsewhere(Forbidden):
    """A form that no page of this service has sent."""

    text = "this form was not sent by a page of this service"


FIELD_OF: Mapping[str, str] = {
    "address_taken": "address",
    "already_in_group": "client_id",
    "client_archived": "client_id",
    "contract_of_another_client": "contract_id",
    "current_has_no_end": "starts_on",
    "discount_forbidden": "discount_percent",
    "email_taken": "email",
    "freeze_after_end": "since",
    "freeze_before_start": "until",
    "freezes_overlap": "since",
    "group_full": "client_id",
    "held_roster_changes": "rewrite",
    "last_owner": "role",
    "lessons_overlap": "starts",
    "lessons_planned": "active_until",
    "number_taken": "number",
    "membership_not_found": "until",
    "outside_freeze": "runs_again_on",
    "outside_group_dates": "date",
    "price_not_on_sale": "price_id",
    "slot_taken": "starts",
    "sold_too_long_ago": "sold_on",
    "subscription_does_not_cover": "subscription_id",
    "username_taken": "username",
    "week_full": "subscription_id",
    "wrong_password": "current_password",
}
"""The fields that refusals without details are about, by code; a form without it says so of the whole."""

_VALUES = {
    "number": "[0-9]+",
    "amount": r"[0-9]+(?:\.[0-9]+)?",
    "character": "U\\+[0-9A-F]{4,6}",
    "currency": "[A-Z]{3}",
    "days": "[0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9:]{5})?(?:, [0-9]{4}-[0-9]{2}-[0-9]{2}(?: [0-9:]{5})?)*",
}
"""What each value of a text looks like in what is said to programs; others are any text."""
MOST_DAYS = 10
"""Named of those that are in the way of a change."""
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


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


def faults_of(
    error: Exception, language: Language, field_of: Mapping[str, str] = FIELD_OF
) -> Mapping[str, str]:
    """What is said of each field, and of the whole under `SUMMARY` where no field is at fault.

    `field_of`: the field that a refusal without details is about, by its code.
    """
    if isinstance(error, Invalid) and error.field_errors:
        return {fault.field: field_text(fault.message, language) for fault in error.field_errors}
    field = field_of.get(error.code, SUMMARY) if isinstance(error, AttendanceError) else SUMMARY
    return {field: text_of(error, language)}


def text_of(error: Exception, language: Language) -> str:
    """What a refusal says; in English where nobody has translated it."""
    catalogue = words(language)
    if isinstance(error, LimitReached):
        minutes = -(-error.retry_after // 60)
        return catalogue.ngettext(*TOO_MANY, minutes) % {"number": minutes}
    if isinstance(error, AttendanceError):
        if error.text == type(error).text and error.code in TEXT_BY_CODE:
            return catalogue.gettext(TEXT_BY_CODE[error.code])
        # a refusal that has a text of its own says more than its code
        return _REFUSALS.said(error.text, language)
    return catalogue.gettext(MALFORMED.get(status_of(error), INTERNAL))


def field_text(message: str, language: Language) -> str:
    """What is said of a field, with its numbers; in English where nobody has translated it."""
    return _FIELDS.said(message, language)


class Sayings:
    """Texts that are found by what is said to programs, whatever values are in it."""

    def __init__(self, texts: Mapping[str, Text]) -> None:
        self._texts = texts

    @cached_property
    def _with_values(self) -> list[tuple[re.Pattern[str], Text]]:
        return [
            (re.compile(pattern_of(message)), text)
            for message, text in self._texts.items()
            if _PLACEHOLDER.search(message)
        ]

    def said(self, message: str, language: Language) -> str:
        """The text of a message in a language; the message itself where nobody has translated it."""
        catalogue = words(language)
        if isinstance(text := self._texts.get(message), str):
            return catalogue.gettext(text)
        for pattern, text in self._with_values:
            if found := pattern.fullmatch(message):
                values = {name: _seen(name, value, language) for name, value in found.groupdict().items()}
                if isinstance(text, str):
                    return catalogue.gettext(text) % values
                return catalogue.ngettext(*text, int(found["number"])) % values
        # what a page itself says is translated as it is
        return catalogue.gettext(message)


_REFUSALS = Sayings(TEXTS_WITH_VALUES)
_FIELDS = Sayings(FIELD_TEXTS)


def pattern_of(message: str) -> str:
    """A pattern of a message, each of its values a group."""
    parts = _PLACEHOLDER.split(message)
    return "".join(
        f"(?P<{part}>{_VALUES.get(part, '.+')})" if place % 2 else re.escape(part)
        for place, part in enumerate(parts)
    )


def _seen(name: str, value: str, language: Language) -> str:
    """A value as people write it; a character by its number, too, where something is seen of it."""
    match name:
        case "character":
            character = chr(int(value.removeprefix("U+"), base=16))
            return f"{character} ({value})" if character.isprintable() else value
        case "number" | "amount":
            written: str = formats(language)["number"](Decimal(value))
            return written
        case "days":
            day = formats(language)["day"]
            named = value.split(", ")
            shortened = ", ".join([*named[:MOST_DAYS], *(["…"] if len(named) > MOST_DAYS else [])])
            return _DAY.sub(lambda found: day(date.fromisoformat(found[0])), shortened)
    return value
