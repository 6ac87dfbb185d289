"""What text may hold, and the key by which it is searched, sorted and kept unique."""

import unicodedata
from collections.abc import Callable

from attendance.domain.errors import FieldError, Invalid

_KEPT_IN_PROSE = frozenset("\n\t")


def folded(text: str) -> str:
    """The form in which texts are compared: NFKC and case folding, stable under repetition."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def name_error(field: str, text: str, *, longest: int) -> FieldError | None:
    """A name has 1 to `longest` characters, none of them a control character or a lone surrogate."""
    if not 1 <= len(text) <= longest:
        return FieldError(field, f"must have 1 to {longest} characters")
    return _character_error(field, text, kept=frozenset())


def prose_error(field: str, text: str, *, longest: int) -> FieldError | None:
    """A note or description has up to `longest` characters and keeps its line breaks and tabs."""
    if len(text) > longest:
        return FieldError(field, f"must have at most {longest} characters")
    return _character_error(field, text, kept=_KEPT_IN_PROSE)


def searchable(field: str, text: str) -> str:
    """The folded form of what is looked for; raise Invalid for characters that no stored text can hold."""
    raise_if_errors(_character_error(field, text, kept=_KEPT_IN_PROSE))
    return folded(text)


def raise_if_errors(*found: FieldError | None) -> None:
    """Raise Invalid with all the faults there are."""
    if field_errors := [field_error for field_error in found if field_error]:
        raise Invalid(*field_errors)


def accepted_together(*checks: Callable[[], str]) -> list[str]:
    """What each check accepts; raise Invalid with the faults of all that do not."""
    accepted: list[str] = []
    field_errors: list[FieldError] = []
    for check in checks:
        try:
            accepted.append(check())
        except Invalid as invalid:
            field_errors += invalid.field_errors
    raise_if_errors(*field_errors)
    return accepted


def _character_error(field: str, text: str, *, kept: frozenset[str]) -> FieldError | None:
    if text.isprintable():
        return None
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in kept):
            return FieldError(field, f"must not contain U+{ord(character):04X}")
    return None
