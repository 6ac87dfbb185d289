"""Statistics: each formula, pooling, parts of a range, and who is at risk of staying away."""

from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, strategies as st

from attendance.domain.attendance.status import Status
from attendance.domain.club.subscriptions import Freeze
from attendance.domain.errors import Invalid
from attendance.domain.ids import ClientId
from attendance.domain.reporting import at_risk as risks, statistics
from attendance.domain.reporting.at_risk import (
    AtRiskCandidate,
    PassPeriod,
    Rule,
    active_since,
    at_risk,
    run_of,
)
from attendance.domain.reporting.statistics import (
    MOST_BUCKETS,
    Counts,
    Figures,
    Lessons,
    Trend,
    counts_of,
    rate,
    require_few_parts,
    spans,
    trended,
)

DAY = timedelta(days=1)
P, L, A, E = Status.PRESENT, Status.LATE, Status.ABSENT, Status.EXCUSED
SEEN = (AssertionError, pytest.fail.Exception)
"""What a test comes to whose guard is taken out: something is otherwise, or is not refused."""


def counts(present: int = 0, late: int = 0, absent: int = 0, excused: int = 0, unmarked: int = 0) -> Counts:
    return Counts(present=present, late=late, absent=absent, excused=excused, unmarked=unmarked)


# Formulas


@pytest.mark.parametrize(
    ("numbers", "attendance", "punctuality", "coverage"),
    [
        ((6, 2, 1, 1, 2), "0.8889", "0.7500", "0.8333"),
        ((0, 0, 0, 0, 0), None, None, None),
        ((0, 0, 0, 0, 3), None, None, "0.0000"),
        ((0, 0, 0, 4, 0), None, None, "1.0000"),
        ((0, 0, 2, 0, 0), "0.0000", None, "1.0000"),
        ((0, 1, 0, 0, 0), "1.0000", "0.0000", "1.0000"),
        ((1, 0, 2, 5, 0), "0.3333", "1.0000", "1.0000"),
        ((2, 0, 1, 0, 0), "0.6667", "1.0000", "1.0000"),
        # half up, not to even: 1/32 and 3/32
        ((1, 0, 31, 0, 0), "0.0313", "1.0000", "1.0000"),
        ((3, 0, 29, 0, 0), "0.0938", "1.0000", "1.0000"),
        ((19_999, 0, 1, 0, 0), "1.0000", "1.0000", "1.0000"),
    ],
)
def test_rates_of_counts(
    numbers: tuple[int, ...], attendance: str | None, punctuality: str | None, coverage: str | None
) -> None:
    of = counts(*numbers)
    rates = (of.attendance_rate, of.punctuality_rate, of.marking_coverage)
    assert [None if it is None else str(it) for it in rates] == [attendance, punctuality, coverage]
    figures = Figures(counts=of)
    assert rates == (figures.attendance_rate, figures.punctuality_rate, figures.marking_coverage)


ONE_HELD, TWO_HELD = Lessons(held=1), Lessons(held=2)


@pytest.mark.parametrize(
    ("figures", "fill", "average", "hours"),
    [
        ({}, None, None, "0"),
        ({"lessons": Lessons(planned=3, cancelled=1, untaken=2)}, None, None, "0"),
        ({"counts": counts(4, 1, 2), "lessons": Lessons(held=2)}, None, "2.5000", "0"),
        ({"counts": counts(4, 1), "lessons": TWO_HELD, "places": 6, "placed": 5}, "0.8333", "2.5000", "0"),
        ({"counts": counts(absent=2), "lessons": Lessons(held=3), "places": 6}, "0.0000", "0.0000", "0"),
        # guests beyond the capacity
        ({"counts": counts(4), "lessons": ONE_HELD, "places": 3, "placed": 4}, "1.3333", "4.0000", "0"),
        # of two lessons one has a capacity
        ({"counts": counts(9), "lessons": TWO_HELD, "places": 8, "placed": 2}, "0.2500", "4.5000", "0"),
        ({"taught_seconds": 5400}, None, None, "1.5000"),
        ({"taught_seconds": 100 * 60}, None, None, "1.6667"),
    ],
)  # fmt: skip
def test_figures_of_lessons(
    figures: dict[str, Any], fill: str | None, average: str | None, hours: str
) -> None:
    of = Figures(**figures)
    assert of.fill_rate == (None if fill is None else Decimal(fill))
    assert of.average_attendance == (None if average is None else Decimal(average))
    assert of.taught_hours == Decimal(hours)


def test_statuses_are_counted_and_none_is_not_marked() -> None:
    assert counts_of([P, P, L, A, E, None, None, None]) == counts(2, 1, 1, 1, 3)
    assert counts_of([]) == Counts()


