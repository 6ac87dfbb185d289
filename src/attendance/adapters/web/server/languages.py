"""In which language a page speaks, and its words."""

import re
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from io import BytesIO

LANGUAGES = {"en": "English", "de": "Deutsch", "ru": "Русский"}
"""What pages speak, each by its own name; the texts in the code are English."""
ENGLISH = "en"
DOMAIN = "pages"

_RANGE = re.compile(r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?")


def N_(text: str) -> str:  # noqa: N802 # what catalogues are made of finds this name
    """A text that is translated where it is shown."""
    return text


def NN_(one: str, many: str) -> tuple[str, str]:  # noqa: N802
    """A text that depends on a number."""
    return one, many


def language_for(accepted: str, default: str = ENGLISH) -> str:
    """The language of ours that an `Accept-Language` prefers, the first of several alike, or `default`."""
    wanted = [match for part in accepted.split(",")[:50] if (match := _RANGE.fullmatch(part))]
    best, most = default, 0.0
    for match in wanted:
        language, weight = match[1].lower(), float(match[2] or 1)
        if weight > most and (language in LANGUAGES or language == "*"):
            best, most = default if language == "*" else language, weight
    return best


@cache
def words(language: str) -> NullTranslations:
    """The catalogue of a language."""
    if language == ENGLISH:
        return NullTranslations()
    # only where it is needed: it takes long to load
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    source = files("attendance.adapters.web") / "locales" / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    compiled = BytesIO()
    with source.open("rb") as file:
        write_mo(compiled, read_po(file, locale=language))
    compiled.seek(0)
    return GNUTranslations(compiled)
