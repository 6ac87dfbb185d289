"""Which usernames are accepted: PRECIS (RFC 8265) and what UTS 39 adds against look-alikes.

Characters this Python's Unicode does not know are refused: a later one cannot change a stored name's key.
"""

import unicodedata
from functools import cache

import regex  # type: ignore[import-untyped,unused-ignore]
from precis_i18n import get_profile
from precis_i18n.profile import Profile

from attendance.application.ports import Usernames
from attendance.domain.accounts.accounts import LONGEST_USERNAME
from attendance.domain.errors import FieldError, raise_if_errors
from attendance.domain.text import folded, line_error, trimmed

# ISO 15924 codes of all scripts of Unicode 18. What is written in one that is not listed is refused.
_SCRIPTS = """
    Adlm Aghb Ahom Arab Armi Armn Avst Bali Bamu Bass Batk Beng Berf Bhks Bopo Brah Brai Bugi Buhd
    Cakm Cans Cari Cham Cher Chrs Copt Cpmn Cprt Cyrl Deva Diak Dogr Dsrt Dupl Egyp Elba Elym Ethi
    Gara Geor Glag Gong Gonm Goth Gran Grek Gujr Gukh Guru Hang Hani Hano Hatr Hebr Hira Hluw Hmng
    Hmnp Hung Ital Java Jurc Kali Kana Kawi Khar Khmr Khoj Kits Knda Krai Kthi Lana Laoo Latn Lepc
    Limb Lina Linb Lisu Lyci Lydi Mahj Maka Mand Mani Marc Medf Mend Merc Mero Mlym Modi Mong Mroo
    Mtei Mult Mymr Nagm Nand Narb Nbat Newa Nkoo Nshu Ogam Olck Onao Orkh Orya Osge Osma Ougr Palm
    Pauc Pcun Perm Phag Phli Phlp Phnx Plrd Prti Rjng Rohg Runr Samr Sarb Saur Seal Sgnw Shaw Shrd
    Sidd Sidt Sind Sinh Sogd Sogo Sora Soyo Sund Sunu Sylo Syrc Tagb Takr Tale Talu Taml Tang Tavt
    Tayo Telu Tfng Tglg Thaa Thai Tibt Tirh Tnsa Todr Tols Toto Tutg Ugar Vaii Vith Wara Wcho Xpeo
    Xsux Yezi Yiii Zanb
"""
_MIXABLE = ("Latn Hani Hira Kana", "Latn Hani Bopo", "Latn Hani Hang")

# Besides the default-ignorable ones: blanks that are letters and marks by their category.
_INVISIBLE = regex.compile(r"[\p{Default_Ignorable_Code_Point}\U00013441\U00013442\U00016FE4]")
_PILED_MARKS = regex.compile(r"^\p{M}|\p{Mn}{5}|(\p{Mn})\1")


class PrecisUsernames(Usernames):
    """UsernameCasePreserved, "highly restrictive" by UTS 39: one script, or Latin with East Asian ones.

    The name as shown and the key it is compared by must both pass. A name all in one script may still look
    like one in another ("сосо" in Cyrillic).
    """

    def accepted(self, username: str) -> str:
        username = trimmed(username)
        raise_if_errors(line_error("username", username, longest=LONGEST_USERNAME))
        for form in (username, folded(username)):
            if problem := _problem(form):
                raise_if_errors(FieldError("username", problem))
        return username


def _problem(form: str) -> str | None:
    if invisible := _INVISIBLE.search(form):
        return _must_not_contain(invisible[0])
    try:
        enforced = _profile().enforce(form)
    except UnicodeEncodeError as refused:
        return _precis_problem(refused)
    if not _one_writing_system().fullmatch(enforced):
        return "must not mix scripts"
    if _number_systems(enforced) > 1:
        return "must not mix digits of different number systems"
    if _PILED_MARKS.search(unicodedata.normalize("NFD", enforced)):
        return "must not begin with a combining mark, repeat one or pile up more than four"
    return None


def _precis_problem(refused: UnicodeEncodeError) -> str:
    match refused.reason.rpartition("/")[2]:
        case "bidi_rule":
            return "must be written in one direction (RFC 5893)"
        case "empty" | "not_idempotent":
            return "must not change when it is normalised"
        case _:
            return _must_not_contain(refused.object[refused.start])


def _must_not_contain(character: str) -> str:
    return f"must not contain U+{ord(character):04X}"


@cache
def _profile() -> Profile:
    return get_profile("UsernameCasePreserved")


@cache
def _one_writing_system() -> regex.Pattern[str]:
    """Text whose characters all belong to one script (by Script_Extensions) or to a set that may mix."""
    systems = (
        "".join(rf"\p{{scx={script}}}" for script in ("Zyyy", "Zinh", *mixable.split()))
        for mixable in (*_SCRIPTS.split(), *_MIXABLE)
    )
    return regex.compile("|".join(f"[{system}]*" for system in systems))


def _number_systems(text: str) -> int:
    """How many kinds of decimal digits there are; digits of one kind lie in a row from their zero on."""
    return len({ord(c) - unicodedata.decimal(c) for c in text if unicodedata.category(c) == "Nd"})
