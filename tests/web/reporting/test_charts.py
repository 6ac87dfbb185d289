"""The mathematics of charts."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, strategies as st

from attendance.adapters.web.reporting import charts
from attendance.adapters.web.reporting.charts import (
    Bar,
    Label,
    Link,
    Part,
    Point,
    Row,
    labelled,
    line,
    percent,
    round_numbers,
    rows,
    stacked_bars,
)


def whole(value: Decimal) -> str:
    return f"{value:.0f}"


def as_percent(value: Decimal) -> str:
    return f"{100 * value:.0f} %"


@pytest.mark.parametrize(
    ("highest", "are_whole", "expected"),
    [
        ("0", True, "0 1"),
        ("1", True, "0 1"),
        ("3", True, "0 1 2 3"),
        ("5", True, "0 2 4 6"),
        ("9", True, "0 5 10"),
        ("10", True, "0 5 10"),
        ("14", True, "0 5 10 15"),
        ("97", True, "0 25 50 75 100"),
        ("101", True, "0 50 100 150"),
        ("1", False, "0 0.25 0.5 0.75 1"),
        ("1.0909", False, "0 0.5 1 1.5"),
        ("2.4", False, "0 1 2 3"),
    ],
)
def test_axes_have_round_numbers(highest: str, are_whole: bool, expected: str) -> None:
    numbers = round_numbers(Decimal(highest), are_whole=are_whole)
    assert numbers == tuple(map(Decimal, expected.split()))


@given(highest=st.decimals(min_value=0, max_value=10**9, places=4), are_whole=st.booleans())
def test_an_axis_reaches_what_it_shows_in_few_even_steps(highest: Decimal, are_whole: bool) -> None:
    numbers = round_numbers(highest, are_whole=are_whole)
    assert 2 <= len(numbers) <= 5
    assert numbers[0] == 0
    assert numbers[-1] >= highest
    assert numbers[-2] < highest or highest == 0
    assert {after - before for before, after in pairwise(numbers)} == {numbers[1]}
    assert not (are_whole and numbers[1] % 1)


@given(count=st.integers(0, 400), most=st.integers(1, 12))
def test_few_places_get_a_label_the_first_among_them(count: int, most: int) -> None:
    places = [*labelled(count, most)]
    assert len(places) <= most
    assert places[:1] == [0][:count]
    assert len({after - before for before, after in pairwise(places)}) <= 1


def test_parts_of_a_plot_are_written_short() -> None:
    assert [percent(it) for it in (0, 1, 0.125, Decimal("0.3333333"), 1 / 52)] == [
        "0%",
        "100%",
        "12.5%",
        "33.33%",
        "1.92%",
    ]


def test_bars_are_stacked_and_what_is_not_there_has_no_part() -> None:
    columns = [
        {"present": 6, "late": 2, "absent": 0},
        {"present": 0, "late": 0, "absent": 0},
        {"present": 2, "late": 0, "absent": 0},
        {"present": 1, "late": 0, "absent": 0},
    ]
    found = stacked_bars(columns, labels=[*"abcd"], titles=[*"ABCD"], written=whole)
    assert [label.text for label in found.y_labels] == ["0", "2", "4", "6", "8"]
    assert [label.at for label in found.y_labels] == ["100%", "75%", "50%", "25%", "0%"]
    assert found.kinds == ("present", "late")
    assert found.bars[0] == Bar(
        x="3%",
        width="19%",
        title="A",
        parts=(
            Part(kind="present", y="25%", height="75%"),
            Part(kind="late", y="0%", height="25%"),
        ),
    )
    assert found.bars[1].parts == ()
    assert found.x_labels == (
        Label(at="12.5%", text="a"),
        Label(at="37.5%", text="b", is_main=False),
        Label(at="62.5%", text="c"),
        Label(at="87.5%", text="d", is_main=False),
    )


def test_bars_of_nothing_have_an_axis_all_the_same() -> None:
    found = stacked_bars([], labels=[], titles=[], written=whole)
    assert ([label.text for label in found.y_labels], found.bars, found.kinds) == (["0", "1"], (), ())


def test_a_line_tells_zero_from_what_is_not_known() -> None:
    values = [Decimal(1), Decimal(0), None, Decimal("0.5"), None]
    found = line(values, labels=[*"abcde"], titles=[*"ABCDE"], written=as_percent)
    full, zero, half = Point(x="10%", y="0%"), Point(x="30%", y="100%"), Point(x="70%", y="50%")
    assert found.points == (full, zero, half)
    assert found.links == (
        Link(start=full, end=zero, is_over_gap=False),
        Link(start=zero, end=half, is_over_gap=True),
    )
    assert [place.title for place in found.places] == [*"ABCDE"]
    assert [label.text for label in found.y_labels] == ["0 %", "25 %", "50 %", "75 %", "100 %"]
    assert found.x_labels[-1] == Label(at="90%", text="e", is_last=True)


def test_a_line_reaches_beyond_one_where_it_has_to() -> None:
    found = line([Decimal("1.2")], labels=["a"], titles=["A"], written=as_percent)
    assert [label.text for label in found.y_labels] == ["0 %", "50 %", "100 %", "150 %"]
    assert found.points == (Point(x="50%", y="20%"),)


def test_a_line_of_nothing_known_has_an_axis_all_the_same() -> None:
    found = line([None, None], labels=[*"ab"], titles=[*"AB"], written=as_percent)
    assert (found.points, found.links, len(found.places)) == ((), (), 2)
    assert found.y_labels[-1].text == "100 %"


def test_a_year_of_weeks_is_not_dense_but_one_of_days_is() -> None:
    of_weeks, of_days = (
        line([None] * count, labels=[""] * count, titles=[""] * count, written=as_percent)
        for count in (53, charts.FEW_POINTS + 1)
    )
    assert (of_weeks.is_dense, of_days.is_dense) == (False, True)


def test_rows_tell_zero_from_what_is_not_known() -> None:
    values = [("Chess", Decimal("0.5")), ("Judo", Decimal(0)), ("Clay", None)]
    found = rows(values, written=as_percent, unknown="–")
    assert found.rows == (
        Row(name="Chess", text="50 %", width="50%"),
        Row(name="Judo", text="0 %", width="0%"),
        Row(name="Clay", text="–", width=None),
    )