@given(st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_rate_is_rounded_half_up_to_four_decimals(part: int, whole: int) -> None:
    found = rate(part, whole)
    assert found is not None
    # exactly, in whole numbers
    assert found * 10_000 == (part * 20_000 + whole) // (2 * whole)
    assert found.as_tuple().exponent == -4


# Pooling

number = st.integers(0, 500)
some_figures = st.builds(
    Figures,
    counts=st.builds(Counts, present=number, late=number, absent=number, excused=number, unmarked=number),
    lessons=st.builds(Lessons, planned=number, held=number, cancelled=number, untaken=number),
    places=number,
    placed=number,
    taught_seconds=number,
    unpaid_visits=number,
)


@given(st.lists(st.lists(st.sampled_from([P, L, A, E, None]), max_size=8), max_size=6))
def test_rates_of_several_are_those_of_all_their_places_together(sets: list[list[Status | None]]) -> None:
    pooled = sum((Figures(counts=counts_of(it)) for it in sets), start=Figures())
    union = Figures(counts=counts_of(status for it in sets for status in it))
    for name in ("attendance_rate", "punctuality_rate", "marking_coverage"):
        assert getattr(pooled, name) == getattr(union, name)


@given(st.lists(some_figures, max_size=5))
def test_every_number_of_several_is_the_sum(several: list[Figures]) -> None:
    whole = sum(several, start=Figures())
    for of, names in (("counts", Counts.__slots__), ("lessons", Lessons.__slots__)):
        for name in names:
            assert getattr(getattr(whole, of), name) == sum(getattr(getattr(it, of), name) for it in several)
    for name in ("places", "placed", "taught_seconds", "unpaid_visits"):
        assert getattr(whole, name) == sum(getattr(it, name) for it in several)
    assert whole.fill_rate == rate(sum(it.placed for it in several), sum(it.places for it in several))


def test_a_mean_of_rates_is_not_the_rate_of_all() -> None:
    one, many = Figures(counts=counts(1)), Figures(counts=counts(present=1, absent=8))
    assert (one.attendance_rate, many.attendance_rate) == (Decimal(1), Decimal("0.1111"))
    assert (one + many).attendance_rate == Decimal("0.2000")


# Trends


@pytest.mark.parametrize(
    ("since", "until", "trend", "expected"),
    [
        ("2026-03-02", "2026-03-02", Trend.DAY, ["2026-03-02 2026-03-02"]),
        ("2026-02-28", "2026-03-01", Trend.DAY, ["2026-02-28 2026-02-28", "2026-03-01 2026-03-01"]),
        # ISO week 53 of 2026 begins on Monday, 28 December
        ("2026-12-24", "2027-01-05", Trend.WEEK,
         ["2026-12-24 2026-12-27", "2026-12-28 2027-01-03", "2027-01-04 2027-01-05"]),
        ("2026-03-01", "2026-03-02", Trend.WEEK, ["2026-03-01 2026-03-01", "2026-03-02 2026-03-02"]),
        ("2026-03-02", "2026-03-08", Trend.WEEK, ["2026-03-02 2026-03-08"]),
        ("2026-03-04", "2026-03-05", Trend.WEEK, ["2026-03-04 2026-03-05"]),
        ("2027-12-15", "2028-03-01", Trend.MONTH,
         ["2027-12-15 2027-12-31", "2028-01-01 2028-01-31",
          "2028-02-01 2028-02-29", "2028-03-01 2028-03-01"]),
        ("2026-02-28", "2026-02-28", Trend.MONTH, ["2026-02-28 2026-02-28"]),
        ("9999-12-30", "9999-12-31", Trend.DAY, ["9999-12-30 9999-12-30", "9999-12-31 9999-12-31"]),
        ("9999-12-26", "9999-12-31", Trend.WEEK, ["9999-12-26 9999-12-26", "9999-12-27 9999-12-31"]),
        ("9999-11-30", "9999-12-31", Trend.MONTH, ["9999-11-30 9999-11-30", "9999-12-01 9999-12-31"]),
        ("0001-01-01", "0001-01-08", Trend.WEEK, ["0001-01-01 0001-01-07", "0001-01-08 0001-01-08"]),
    ],
)  # fmt: skip
def test_parts_of_a_range(since: str, until: str, trend: Trend, expected: list[str]) -> None:
    found = spans(date.fromisoformat(since), date.fromisoformat(until), trend)
    assert [f"{first} {last}" for first, last in found] == expected


@given(
    st.dates(),
    st.integers(0, 400),
    st.sampled_from(Trend),
    st.dictionaries(st.integers(-3, 403), some_figures, max_size=8),
)
def test_a_trend_lists_every_part_and_adds_up(
    since: date, length: int, trend: Trend, some: dict[int, Figures]
) -> None:
    until = since + min(length * DAY, date.max - since)
    days = {since + n * DAY: it for n, it in some.items() if 0 <= n <= (until - since).days}
    buckets = trended(days, since, until, trend)
    assert (buckets[0].since, buckets[-1].until) == (since, until)
    for one, following in pairwise(buckets):
        assert one.until + DAY == following.since
        # no two days of one part are apart, no two of different parts together
        assert part_of(one.until, trend) != part_of(following.since, trend)
    assert all(part_of(it.since, trend) == part_of(it.until, trend) for it in buckets)
    assert sum((it.figures for it in buckets), start=Figures()) == sum(days.values(), start=Figures())
    for it in buckets:
        inside = [figures for day, figures in days.items() if it.since <= day <= it.until]
        assert it.figures == sum(inside, start=Figures())


def part_of(day: date, trend: Trend) -> object:
    match trend:
        case Trend.DAY:
            return day
        case Trend.WEEK:
            return day.isocalendar()[:2]
        case Trend.MONTH:
            return day.year, day.month


def test_a_range_has_not_more_parts_than_anybody_reads() -> None:
    since = date(2000, 1, 1)
    require_few_parts(since, since + (MOST_BUCKETS - 1) * DAY, Trend.DAY)
    require_few_parts(since, since + MOST_BUCKETS * DAY, Trend.WEEK)
    for trend, until in ((Trend.DAY, since + MOST_BUCKETS * DAY), (Trend.MONTH, date.max)):
        with pytest.raises(Invalid) as refused:
            require_few_parts(since, until, trend)
        assert [it.field for it in refused.value.field_errors] == ["trend"]


# At risk

UNTIL = date(2026, 3, 31)
SINCE = UNTIL - 29 * DAY


def regular(*marks: tuple[int, Status], active_for: int | None = None) -> AtRiskCandidate:
    """Marks as days before the end of the range; `active_for` so many days a pass has been active."""
    newest_first = [(UNTIL - ago * DAY, status) for ago, status in sorted(marks, key=lambda it: it[0])]
    counted = [(day, status) for day, status in newest_first if day >= SINCE and status is not E]
    run, last_visit = run_of(newest_first)
    return AtRiskCandidate(
        client_id=ClientId(UUID(int=1)),
        name="Anna",
        counted=len(counted),
        absences=tuple(day for day, status in reversed(counted) if status is A),
        run=run,
        last_visit=last_visit,
        active_since=None if active_for is None else UNTIL - active_for * DAY,
    )


def told(of: AtRiskCandidate) -> dict[str, list[int]]:
    """The rules, with how many days before the end of the range their dates are."""
    found = at_risk(of, UNTIL)
    if found is None:
        return {}
    assert (found.client_id, found.name) == (of.client_id, of.name)
    return {it.rule.value: [(UNTIL - day).days for day in it.dates] for it in found.reasons}


LOW, ROW, AWAY = Rule.LOW_ATTENDANCE.value, Rule.ABSENT_IN_A_ROW.value, Rule.LONG_AWAY.value


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        # 3 of 4 is less than 0.80
        ([(1, P), (2, A), (3, L), (4, P)], {LOW: [2]}),
        # 4 of 5 is not
        ([(1, P), (2, A), (3, L), (4, P), (5, P)], {}),
        # 7 of 9 is less, 8 of 10 is not, though 2 are absent in both
        ([(n, A if n in (2, 5) else P) for n in range(1, 10)], {LOW: [5, 2]}),
        ([(n, A if n in (2, 5) else P) for n in range(1, 11)], {}),
        # 2 of 3: too few to tell
        ([(1, P), (2, A), (3, P)], {}),
        # the first day of the range counts, the day before does not
        ([(1, P), (2, A), (3, P), (29, P)], {LOW: [2]}),
        ([(1, P), (2, A), (3, P), (30, P)], {}),
        # nor is an old absence a reason
        ([(1, P), (2, P), (3, P), (4, P), (30, A), (40, A)], {}),
    ],
)
def test_a_low_rate_in_the_range(marks: list[tuple[int, Status]], expected: dict[str, list[int]]) -> None:
    assert told(regular(*marks)) == expected


