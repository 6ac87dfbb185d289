"""Charts as numbers: where bars, points and labels are, in percent of the plot, which is as wide as its page.

Templates draw them: what is in percent needs no width, and letters in a plot are as large as others.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from math import ceil

MOST_STEPS = 4
MOST_LABELS = 5
FEW_POINTS = 62
"""So many points of a line can be told apart."""
STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))
BAR = 0.76
"""How much of its place a bar takes."""
NEAR_THE_END = 0.88
"""A label beyond it ends at its place: in the middle of it, it would be cut off."""

Written = Callable[[Decimal], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A text beside an axis. One that is not `is_main` may be left out where there is little room."""

    at: str
    text: str
    is_main: bool = True
    is_last: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One of the parts that a bar is made of, `kind` says what of."""

    kind: str
    y: str
    height: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A bar with its parts from the bottom to the top, and what it says when somebody points at it."""

    x: str
    width: str
    title: str
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Bars side by side; `kinds`: the parts that any of them has, from the bottom to the top."""

    y_labels: tuple[Label, ...]
    x_labels: tuple[Label, ...]
    kinds: tuple[str, ...]
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    x: str
    y: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """From a point to the next; `is_over_gap`: there is nothing known of what is between them."""

    start: Point
    end: Point
    is_over_gap: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """The part of a plot that belongs to one value, known or not, and what it says when pointed at."""

    x: str
    width: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Points in a row; a value that is not known has none. `is_dense`: too many to be told apart."""

    y_labels: tuple[Label, ...]
    x_labels: tuple[Label, ...]
    points: tuple[Point, ...]
    links: tuple[Link, ...]
    places: tuple[Place, ...]
    is_dense: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A bar from left to right with its name and value above; a value that is not known has no `width`."""

    name: str
    text: str
    width: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Bars one below the other, on one scale."""

    rows: tuple[Row, ...]


def percent(fraction: float | Decimal) -> str:
    """A part of the plot: 0.125 is 12.5%."""
    return f"{100 * fraction:.2f}".rstrip("0").rstrip(".") + "%"


def round_numbers(highest: Decimal, *, are_whole: bool = False) -> tuple[Decimal, ...]:
    """At least two and at most five numbers that are easy to read, from 0 to `highest` or beyond.

    Each is as far from the one before: 1, 2, 2.5 or 5 times a power of ten. `are_whole`: all are whole.
    """
    least = max(highest, Decimal(0)) / MOST_STEPS
    if not least:
        return Decimal(0), Decimal(1)
    power = Decimal(1).scaleb(max(least.adjusted(), 0) if are_whole else least.adjusted())
    steps = (step * each for each in (power, 10 * power) for step in STEPS)
    step = next(it for it in steps if it >= least and not (are_whole and it % 1))
    count = ceil(highest / step)
    return tuple(step * n for n in range(count + 1))


def labelled(count: int, most: int = MOST_LABELS) -> range:
    """Which of so many places get a label: each n-th from the first one on, at most `most`."""
    return range(0, count, max(1, ceil(count / most)))


def stacked_bars(
    columns: Sequence[Mapping[str, int]], *, labels: Sequence[str], titles: Sequence[str], written: Written
) -> Bars:
    """A bar for each of the columns, whose values lie on top of each other in their order.

    `labels` and `titles` are those of the columns; `written` writes a number.
    """
    scale = round_numbers(Decimal(max((sum(each.values()) for each in columns), default=0)), are_whole=True)
    bars = (
        Bar(
            x=percent((n + (1 - BAR) / 2) / len(columns)),
            width=percent(BAR / len(columns)),
            title=title,
            parts=tuple(_parts(column, scale[-1])),
        )
        for n, (column, title) in enumerate(zip(columns, titles, strict=True))
    )
    kinds = [kind for column in columns[:1] for kind in column]
    return Bars(
        y_labels=_y_labels(scale, written),
        x_labels=_x_labels(labels),
        kinds=tuple(kind for kind in kinds if any(column[kind] for column in columns)),
        bars=tuple(bars),
    )


def line(
    values: Sequence[Decimal | None], *, labels: Sequence[str], titles: Sequence[str], written: Written
) -> Line:
    """A point for each of the values that is known; they are rates, so the scale reaches 1, or beyond it."""
    highest = max((value for value in values if value is not None), default=Decimal(1))
    scale = round_numbers(max(highest, Decimal(1)))
    known = [(n, value) for n, value in enumerate(values) if value is not None]
    points = [
        Point(x=percent((n + 0.5) / len(values)), y=percent(1 - value / scale[-1])) for n, value in known
    ]
    places = (
        Place(x=percent(n / len(values)), width=percent(1 / len(values)), title=title)
        for n, title in enumerate(titles)
    )
    return Line(
        y_labels=_y_labels(scale, written),
        x_labels=_x_labels(labels),
        points=tuple(points),
        links=tuple(
            Link(start=points[n], end=points[n + 1], is_over_gap=known[n + 1][0] > known[n][0] + 1)
            for n in range(len(points) - 1)
        ),
        places=tuple(places),
        is_dense=len(values) > FEW_POINTS,
    )


def rows(values: Sequence[tuple[str, Decimal | None]], *, written: Written, unknown: str) -> Rows:
    """A bar for each named value; `unknown` is written where there is none. They are rates, as for `line`."""
    highest = max((value for _, value in values if value is not None), default=Decimal(1))
    scale = round_numbers(max(highest, Decimal(1)))
    return Rows(
        rows=tuple(
            Row(name=name, text=unknown, width=None)
            if value is None
            else Row(name=name, text=written(value), width=percent(value / scale[-1]))
            for name, value in values
        ),
    )


def _parts(column: Mapping[str, int], top: Decimal) -> Iterator[Part]:
    below = 0
    for kind, value in column.items():
        below += value
        if value:
            yield Part(kind=kind, y=percent(1 - below / top), height=percent(value / top))


def _y_labels(scale: Sequence[Decimal], written: Written) -> tuple[Label, ...]:
    return tuple(Label(at=percent(1 - value / scale[-1]), text=written(value)) for value in scale)


def _x_labels(labels: Sequence[str]) -> tuple[Label, ...]:
    count = len(labels)
    return tuple(
        Label(
            at=percent((n + 0.5) / count),
            text=labels[n],
            is_main=place % 2 == 0,
            is_last=(n + 0.5) / count > NEAR_THE_END,
        )
        for place, n in enumerate(labelled(count))
    )
