"""What a command sets for its process is no other test's."""

import logging
from collections.abc import Iterator

import pytest

from attendance.entrypoints.serving.logs import HANDLER


@pytest.fixture(autouse=True)
def _log_as_it_was() -> Iterator[None]:
    """Without the level and the handler that `serve` gives the root of all loggers."""
    root = logging.getLogger()
    level = root.level
    yield
    root.setLevel(level)
    for handler in [it for it in root.handlers if it.name == HANDLER]:
        root.removeHandler(handler)
