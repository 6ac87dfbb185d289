"""Tables at the end of a campaign, and how much of it there is to be."""

import os

import pytest

from tests.campaigns.tables import ROWS, markdown

TIMES = "ATTENDANCE_TEST_CAMPAIGN"
"""Names a factor: 3 is three times as much of everything."""


def times(usual: int) -> int:
    """How often something is to be tried that is usually tried so often, at least once."""
    return max(1, round(usual * float(os.environ.get(TIMES, "1"))))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    for name, rows in config.stash.get(ROWS, {}).items():
        terminalreporter.section(name)
        terminalreporter.write_line(markdown(rows))