@pytest.mark.parametrize(
    ("marks", "expected"),
    [
        ([(1, A), (2, A), (3, A)], {ROW: [3, 2, 1]}),
        ([(1, A), (2, A), (3, P)], {}),
        ([(1, P), (2, A), (3, A), (4, A)], {LOW: [4, 3, 2]}),
        # over all history, not in the range alone
        ([(10, A), (40, A), (400, A), (401, L)], {ROW: [400, 40, 10]}),
        # all of the run are its dates
        ([(31, A), (32, A), (33, A), (34, A)], {ROW: [34, 33, 32, 31]}),
    ],
)
def test_absences_in_a_row_up_to_the_end(
    marks: list[tuple[int, Status]], expected: dict[str, list[int]]
) -> None:
    assert told(regular(*marks)) == expected


@pytest.mark.parametrize(
    ("marks", "active_for", "expected"),
    [
        ([(1, A), (21, P)], 100, {AWAY: [21]}),
        ([(1, A), (20, P)], 100, {}),
        ([(1, A), (21, L)], 21, {AWAY: [21]}),
        # the pass is younger
        ([(1, A), (60, P)], 20, {}),
        ([(1, A), (60, P)], 21, {AWAY: [21]}),
        ([(1, A)], 21, {AWAY: [21]}),
        ([(1, A)], 20, {}),
        # an absence is no visit
        ([(5, A), (30, P)], 100, {AWAY: [30]}),
        ([(5, A), (6, P), (30, P)], 100, {}),
        # nobody marked anything since, or it was excused: that is no staying away
        ([(21, P)], 100, {}),
        ([], 21, {}),
        ([(1, E), (21, P)], 100, {}),
        # nor is an absence from before the visit, or from before the pass
        ([(21, P), (22, A)], 100, {}),
        ([(30, A), (60, P)], 29, {}),
        ([(30, A), (60, P)], 30, {AWAY: [30]}),
        # no pass, no visit to expect
        ([(1, A), (60, P)], None, {}),
        ([(1, A)], None, {}),
    ],
)
def test_long_away_with_a_pass(
    marks: list[tuple[int, Status]], active_for: int | None, expected: dict[str, list[int]]
) -> None:
    assert told(regular(*marks, active_for=active_for)) == expected


