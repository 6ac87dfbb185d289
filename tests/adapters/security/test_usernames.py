"""Usernames: what people anywhere are called is accepted, what only looks like it is not."""

import sys
import unicodedata

import pytest
import regex
from hypothesis import example, given, settings, strategies as st

from attendance.adapters.security import usernames as usernames_module
from attendance.adapters.security.usernames import PrecisUsernames
from attendance.domain.errors import Invalid
from attendance.domain.text import folded, trimmed
from tests.examples import examples

usernames = PrecisUsernames()


def is_accepted(username: str) -> bool:
    try:
        return usernames.accepted(username) == username
    except Invalid:
        return False


def complaint(username: str) -> str:
    with pytest.raises(Invalid) as refused:
        usernames.accepted(username)
    (field_error,) = refused.value.field_errors
    assert field_error.field == "username"
    assert field_error.message.isprintable()
    return field_error.message


@pytest.mark.parametrize(
    "username",
    [
        "admin",
        "Admin",
        "a",
        "7",
        "...",
        "o'neil",
        "anna-maria_42",
        "anna@example.org",
        "x" * 64,
        "é" * 64,
        "Zoë",
        "Zoe\u0308",
        "Straße",
        "İbrahim",
        "Nguyễn",
        "Tłɪ̨chǫ",
        "l·l",
        "админ",
        "Ёлка2024",
        "Ђорђе",
        "Αθηνά",
        "ΐ",
        "Անի",
        "ნინო",
        "ᲜᲘᲜᲝ",
        "שרה",
        "ש׳",
        "مریم",
        "مریم۱۲",
        "عمر٣٤",
        "नमस्ते",
        "अनु१२",
        "অনু",
        "தமிழ்",
        "ไทย",
        "ខ្មែរ",
        "မြန်မာ",
        "ລາວ",
        "བོད",
        "አበበ",
        "ᏣᎳᎩ",
        "ꮳꮃꭹ",
        "ᓄᓇᕗᑦ",
        "𞤀𞤣𞤤𞤢𞤥",
        "ߒߞߏ",
        "田中",
        "田中たろう",
        "タロウ",
        "ア・イ",
        "ー",
        "サトウabc漢字ひらがな",
        "ﾀﾛｳ",
        "ｶﾞﾘ",
        "김철수",
        "김abc金",
        "ㄅㄆ漢abc",
        "ａｄｍｉｎ",
        "ＡｄｍｉｎUser",
        "１２３",
        "\u212belin",
    ],
)
def test_a_name_in_any_one_script_is_accepted_as_typed(username: str) -> None:
    assert usernames.accepted(username) == username


@pytest.mark.parametrize(
    "username",
    [
        "аdmin",
        "admіn",
        "раyраl",
        "АBC",
        "αlpha",
        "Βeta",
        "οmega",
        "ανδρеας",
        "ивαн",
        "Ꭺnna",
        "Ꮪам",
        "աnna",
        "田中И",
        "たИ",
        "あ한",
        "ㄅ한",
        "ㄅあ",
        "김ㄅ金",
        "अনু",
        "a८",
        "тa1",
        "a\u0345",
        "ａдмин",
        "яー",
    ],
)
def test_scripts_that_are_not_written_together_are_refused(username: str) -> None:
    assert complaint(username) == "must not mix scripts"


