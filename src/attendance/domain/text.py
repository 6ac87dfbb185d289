"""Which characters texts may have, and the keys by which they are searched, sorted and kept unique."""

import unicodedata
from typing import TypeAlias

from attendance.domain.errors import FieldError, raise_if_errors

KEYS_VERSION = f"2 with Unicode {unicodedata.unidata_version}"
"""By which rules keys are made: number those below anew when they change, so that stored keys are renewed."""

SEPARATOR = "\x1f"
"""Between the parts of a key: a control character that no name and no search term has, before all others."""

_ALIKE = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "ı": "i", "æ": "ae", "œ": "oe"})
"""Letters that do not come apart into a letter and a mark."""

_BREVE = "\u0306"
_PHONE_SIGNS = frozenset("+-/().")
_FEWEST_DIGITS = 2
"""Of a word without zeros before it; fewer are found nearly anywhere."""

_ALLOWED_IN_PROSE = frozenset("\n\t")

_WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""Unicode's White_Space."""

_DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Unicode's Bidi_Control: they show a text in another order than it has."""

_LINE_BREAKS = frozenset("\u2028\u2029")
"""Those that are no control characters."""

_NOT_IN_LINES = _DIRECTIONS | _LINE_BREAKS

_BLANK_LETTERS = frozenset("\u115f\u1160\u2800\u3164\uffa0\U00013441\U00013442")
"""Letters and symbols by their category, of which nothing is seen."""


def folded(text: str) -> str:
    """The form in which texts are unique: NFKC and case folding. Folding it again changes nothing."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def nfkc(text: str) -> str:
    """The text with one way to write each character, as for Unicode's compatibility forms."""
    return unicodedata.normalize("NFKC", text)


def domain_key(domain: str) -> str:
    """The form in which the names of domains are the same: of one in IDNA 2008, it in lower case.

    Its labels as they are shown, not as `xn--…`. Letters that case folding would replace by others, `ß` and
    `ς`, are their own.
    """
    lowered = "".join(character.lower() for character in nfkc(domain)).replace("\u3002", ".")
    return ".".join(map(_shown_label, nfkc(lowered).split(".")))


def _shown_label(label: str) -> str:
    if not label.startswith("xn--"):
        return label
    try:
        shown = label.removeprefix("xn--").encode("ascii").decode("punycode")
    except UnicodeError:
        return label
    return shown if shown.isprintable() else label


def search_key(text: str) -> str:
    """The form in which texts are searched: without case and marks, `й` kept. Of itself it is itself.

    Marks are characters with a combining class; vowel signs of Indian scripts, say, have none and stay.
    """
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    kept = "".join(
        character
        for place, character in enumerate(decomposed)
        if not unicodedata.combining(character)
        or (character == _BREVE and place and decomposed[place - 1] == "и")
    )
    return unicodedata.normalize("NFC", kept.translate(_ALIKE))


def sort_key(text: str) -> str:
    """The form in which names are sorted: by their search key, then by their folded form, as one text."""
    return SEPARATOR.join((search_key(text), folded(text)))


def searched_text(*texts: str) -> str:
    """The search keys of several fields as one text; no word is found across two of them."""
    return SEPARATOR.join(map(search_key, texts))


def digits(text: str) -> str:
    """The decimal digits of a text, as 0 to 9."""
    return "".join(str(unicodedata.decimal(character)) for character in text if character.isdecimal())


Words: TypeAlias = tuple[tuple[str, str], ...]
"""Words that have to be found, each in one of two forms: as a search key, or the digits of a phone number."""


def words_of(field: str, text: str) -> Words | None:
    """The words of a search term, None for none. Raises Invalid for characters that no stored text can have.

    What is written as a part of a phone number may be found by its digits alone.
    """
    words = searchable(field, text).split()
    return tuple((word, _phone_digits(word) or word) for word in words) or None


def has_words(searched: str, words: Words) -> bool:
    """Whether each of the words is in a searched text, in one of its forms."""
    return all(word in searched or in_digits in searched for word, in_digits in words)


def _phone_digits(word: str) -> str:
    """The digits of a part of a phone number, without zeros before them: a country's code may stand there."""
    if not all(it.isdecimal() or it in _PHONE_SIGNS for it in word):
        return ""
    dialled = digits(word)
    national = dialled.lstrip("0")
    return national if len(national) >= _FEWEST_DIGITS else dialled


def trimmed(text: str) -> str:
    """The text without the white space at its ends."""
    return text.strip(_WHITE_SPACE)


def trim(record: object, *names: str) -> None:
    """Trim these fields of a frozen record that is being made."""
    for name in names:
        text = getattr(record, name)
        if (kept := trimmed(text)) is not text:
            object.__setattr__(record, name, kept)


def line_error(field: str, text: str, *, longest: int) -> FieldError | None:
    """The error of a text of one line that is trimmed, None for a proper one: 1 to `longest` characters.

    No control characters, none that break a line or change the direction, no lone surrogates. Joiners are
    part of how some languages are written.
    """
    if not 1 <= len(text) <= longest:
        return FieldError(field, f"must have 1 to {longest} characters")
    return _character_error(field, text, allowed=frozenset(), refused=_NOT_IN_LINES)


def name_error(field: str, text: str, *, longest: int) -> FieldError | None:
    """The error of a name, as `line_error` has it, or one for a name of which nothing is seen."""
    if field_error := line_error(field, text, longest=longest):
        return field_error
    if not text.isascii() and not any(map(_is_visible, text)):
        return FieldError(field, "must have a character that is seen")
    return None


def _is_visible(character: str) -> bool:
    """Whether something is seen of a character by itself: it is no mark, blank or format character.

    Those that this Python's Unicode does not know count as seen.
    """
    category = unicodedata.category(character)
    return category[0] not in "MZ" and category not in ("Cc", "Cf") and character not in _BLANK_LETTERS


def prose_error(field: str, text: str, *, longest: int) -> FieldError | None:
    """The error of a note or description, None for a proper one: at most `longest` characters.

    No control characters but newline and tab, no lone surrogates.
    """
    if len(text) > longest:
        return FieldError(field, f"must have at most {longest} characters")
    return _character_error(field, text, allowed=_ALLOWED_IN_PROSE)


def searchable(field: str, text: str) -> str:
    """The search key of a search term. Raises Invalid for characters that no stored text can have."""
    raise_if_errors(_character_error(field, text, allowed=_ALLOWED_IN_PROSE))
    return search_key(text)


def _character_error(
    field: str, text: str, *, allowed: frozenset[str], refused: frozenset[str] = frozenset()
) -> FieldError | None:
    if text.isprintable():
        return None
    for character in text:
        category = unicodedata.category(character)
        if category == "Cs" or (category == "Cc" and character not in allowed) or character in refused:
            return FieldError(field, f"must not contain U+{ord(character):04X}")
    return None
