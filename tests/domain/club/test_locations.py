"""What a location may be, and when it is closed."""

from datetime import date, timedelta
from typing import Any

import pytest

from attendance.domain.club.locations import Closure
from tests import make
from tests.domain.field_errors import field_errors

FIRST, LAST = date(2026, 12, 24), date(2027, 1, 1)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""), ("name", "x" * 201), ("name", "a\0"), ("name", "a\nb"), ("name", "\ud800"),
        ("address", ""), ("address", "x" * 501), ("address", "a\0"), ("address", "a\nb"),
        ("url", "example.org"), ("url", "ftp://example.org"), ("url", "javascript:alert(1)"),
        ("url", "HTTPS//x"), ("url", "x https://example.org"), ("url", "https://" + "x" * 1993),
        ("url", "https://x\0"), ("url", "https://x\r\nSet-Cookie: a=b"),
        ("capacity", 0), ("capacity", -1), ("capacity", 100_001),
    ],
)  # fmt: skip
def test_what_no_location_has_is_refused(field: str, value: Any) -> None:
    assert field_errors(make.location, **{field: value}) == [field]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "x" * 200), ("address", "x" * 500), ("url", ""), ("url", "http://a"), ("url", "https://ё/?a=b"),
        ("url", "https://" + "x" * 1992), ("capacity", None), ("capacity", 1), ("capacity", 100_000),
    ],
)  # fmt: skip
def test_what_a_location_may_have_is_kept_as_it_is(field: str, value: Any) -> None:
    assert getattr(make.location(**{field: value}), field) == value


def test_a_closure_covers_its_first_day_and_its_last() -> None:
    closure = Closure(since=FIRST, until=LAST)
    covered = {FIRST - DAY: False, FIRST: True, FIRST + DAY: True, LAST: True, LAST + DAY: False}
    assert {day: closure.covers(day) for day in covered} == covered
    assert Closure(since=FIRST, until=FIRST).covers(FIRST)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"until": FIRST - DAY}, "closures.until"),
        ({"reason": "x" * 501}, "closures.reason"),
        ({"reason": "\0"}, "closures.reason"),
        ({"reason": "a\nb"}, "closures.reason"),
    ],
)
def test_a_closure_that_runs_backwards_or_has_no_text_is_refused(changes: dict[str, Any], field: str) -> None:
    assert field_errors(Closure, **{"since": FIRST, "until": LAST, **changes}) == [field]
    assert Closure(since=FIRST, until=LAST, reason="x" * 500).reason


def test_a_location_is_closed_by_the_first_closure_that_covers_the_day() -> None:
    first = Closure(since=FIRST, until=LAST, reason="holidays")
    second = Closure(since=LAST, until=LAST + DAY, reason="paint")
    location = make.location(closures=(first, second))
    found = [location.closure_on(day) for day in (FIRST - DAY, FIRST, LAST, LAST + DAY, LAST + 2 * DAY)]
    assert found == [None, first, first, second, None]


def test_closures_are_at_most_a_thousand() -> None:
    closure = Closure(since=FIRST, until=FIRST)
    assert len(make.location(closures=(closure,) * 1000).closures) == 1000
    assert field_errors(make.location, closures=(closure,) * 1001) == ["closures"]
