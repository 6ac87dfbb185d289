"""A suite that a shell starts with `&` ends its processes as one that is looked at."""

import signal
import subprocess
import sys

import pytest

from tests.conftest import heed_signals

ASKING = "import signal, sys; sys.exit(signal.getsignal(int(sys.argv[1])) is signal.SIG_IGN)"


def is_ignored_by_a_child(number: signal.Signals) -> bool:
    return bool(subprocess.run([sys.executable, "-I", "-S", "-c", ASKING, str(int(number))]).returncode)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_the_suite_was_told_to_ignore_ends_its_processes(number: signal.Signals) -> None:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        assert is_ignored_by_a_child(number)
        heed_signals()
        assert not is_ignored_by_a_child(number)
    finally:
        signal.signal(number, before)
