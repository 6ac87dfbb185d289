"""Names of nobody, put together from syllables."""

from random import Random

_BEGINNINGS = (
    "Al",
    "Be",
    "Da",
    "El",
    "Fi",
    "Ga",
    "Ha",
    "Il",
    "Jo",
    "Ka",
    "Li",
    "Ma",
    "Ne",
    "Or",
    "Pa",
    "Ri",
    "So",
)
_MIDDLES = ("", "", "li", "ma", "ne", "ri", "sa", "to", "vi")
_ENDS = ("na", "ra", "el", "on", "is", "ta", "mir", "lan", "do")
_HOUSES = ("berg", "feld", "hof", "man", "ner", "ova", "sen", "ski", "ton", "wald")
_KINDS = ("Climbing", "Clay", "Choir", "Chess", "Dance", "Drawing", "Drums", "Reading", "Rowing", "Theatre")
_STREETS = ("Harbour", "Mill", "Garden", "Station", "Church", "Orchard", "River", "Market")


class Names:
    """The same seed gives the same names."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def given(self) -> str:
        return self._word(_ENDS)

    def family(self) -> str:
        return self._word(_HOUSES)

    def group(self, number: int) -> str:
        return f"{_KINDS[number % len(_KINDS)]} {number // len(_KINDS) + 1}"

    def address(self, number: int) -> str:
        return f"{_STREETS[number % len(_STREETS)]} Street {number + 1}"

    def _word(self, ends: tuple[str, ...]) -> str:
        choose = self._random.choice
        return choose(_BEGINNINGS) + choose(_MIDDLES) + choose(ends)
