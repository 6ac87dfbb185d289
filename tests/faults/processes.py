"""Processes of the suite's own: the command, or a piece of it, with its output kept."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeAlias

from tests.preloaded import REPOSITORY, Forked, loaded
from tests.service import SABOTAGE

PATIENCE_SECONDS = 60


Process: TypeAlias = subprocess.Popen[str] | Forked


def started(home: Path, arguments: Sequence[str], settings: dict[str, str]) -> Process:
    """`python` with arguments that begin with `-m`."""
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(REPOSITORY), **settings}
    if SABOTAGE not in environment:
        return loaded().start(*arguments[1:], home=home, settings=environment)
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=home,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


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
