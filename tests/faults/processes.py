"""Processes of the suite's own: the command, or a piece of it, with its output kept."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from tests.preloaded import REPOSITORY, Forked, loaded

PATIENCE_SECONDS = 300
"""A machine may be busy with something else."""


def started(home: Path, arguments: Sequence[str], settings: dict[str, str]) -> Forked:
    """`python` with arguments that begin with `-m`."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), **settings}
    return loaded().start(*arguments[1:], home=home, settings=environment)


Ended: TypeAlias = list[tuple[int, str, str]]
"""Exit status, output and complaints of several processes."""


def all_started(home: Path, arguments: Sequence[str], settings: dict[str, str], *, number: int) -> Ended:
    """Wait for several processes that do the same at once."""
    processes = [started(home, arguments, settings) for _ in range(number)]
    try:
        said = [process.communicate(timeout=PATIENCE_SECONDS) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [(process.returncode, *texts) for process, texts in zip(processes, said, strict=True)]
