"""Retrying with growing, random pauses."""

import random
import time
from collections.abc import Iterator

LONGEST_WAIT_SECONDS = 10.0
_FIRST_PAUSE_SECONDS = 0.002
_LONGEST_PAUSE_SECONDS = 0.1


def attempts(longest_wait: float = LONGEST_WAIT_SECONDS) -> Iterator[None]:
    """Yield once per attempt: at once, then after growing, random pauses, for `longest_wait` seconds."""
    deadline = time.monotonic() + longest_wait
    pause = _FIRST_PAUSE_SECONDS
    yield
    while time.monotonic() < deadline:
        time.sleep(random.uniform(0, pause))  # noqa: S311 # spreads competitors, guards nothing
        pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)
        yield
