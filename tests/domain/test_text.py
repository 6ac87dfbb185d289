"""What a name may hold, and the keys by which names are found and sorted."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given, strategies as st

from attendance.domain.accounts.accounts import accepted_name
from attendance.domain.club.locations import Closure
from attendance.domain.errors import Invalid
from attendance.domain.events import ChangeContext
from attendance.domain.ids import OPERATOR_ID
from attendance.domain.text import (
    KEYS_VERSION,
    digits,
    folded,
    has_words,
    name_error,
    search_key,
    searched_text,
    sort_key,
    trimmed,
    words_of,
)
from attendance.testing import make

WHITE_SPACE = [chr(n) for n in range(0x110000) if chr(n).isspace() and not 0x1C <= n <= 0x1F]


def test_white_space_is_what_unicode_calls_so() -> None:
    assert len(WHITE_SPACE) == 25
    for blank in WHITE_SPACE:
        assert trimmed(f"{blank}a{blank}b{blank}") == f"a{blank}b", ascii(blank)
    # separators of data, and what joins letters or is not seen, are none
    for kept in ("\x1c", "\x1f", "\u200b", "\u200c", "\u200d", "\ufeff", "\u2060"):
        assert trimmed(f"{kept}a{kept}") == f"{kept}a{kept}", ascii(kept)


@pytest.mark.parametrize(
    "name",
    [
        "a",
        "0",
        "-",
        "ß",
        "É",
        "e\u0301",
        "漢",
        "😀",
        "\ue000",
        "\U0010fffd",
        "نامه\u200cای",
        "क्\u200dष",
        "👨\u200d👩",
        "a\u00a0b",
    ],
)
def test_what_is_a_name(name: str) -> None:
    assert name_error("name", name, longest=10) is None


@pytest.mark.parametrize(
    "name",
    ["\u200b", "\u200c\u200d", "\ufeff", "\u2060", "\u0301", "\ufe0f", "\u034f", "\u115f", "\u3164"],
)
def test_a_name_of_which_nothing_is_seen_is_none(name: str) -> None:
    error = name_error("name", name, longest=10)
    assert error is not None
    assert error.message == "must have a character that is seen"


@pytest.mark.parametrize(
    "character",
    [*"\0\t\n\v\f\r\x1b\x1f\x7f\x85\u2028\u2029\u061c\u200e\u200f\ud800\udfff"]
    + [chr(n) for n in (*range(0x202A, 0x202F), *range(0x2066, 0x206A))],
    ids=ascii,
)
def test_what_no_name_may_hold(character: str) -> None:
    error = name_error("name", f"a{character}b", longest=10)
    assert error is not None
    assert error.message == f"must not contain U+{ord(character):04X}"


DAY = make.NOON.date()
LOCATION = make.location()
GROUP = make.group(LOCATION)
CLIENT = make.client()

NAMED: dict[str, tuple[Any, list[str], list[str]]] = {
    "client": (make.client, ["name"], ["guardian_name", "phone"]),
    "contract": (lambda **fields: make.contract(CLIENT, **fields), ["number"], []),
    "price": (make.price, ["name"], []),
    "location": (make.location, ["name", "address"], []),
    "closure": (lambda **fields: Closure(since=DAY, until=DAY, **fields), [], ["reason"]),
    "group": (lambda **fields: make.group(LOCATION, **fields), ["name"], []),
    "lesson": (lambda **fields: make.lesson(GROUP, **fields), [], ["topic"]),
    "cancelled lesson": (lambda **fields: make.lesson(GROUP, cancelled=True, **fields), ["reason"], []),
    "lab": (lambda **fields: make.lab(make.account(), **fields), ["name"], []),
    "account": (make.account, [], ["name"]),
}
"""What makes one, the names it must have, and those it may have."""


@pytest.mark.parametrize("kind", NAMED)
def test_every_name_is_trimmed_and_is_seen(kind: str) -> None:
    making, required, optional = NAMED[kind]
    for field in (*required, *optional):
        assert getattr(making(**{field: " \u3000A\u200db c\n"}), field) == "A\u200db c"
        for wrong in ("\u200b", "a\u200eb", "a\u2028b", "a\nb", "a\0b"):
            with pytest.raises(Invalid) as refused:
                making(**{field: wrong})
            assert [error.field.rpartition(".")[2] for error in refused.value.field_errors] == [field]
    for field in required:
        with pytest.raises(Invalid):
            making(**{field: " \t\u00a0"})
    for field in optional:
        assert getattr(making(**{field: " \t\u00a0"}), field) == ""


def test_the_name_of_an_account_is_trimmed_before_it_is_told() -> None:
    assert accepted_name(" Ada \n") == "Ada"
    assert accepted_name(" \n") == ""


def test_blanks_at_the_ends_of_a_name_are_no_change() -> None:
    context = ChangeContext(OPERATOR_ID, make.NOON, make.new_id)
    for record, field, value in (
        (CLIENT, "name", CLIENT.name),
        (GROUP, "name", GROUP.name),
        (LOCATION, "address", LOCATION.address),
    ):
        assert record.edited({field: f" {value} "}, context) == (record, None)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("José", "jose"),
        ("Jose\u0301", "jose"),
        ("Ägidius MÜLLER", "agidius muller"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("Øystein", "oystein"),
        ("Ǿ", "o"),
        ("Đorđe", "dorde"),
        ("ısparta ISPARTA İ", "isparta isparta i"),
        ("Æther Œuvre Ǽ", "aether oeuvre ae"),
        ("Алёна", "алена"),
        ("Андрей ЙОД", "андрей йод"),
        ("и\u0306од", "йод"),
        ("ў", "у"),
        ("ﬁ Ⅷ Ｌ ①", "fi viii l 1"),
        ("ΟΔΥΣΣΕΎΣ", "οδυσσευσ"),
        ("한글", "한글"),
        ("हिन्दी", "हिनदी"),
        ("a\nb\tc", "a\nb\tc"),
    ],
)
def test_what_texts_are_searched_by(text: str, key: str) -> None:
    assert search_key(text) == key
    assert search_key(key) == key
    assert search_key(text.upper()) == search_key(text.lower()) or text == "ısparta ISPARTA İ"


ANY_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12)


@given(ANY_TEXT)
def test_a_key_of_a_key_is_itself(text: str) -> None:
    assert search_key(search_key(text)) == search_key(text)
    assert folded(folded(text)) == folded(text)


@given(ANY_TEXT, ANY_TEXT)
def test_a_sort_key_sorts_by_the_one_and_then_the_other(one: str, other: str) -> None:
    pair = [(search_key(text), folded(text)) for text in (one, other)]
    assert (sort_key(one) < sort_key(other)) is (pair[0] < pair[1])


def test_words_are_found_in_any_order_each_in_one_field() -> None:
    searched = searched_text("Anna Müller", "Zoë", "z@example.org", digits("+49 (170) 123-45 ٣"))

    def found(q: str) -> bool:
        return has_words(searched, words_of("q", q) or ())

    for q in ("", " ", "muller anna", "ANNA", "zoe muller", "+49", "0)123", "170-123", "49170123453", "z@ex"):
        assert found(q), q
    # as it is dialled within a country, in pieces
    for q in ("0170", "0170 123 45", "01701234", "0 170 1234", "0049 170", "(0170) 123-45"):
        assert found(q), q
    for q in ("anna otto", "annamuller", "annazoe", "49-171", "a49", "0171", "0170 999"):
        assert not found(q), q
    assert words_of("q", " \u3000\n") is None
    for wrong in ("\0", "a\x1fb", "\ud800"):
        with pytest.raises(Invalid):
            words_of("q", wrong)


def test_the_version_of_the_keys_names_the_version_of_unicode() -> None:
    assert unicodedata.unidata_version in KEYS_VERSION
