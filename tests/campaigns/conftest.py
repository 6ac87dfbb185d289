"""Tables at the end of a campaign, and how much of it there is to be."""

import os

import pytest

from tests.campaigns.tables import markdown, tables_in

TIMES = "ATTENDANCE_TEST_CAMPAIGN"
"""Names a factor: 3 is three times as much of everything."""


def times(usual: int) -> int:
    """How often something is to be tried that is usually tried so often, at least once."""
    return max(1, round(usual * float(os.environ.get(TIMES, "1"))))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for some in terminalreporter.stats.values() for report in some]
    calls = [report for report in reports if getattr(report, "when", "") == "call"]
    properties = [it for report in calls for it in report.user_properties]
    for name, rows in tables_in(properties).items():
        terminalreporter.section(name)
        terminalreporter.write_line(markdown(sorted(rows, key=lambda row: [*map(str, row.values())])))
