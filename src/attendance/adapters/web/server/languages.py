"""In which language a page speaks, and its words."""

import re
from functools import cache, lru_cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files

from attendance.domain.accounts.accounts import Language

LANGUAGES = {Language.EN: "English", Language.DE: "Deutsch", Language.RU: "Русский"}
"""What pages speak, each by its own name; the texts in the code are English."""
SOURCE = Language.EN
"""The language of the texts themselves, which needs no catalogue."""

LONGEST_KEPT = 128
"""Characters of an `Accept-Language` that is kept with what it prefers."""

_RANGE = re.compile(r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")


def N_(text: str) -> str:  # noqa: N802 # what catalogues are made of finds this name
    """A text that is translated where it is shown."""
    return text


def NN_(one: str, many: str) -> tuple[str, str]:  # noqa: N802
    """A text that depends on a number."""
    return one, many


def language_for(accepted: str, default: Language = SOURCE) -> Language:
    """The language of ours that an `Accept-Language` prefers, the first of several alike, or `default`."""
    return (_often_preferred if len(accepted) <= LONGEST_KEPT else _preferred)(accepted, default)


def _preferred(accepted: str, default: Language) -> Language:
    wanted = [match for part in accepted.split(",")[:50] if (match := _RANGE.fullmatch(part))]
    best, most = default, 0.0
    for match in wanted:
        name, weight = match[1].lower(), float(match[2] or 1)
        if weight > most and (name in LANGUAGES or name == "*"):
            best, most = default if name == "*" else Language(name), weight
    return best


# browsers send one of few
_often_preferred = lru_cache(maxsize=256)(_preferred)


@cache
def words(language: Language) -> NullTranslations:
    """The catalogue of a language."""
    if language is SOURCE:
        return NullTranslations()
    with (files("attendance.adapters.web") / "locales" / f"{language}.mo").open("rb") as catalogue:
        return GNUTranslations(catalogue)