@pytest.mark.parametrize(
    "character",
    [
        "\u200b",  # zero width space
        "\u200c",  # zero width non-joiner
        "\u200d",  # zero width joiner
        "\u2060",  # word joiner
        "\ufeff",  # byte order mark
        "\u00ad",  # soft hyphen
        "\u034f",  # combining grapheme joiner
        "\u061c",  # Arabic letter mark
        "\u200e",  # left-to-right mark
        "\u200f",  # right-to-left mark
        "\u202a",  # left-to-right embedding
        "\u202e",  # right-to-left override
        "\u2066",  # left-to-right isolate
        "\u2069",  # pop isolate
        "\u115f",  # Hangul fillers
        "\u1160",
        "\u3164",
        "\uffa0",
        "\u17b4",  # Khmer inherent vowel
        "\u180b",  # Mongolian variation selector
        "\u180e",  # Mongolian vowel separator
        "\ufe00",  # variation selectors
        "\ufe0f",
        "\U000e0100",
        "\U000e0001",  # tags
        "\U000e0061",
        "\U000e007f",
        "\ufff9",  # interlinear annotation
        "\ufffc",  # object replacement
        "\ufffd",  # replacement character
        "\u2800",  # Braille blank
        "\U00013441",  # hieroglyphs, full and half blank
        "\U00013442",
        "\U00016fe4",  # Khitan filler
        "\U0001d173",  # musical begin beam
        "\ue000",  # private use
        "\U0010fffd",
        "\ufdd0",  # noncharacters
        "\uffff",
        "\U0010ffff",
        "\u0378",  # unassigned
        "\U000e0fff",
        chr(0xD800),  # surrogates
        chr(0xDFFF),
        "\0",
        "\t",
        "\n",
        "\x1b",
        "\x7f",
        "\x85",
        " ",
        "\u00a0",
        "\u1680",
        "\u2003",
        "\u2028",
        "\u3000",
        "\u00b7",  # middle dot, but for Catalan
        "\u30fb",  # Katakana middle dot without Katakana
        "\u0375",  # Greek keraia before no Greek
        "ﬁ",
        "²",
        "ª",
        "①",
        "Ⅷ",
        "𝐚",
        "㎏",
        "￣",
        "ᄀ",
        "–",
        "“",
        "€",
        "©",
        "😀",
        "🄰",
        "\u20dd",  # enclosing circle
    ],
    ids=ascii,
)
def test_no_character_that_is_invisible_or_no_letter_is_accepted(character: str) -> None:
    expected = f"must not contain U+{ord(character):04X}"
    assert complaint(f"a{character}b") == expected
    # white space at the ends is dropped before anything else
    assert complaint(character) == (expected if trimmed(character) else "must have 1 to 64 characters")


@pytest.mark.parametrize(
    "blank", [" ", "\t", "\r\n", "\u00a0", "\u2009\u2003", "\u2028", "\u3000"], ids=ascii
)
def test_white_space_at_the_ends_is_dropped(blank: str) -> None:
    assert usernames.accepted(f"{blank}Ada{blank}") == "Ada"


@pytest.mark.parametrize("username", ["مـر", "ﷺ", "ﻡ"])
def test_stretched_letters_and_ligatures_are_refused_from_right_to_left_too(username: str) -> None:
    assert complaint(username).startswith("must not contain U+")


@pytest.mark.parametrize("username", ["क्\u200dष", "क्\u200cष", "نامه\u200cای"])
def test_joiners_are_refused_even_where_a_script_uses_them(username: str) -> None:
    assert complaint(username).startswith("must not contain U+200")


@pytest.mark.parametrize(
    "username", ["שרהa", "1שרה", "שרה-", "aشb", "٣", "شa", "عمر1٣", "م1٣", "1۱م", "עברית1٣", "ש\u0375"]
)
def test_a_name_that_reads_differently_from_either_side_is_refused(username: str) -> None:
    assert complaint(username) == "must be written in one direction (RFC 5893)"


@pytest.mark.parametrize("username", ["शिव१1", "1१", "৪4", "๑1", "１๑"])
def test_digits_of_two_number_systems_are_refused(username: str) -> None:
    assert complaint(username) == "must not mix digits of different number systems"


@pytest.mark.parametrize("username", ["शिव११", "शिव11", "a1１", "عمر٠٩"])
def test_digits_of_one_number_system_are_accepted(username: str) -> None:
    assert is_accepted(username)


