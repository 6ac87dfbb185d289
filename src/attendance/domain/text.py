"""Which characters texts may have, and the key by which they are searched, sorted and kept unique."""

import unicodedata
from collections.abc import Callable

from attendance.domain.errors import FieldError, Invalid

_ALLOWED_IN_PROSE = frozenset("\n\t")


def folded(text: str) -> str:
    """The form in which texts are compared: NFKC and case folding. Folding it again changes nothing."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def name_error(field: str, text: str, *, longest: int) -> FieldError | None:
    """The error of a name, None for a proper one: 1 to `longest` characters.

    No control characters, no lone surrogates.
    """
    if not 1 <= len(text) <= longest:
        return FieldError(field, f"must have 1 to {longest} characters")
    return _character_error(field, text, allowed=frozenset())


def prose_error(field: str, text: str, *, longest: int) -> FieldError | None:
    """The error of a note or description, None for a proper one: at most `longest` characters.

    No control characters but newline and tab, no lone surrogates.
    """
    if len(text) > longest:
        return FieldError(field, f"must have at most {longest} characters")
    return _character_error(field, text, allowed=_ALLOWED_IN_PROSE)


def searchable(field: str, text: str) -> str:
    """The folded form of a search term. Raises Invalid for characters that no stored text can have."""
    raise_if_errors(_character_error(field, text, allowed=_ALLOWED_IN_PROSE))
    return folded(text)


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


def _character_error(field: str, text: str, *, allowed: frozenset[str]) -> FieldError | None:
    if text.isprintable():
        return None
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in allowed):
            return FieldError(field, f"must not contain U+{ord(character):04X}")
    return None
