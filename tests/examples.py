"""How many examples a property is tried with, in the whole suite and in what is run for each save."""

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import pytest
from hypothesis import settings

V = TypeVar("V")

FULL, QUICK = 100, 20
"""Where a test does not say how many."""


def examples(number: int) -> int:
    """So many in the whole suite, and in the same proportion fewer under `--hypothesis-profile quick`."""
    return max(1, number * min(FULL, settings().max_examples) // FULL)


def sample(cases: Mapping[str, V], number: int) -> dict[str, V]:
    """All of them in the whole suite; else every fifth, others for the next `number`."""
    step = FULL // examples(FULL)
    return dict([*cases.items()][number % step :: step])


def some(cases: Iterable[str], step: int = 3) -> list[Any]:
    """One case in so many for `make test`; `make check` tries the others, too."""
    return [
        case if number % step == 0 else pytest.param(case, marks=pytest.mark.thorough)
        for number, case in enumerate(cases)
    ]