@pytest.mark.parametrize(
    "username",
    [
        "\u0301",
        "\u0301a",
        "\u0e31",
        "a\u0301\u0301",
        "é\u0301",
        "a\u0300\u0301\u0302\u0303\u0304",
        "x" + "\u0330" * 60,
    ],
    ids=ascii,
)
def test_combining_marks_stand_on_a_letter_and_are_not_piled_up(username: str) -> None:
    assert "combining mark" in complaint(username)


def test_four_different_marks_on_a_letter_are_not_too_many() -> None:
    assert is_accepted("a\u0300\u0301\u0302\u0303")


@pytest.mark.parametrize(
    "username", ["", "x" * 65, "é" * 65, "e\u0301" * 33, "\ud800" * 65, "\0" * 2**20, "x" * 2**20]
)
def test_a_name_has_1_to_64_characters_as_typed(username: str) -> None:
    assert complaint(username) == "must have 1 to 64 characters"


def test_a_name_that_would_be_compared_by_nothing_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usernames_module, "folded", lambda _: "")
    assert complaint("anna") == "must not change when it is normalised"


def test_the_key_must_be_a_legal_name_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(usernames_module, "folded", lambda name: f"{name} ")
    assert complaint("anna") == "must not contain U+0020"


def test_full_width_letters_fold_onto_narrow_ones() -> None:
    assert folded(usernames.accepted("ＡＤＭＩＮ")) == folded(usernames.accepted("admin"))


@pytest.mark.slow
def test_every_script_unicode_knows_is_listed() -> None:
    listed = "".join(rf"\p{{scx={script}}}" for script in usernames_module._SCRIPTS.split())
    unlisted = regex.compile(rf"[^{listed}\p{{scx=Zyyy}}\p{{scx=Zinh}}\p{{scx=Zzzz}}]")
    assert not unlisted.search("".join(map(chr, range(sys.maxunicode + 1))))


@pytest.mark.slow
def test_every_letter_of_every_script_is_a_name_if_it_is_its_own_compatible_form() -> None:
    """Tried on the first letters of each block of 256. PRECIS refuses compatibility forms and old jamo."""
    refused = set()
    for block in range(0, sys.maxunicode, 256):
        renderer = [
            c for c in map(chr, range(block, block + 256)) if unicodedata.category(c) in ("Ll", "Lu", "Lo")
        ]
        refused |= {
            c
            for c in renderer[:4]
            if unicodedata.normalize("NFKC", c) == c and not is_accepted(c) and not 0x1100 <= ord(c) < 0x1200
        }
    assert refused <= set("ꥠꥡꥢꥣ")  # old jamo again


ANY_TEXT = st.text(alphabet=st.characters(), max_size=80)
ALIKE = st.text(
    alphabet="aаαAА1١۱१éİßſǰΐ\u0301\u0345\u0327\u200dｱｶﾞ가ᄀ漢あアﬁ·l ٠שب\u212a", min_size=1, max_size=8
)


@settings(max_examples=examples(500))
@given(ANY_TEXT | ALIKE)
@example("\u0345")
@example("\ud800")
@example("שa")
@example("l·")
@example("·l")
@example("\u200d")
@example("͵")
@example("׳")
def test_whatever_is_typed_is_accepted_as_typed_or_invalid(username: str) -> None:
    first = is_accepted(username)
    assert is_accepted(username) is first


@settings(max_examples=examples(500))
@given(ANY_TEXT | ALIKE)
def test_an_accepted_name_has_one_lasting_key_that_is_a_name_too(username: str) -> None:
    if not is_accepted(username):
        return
    key = folded(username)
    assert key
    assert folded(key) == key
    for same in (unicodedata.normalize(form, username) for form in ("NFC", "NFD", "NFKC", "NFKD")):
        assert folded(same) == key
    assert len(key) > 64 or is_accepted(key)
    assert is_accepted(unicodedata.normalize("NFKC", username))
