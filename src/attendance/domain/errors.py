"""Everything that can be refused, grouped by what the caller can do about it.

A capability's own refusals stand beside its rules; each carries the text a caller is shown.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with a request: where (a field's path, a query name or `body`) and what."""

    field: str
    message: str


class AttendanceError(Exception):
    """Root of every refusal. `text` is safe to show to anybody; one may say more than its kind does."""

    text: str = "refused"

    def __init__(self, text: str | None = None) -> None:
        self.text = text or type(self).text
        super().__init__(self.text)


class Invalid(AttendanceError, ValueError):
    """No such thing could be: change the request."""

    text = "malformed request"

    def __init__(self, *field_errors: FieldError) -> None:
        super().__init__()
        self.field_errors = field_errors

    def __str__(self) -> str:
        return "; ".join(
            [self.text, *(f"{field_error.field}: {field_error.message}" for field_error in self.field_errors)]
        )


class Unauthenticated(AttendanceError):
    """Nobody is known to be asking: sign in."""

    text = "authentication required"


class Forbidden(AttendanceError):
    """The one who asks may not: ask somebody who may."""

    text = "insufficient permissions"


class NotFound(AttendanceError):
    """There is no such thing, or none for this caller."""

    text = "not found"


class Conflict(AttendanceError):
    """It contradicts what is stored: read again and decide."""

    text = "conflict"


class Outdated(AttendanceError):
    """Somebody was faster: read again, then decide."""

    text = "changed since you read it"


class Unavailable(AttendanceError):
    """Nothing is wrong with the request and nothing was changed: try again later."""

    text = "temporarily unavailable"
