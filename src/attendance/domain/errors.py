"""Refusals, in categories by what the caller can do about them.

The refusals of a room stand beside its rules. Each has a text that may be shown to anybody.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

_WORDS = re.compile(r"(?<=.)(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class FieldError:
    """One error of a request: `field` is the path of a field, the name of a query parameter, or `body`."""

    field: str
    message: str


def error_if(wrong: object, field: str, message: str) -> FieldError | None:
    """The error of a field where something is wrong, else None."""
    return FieldError(field, message) if wrong else None


class AttendanceError(Exception):
    """Root of all refusals. `text` may be shown to anybody; a single refusal may have its own.

    `code` names the refusal for programs: it stays when the text changes. It is the name of the class, in
    snake case, unless the class says another.
    """

    text: str = "refused"
    code: ClassVar[str] = "refused"

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "code" not in vars(cls):
            cls.code = _WORDS.sub("_", cls.__name__).lower()

    def __init__(self, text: str | None = None) -> None:
        self.text = text or type(self).text
        super().__init__(self.text)


class Invalid(AttendanceError, ValueError):
    """The request breaks a rule, whatever is stored: change it. `field_errors` say where."""

    text = "malformed request"
    code = "malformed_request"

    def __init__(self, *field_errors: FieldError) -> None:
        super().__init__()
        self.field_errors = field_errors

    def __str__(self) -> str:
        return "; ".join(
            [self.text, *(f"{field_error.field}: {field_error.message}" for field_error in self.field_errors)]
        )


class Unauthenticated(AttendanceError):
    """The caller is not signed in, or not any more: sign in."""

    text = "authentication required"
    code = "authentication_required"


class Forbidden(AttendanceError):
    """The caller lacks the permission: ask somebody who has it."""

    text = "insufficient permissions"
    code = "insufficient_permissions"


class NotFound(AttendanceError):
    """It does not exist, or not for this caller."""

    text = "not found"


class Conflict(AttendanceError):
    """The request contradicts what is stored: read again, then decide."""

    text = "conflict"


class Outdated(AttendanceError):
    """It was changed since the caller read it: read again, then decide.

    `field_errors` say which parts of it, where the caller named their versions.
    """

    text = "changed since you read it"

    def __init__(self, *field_errors: FieldError) -> None:
        super().__init__()
        self.field_errors = field_errors


class Unprocessable(AttendanceError):
    """The request is in order by itself, and does not go with what the caller sent before: change it."""

    text = "unprocessable"


class Unavailable(AttendanceError):
    """The request is valid and was not done, as far as is known: try again later."""

    text = "temporarily unavailable"


def raise_if_errors(*field_errors: FieldError | None) -> None:
    """Raise Invalid with all of these errors that are not None, if there is any."""
    if errors := [field_error for field_error in field_errors if field_error]:
        raise Invalid(*errors)


def accepted_together(*checks: Callable[[], str]) -> list[str]:
    """The results of the checks, in order. Raises Invalid with the errors of all checks that fail."""
    accepted: list[str] = []
    field_errors: list[FieldError] = []
    for check in checks:
        try:
            accepted.append(check())
        except Invalid as invalid:
            field_errors += invalid.field_errors
    raise_if_errors(*field_errors)
    return accepted
