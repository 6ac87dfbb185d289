"""How many examples a property is tried with, in the whole suite and in what is run for each save."""

from hypothesis import settings

FULL, QUICK = 100, 20
"""Where a test does not say how many."""


def examples(number: int) -> int:
    """So many in the whole suite, and in the same proportion fewer under `--hypothesis-profile quick`."""
    return max(1, number * min(FULL, settings().max_examples) // FULL)