def test_all_reasons_are_told() -> None:
    marks = [(2, A), (3, A), (4, A), (25, P)]
    assert told(regular(*marks, active_for=40)) == {LOW: [4, 3, 2], ROW: [4, 3, 2], AWAY: [25]}


@pytest.mark.plants
@pytest.mark.parametrize(
    ("name", "other"),
    [("LOW_RATE", Decimal("0.75")), ("LEAST_COUNTED", 5), ("ABSENCES_IN_A_ROW", 4), ("DAYS_AWAY", 26)],
)
def test_another_threshold_is_seen(monkeypatch: pytest.MonkeyPatch, name: str, other: Any) -> None:
    monkeypatch.setattr(risks, name, other)
    with pytest.raises(SEEN):
        test_all_reasons_are_told()
        test_a_low_rate_in_the_range([(1, P), (2, A), (3, L), (4, P)], {LOW: [2]})


@pytest.mark.parametrize(
    ("freezes", "expected"),
    [
        ([], date(2026, 1, 1)),
        ([(date(2026, 2, 1), date(2026, 2, 9))], date(2026, 2, 10)),
        ([(date(2026, 1, 5), date(2026, 1, 6)), (date(2026, 2, 1), date(2026, 2, 9))], date(2026, 2, 10)),
        # over before it began, and yet to come
        ([(date(2025, 12, 1), date(2025, 12, 9))], date(2026, 1, 1)),
        ([(date(2026, 4, 1), date(2026, 4, 9))], date(2026, 1, 1)),
        ([(UNTIL - DAY, UNTIL - DAY)], UNTIL),
    ],
)
def test_a_pass_has_been_active_since_it_was_last_frozen(
    freezes: list[tuple[date, date]], expected: date
) -> None:
    frozen = [Freeze(since=since, until=until) for since, until in freezes]
    held = PassPeriod(starts_on=date(2026, 1, 1), last_day=None, freezes=tuple(frozen), is_active=True)
    assert active_since([held], UNTIL) == expected


def held(since: int, until: int | None, *, is_active: bool = False) -> PassPeriod:
    """A pass by how many days ago it began and ended."""
    last_day = None if until is None else UNTIL - until * DAY
    return PassPeriod(starts_on=UNTIL - since * DAY, last_day=last_day, freezes=(), is_active=is_active)


@pytest.mark.parametrize(
    ("passes", "days"),
    [
        ([], None),
        ([held(9, 3)], None),
        ([held(9, -5, is_active=True)], 9),
        ([held(9, -5, is_active=True), held(39, 10)], 39),
        ([held(9, -5, is_active=True), held(39, 11)], 9),
        ([held(69, 40), held(9, None, is_active=True), held(39, 10)], 69),
        ([held(9, None, is_active=True), held(20, 5), held(60, 21)], 60),
    ],
)
def test_passes_that_follow_each_other_are_one_stretch(passes: list[PassPeriod], days: int | None) -> None:
    assert active_since(passes, UNTIL) == (None if days is None else UNTIL - days * DAY)


@pytest.mark.plants
def test_a_rate_rounded_half_to_even_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "ROUND_HALF_UP", "ROUND_HALF_EVEN")
    with pytest.raises(SEEN):
        test_rates_of_counts((1, 0, 31, 0, 0), "0.0313", "1.0000", "1.0000")
