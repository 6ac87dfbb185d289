"""What text may hold, and the key by which it is searched, sorted and kept unique."""

import unicodedata
from collections.abc import Callable

from attendance.domain.errors import Fault, Invalid

_KEPT_IN_PROSE = frozenset("\n\t")


def folded(text: str) -> str:
    """The form in which texts are compared: NFKC and case folding, stable under repetition."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def fault_in_name(field: str, text: str, *, longest: int) -> Fault | None:
    """A name has 1 to `longest` characters, none of them a control character or a lone surrogate."""
    if not 1 <= len(text) <= longest:
        return Fault(field, f"must have 1 to {longest} characters")
    return _fault_in_characters(field, text, kept=frozenset())


def fault_in_prose(field: str, text: str, *, longest: int) -> Fault | None:
    """A note or description has up to `longest` characters and keeps its line breaks and tabs."""
    if len(text) > longest:
        return Fault(field, f"must have at most {longest} characters")
    return _fault_in_characters(field, text, kept=_KEPT_IN_PROSE)


def searchable(field: str, text: str) -> str:
    """The folded form of what is looked for; raise Invalid for characters that no stored text can hold."""
    require_faultless(_fault_in_characters(field, text, kept=_KEPT_IN_PROSE))
    return folded(text)


def require_faultless(*found: Fault | None) -> None:
    """Raise Invalid with all the faults there are."""
    if faults := [fault for fault in found if fault]:
        raise Invalid(*faults)


def accepted_together(*checks: Callable[[], str]) -> list[str]:
    """What each check accepts; raise Invalid with the faults of all that do not."""
    accepted: list[str] = []
    faults: list[Fault] = []
    for check in checks:
        try:
            accepted.append(check())
        except Invalid as invalid:
            faults += invalid.faults
    require_faultless(*faults)
    return accepted


def _fault_in_characters(field: str, text: str, *, kept: frozenset[str]) -> Fault | None:
    if text.isprintable():
        return None
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in kept):
            return Fault(field, f"must not contain U+{ord(character):04X}")
    return None
