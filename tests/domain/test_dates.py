"""Weeks."""

from datetime import date, timedelta

import pytest
from hypothesis import given, strategies as st

from attendance.domain.dates import week_of


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        ("2026-03-01", "2026-02-23", "2026-03-01"), ("2026-03-02", "2026-03-02", "2026-03-08"),
        ("2027-01-01", "2026-12-28", "2027-01-03"), ("0001-01-01", "0001-01-01", "0001-01-07"),
        ("9999-12-31", "9999-12-27", "9999-12-31"),
    ],
)  # fmt: skip
def test_a_week_is_from_monday_to_sunday_within_the_calendar(day: str, first: str, last: str) -> None:
    assert [*map(str, week_of(date.fromisoformat(day)))] == [first, last]


@given(st.dates(max_value=date.max - timedelta(days=7)))
def test_the_days_of_a_week_have_the_same_iso_week(day: date) -> None:
    first, last = week_of(day)
    assert last - first == timedelta(days=6)
    assert first <= day <= last
    assert first.isocalendar()[:2] == day.isocalendar()[:2] == last.isocalendar()[:2]
