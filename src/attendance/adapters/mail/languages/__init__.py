"""What people read, in their languages: English texts in templates and code, catalogues of translations.

`make catalogues` collects the texts into `<language>.po`, where they are translated, and makes of it the
`<language>.mo` that is read here.
"""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

from attendance.domain.accounts.accounts import Language

CATALOGUES = Path(__file__).parent
SOURCE = Language.EN
"""The language of the texts themselves, which needs no catalogue."""


def untranslated(text: str) -> str:
    """The text as it is: what is translated later, where the language is known."""
    return text


@cache
def translations_in(language: Language) -> NullTranslations:
    """The translations into a language; into that of the texts, the texts themselves."""
    if language is SOURCE:
        return NullTranslations()
    with (CATALOGUES / f"{language}.mo").open("rb") as catalogue:
        return GNUTranslations(catalogue)
