"""Statistics: of everything, of each group, employee or location, and of one of them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from attendance.adapters.web.reporting.charts import Bars, Line, line, rows, stacked_bars
from attendance.adapters.web.reporting.ranges import Parts, named_ranges, shown_trend, usual_trend
from attendance.adapters.web.reporting.statistics_files import FORMATS, compared, over_time
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Shown, Visit
from attendance.adapters.web.server.formats import formats
from attendance.adapters.web.server.ids import id_in_path
from attendance.adapters.web.server.languages import N_, words
from attendance.adapters.web.server.refusals import faults_of
from attendance.adapters.web.server.rendering.files import FORMAT
from attendance.application.ports import Kind
from attendance.application.reporting.figures import Overview, StatisticsOfOne, StatisticsRow
from attendance.domain.errors import Invalid
from attendance.domain.permissions.table import Permission
from attendance.domain.reporting.statistics import USUAL_DAYS, Bucket, Figures, Trend

room = PageRoom()

STATISTICS = "/app/statistics"
MARKS = {
    "present": N_("Came on time"),
    "late": N_("Came late"),
    "excused": N_("Were excused"),
    "absent": N_("Were absent"),
    "unmarked": N_("Not marked"),
}
"""What a mark says, from the bottom of a bar to its top."""
RATE_NAMES = {
    "attendance_rate": N_("Attendance"),
    "punctuality_rate": N_("Punctuality"),
    "marking_coverage": N_("Coverage"),
    "fill_rate": N_("Fill"),
}
RATE_HINTS = {
    "attendance_rate": N_("How many came of those who were expected. Whoever was excused does not count."),
    "punctuality_rate": N_("How many were on time of those who came."),
    "marking_coverage": N_("How many were marked of those on the lists."),
    "fill_rate": N_("How many places were taken in lessons that were held."),
}
TREND_NAMES = {Trend.DAY: N_("Day"), Trend.WEEK: N_("Week"), Trend.MONTH: N_("Month")}
UNKNOWN = "–"
"""Written where a rate has nothing to divide by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What figures are asked of; None: what is usual."""

    since: date | None
    until: date | None
    by: Trend | None

    @property
    def query(self) -> dict[str, str]:
        """The same in an address."""
        asked = {"from": self.since, "to": self.until, "by": self.by}
        return {name: str(value) for name, value in asked.items() if value is not None}

    @property
    def trend(self) -> Trend:
        """How finely it is shown; of a range without a first or a last day it may be told only later."""
        days = USUAL_DAYS
        if self.since is not None and self.until is not None:
            days = (self.until - self.since).days + 1
        return shown_trend(self.by or usual_trend(days), days)


@dataclass(frozen=True, slots=True, kw_only=True)
class RateChart:
    """A line of one of the rates, and what is said of it; where nothing is known there is no `line`."""

    name: str
    title: str
    hint: str
    rate: Decimal | None
    line: Line | None = None
    lowest: Decimal | None = None
    lowest_in: str = ""
    highest: Decimal | None = None
    highest_in: str = ""


def asks_again(shown: Shown) -> Shown:
    """The page, or where what was asked cannot be answered, the form with it and with what is wrong."""

    @wraps(shown)
    def answered(visit: Visit, **path: str) -> Answer:
        try:
            return shown(visit, **path)
        except Invalid as error:
            asked = {"asked": visit.query.as_shown(), "wrong": faults_of(error, visit.language)}
            return Page("reporting/statistics_asked.html", {**_around(visit, {}), **asked}, refusal=error)

    return answered


@room.page("GET", STATISTICS)
@asks_again
def statistics(visit: Visit) -> Answer:
    """Figures of everything that somebody may see figures of, in all and over time."""
    asked = _asked(visit)

    def shown(trend: Trend) -> Overview:
        return visit.use_cases.show_statistics(
            visit.signed_in, since=asked.since, until=asked.until, trend=trend
        )

    return _over_time(visit, asked, shown)


def _of_one(visit: Visit, kind: Kind, of_id: str) -> Answer:
    asked = _asked(visit)
    one_id = id_in_path(of_id, lambda found: found)

    def shown(trend: Trend) -> StatisticsOfOne:
        return visit.use_cases.show_statistics_of(
            visit.signed_in, kind=kind, of_id=one_id, since=asked.since, until=asked.until, trend=trend
        )

    return _over_time(visit, asked, shown)


@room.page("GET", f"{STATISTICS}/groups/{{of_id:str}}")
@asks_again
def group_statistics(visit: Visit, of_id: str) -> Answer:
    """Figures of one group."""
    return _of_one(visit, Kind.GROUP, of_id)


@room.page("GET", f"{STATISTICS}/employees/{{of_id:str}}")
@asks_again
def employee_statistics(visit: Visit, of_id: str) -> Answer:
    """Figures of the lessons that somebody teaches."""
    return _of_one(visit, Kind.EMPLOYEE, of_id)


@room.page("GET", f"{STATISTICS}/locations/{{of_id:str}}")
@asks_again
def location_statistics(visit: Visit, of_id: str) -> Answer:
    """Figures of the lessons at one location."""
    return _of_one(visit, Kind.LOCATION, of_id)


@room.page("GET", f"{STATISTICS}/groups")
@asks_again
def statistics_by_group(visit: Visit) -> Answer:
    """Figures of each group beside each other."""
    return _compared(visit, Kind.GROUP)


@room.page("GET", f"{STATISTICS}/employees")
@asks_again
def statistics_by_employee(visit: Visit) -> Answer:
    """Figures of each employee beside each other."""
    return _compared(visit, Kind.EMPLOYEE)


@room.page("GET", f"{STATISTICS}/locations")
@asks_again
def statistics_by_location(visit: Visit) -> Answer:
    """Figures of each location beside each other."""
    return _compared(visit, Kind.LOCATION)


def _asked(visit: Visit) -> Asked:
    """What the query asks for. Raises Invalid."""
    filters = visit.filters
    asked = Asked(since=filters.day("from"), until=filters.day("to"), by=filters.choice("by", Trend))
    if asked.since and asked.until and asked.since > asked.until:
        filters.refuse("from", "must not be after the last day")
    filters.raise_if_errors()
    return asked


def _around(visit: Visit, query: Mapping[str, str]) -> dict[str, Any]:
    """What stands around figures: where else to go for the same days, the days with a name, downloads."""
    days = {name: value for name, value in query.items() if name != "sort"}
    tabs = [(STATISTICS, N_("All together")), (f"{STATISTICS}/groups", N_("Groups"))]
    if _sees_all(visit):
        tabs.append((f"{STATISTICS}/employees", N_("Employees")))
    elif visit.actor is not None:
        tabs.append((f"{STATISTICS}/employees/{visit.actor.id}", N_("My lessons")))
    if Permission.READ_LOCATION_STATISTICS in visit.permissions:
        tabs.append((f"{STATISTICS}/locations", N_("Locations")))
    return {
        "tabs": tabs,
        "days": urlencode(days),
        "trends": TREND_NAMES,
        "unknown": UNKNOWN,
        "is_of_own_groups": False,
    }


def _form(visit: Visit) -> str | None:
    """As what file the figures are asked for, None as a page. Raises Invalid."""
    filters, form = visit.filters, visit.query[FORMAT]
    if form and form not in FORMATS:
        filters.refuse(FORMAT, "must be one of the choices")
    filters.raise_if_errors()
    return form or None


def _over_time(visit: Visit, asked: Asked, shown: Callable[[Trend], Overview | StatisticsOfOne]) -> Answer:
    """A page of figures in all, with charts and a table of how they were over time."""
    trend, form = asked.trend, _form(visit)
    of = shown(trend)
    days = (of.until - of.since).days + 1
    fitting = shown_trend(asked.by or usual_trend(days), days)
    if form is not None:
        # a file has room for all
        fitting = asked.by or trend
    if fitting is not trend:
        # a range without a first or a last day has turned out to be a long one
        trend, of = fitting, shown(fitting)
    if form is not None:
        return over_time(form, visit.language, of.trend or ())
    parts = Parts.of(of.trend or (), trend, visit.language)
    query = {"from": str(of.since), "to": str(of.until)}
    wanted = asked.by or trend
    figures = of.figures if isinstance(of, Overview) else of.row.figures
    values = {
        **_around(visit, query if asked.by is None else query | {"by": wanted}),
        "name": None if isinstance(of, Overview) else of.row.name,
        "asked": {**query, "by": wanted},
        "kept": {} if asked.by is None else {"by": asked.by},
        "since": of.since,
        "until": of.until,
        "ranges": [*named_ranges(of.today)],
        "figures": figures,
        "rates": RATE_NAMES,
        "marks": MARKS,
        "bars": _marks_chart(visit, parts),
        "charts_of_rates": [_rate_chart(visit, rate, figures, parts) for rate in RATE_NAMES],
        "buckets": [
            (name, bucket.figures)
            for name, bucket in zip(parts.full, parts.buckets, strict=True)
            if trend is not Trend.DAY or has_lessons(bucket)
        ],
        "trend_name": TREND_NAMES[trend],
        "is_by_day": trend is Trend.DAY,
        "is_coarser": trend is not wanted,
        "download": urlencode(query | {"by": wanted}),
    }
    if isinstance(of, Overview):
        values["is_of_own_groups"] = not _sees_all(visit)
    return Page("reporting/statistics.html", values)


def _sees_all(visit: Visit) -> bool:
    """Whether figures are of all groups, not only of those that somebody taught."""
    return Permission.LIST_EMPLOYEE_STATISTICS in visit.permissions


def has_lessons(of: Bucket | StatisticsRow) -> bool:
    """Whether there were any, cancelled ones among them."""
    lessons = of.figures.lessons
    return bool(lessons.planned or lessons.held or lessons.cancelled)


def _marks_chart(visit: Visit, parts: Parts) -> Bars | None:
    """How many marks of each kind there were; None where there are none."""
    columns = [{kind: getattr(bucket.figures.counts, kind) for kind in MARKS} for bucket in parts.buckets]
    if not any(any(column.values()) for column in columns):
        return None
    gettext, number = words(visit.language).gettext, formats(visit.language)["number"]

    def title(name: str, column: Mapping[str, int]) -> str:
        told = [f"{gettext(MARKS[kind])}: {number(value)}" for kind, value in column.items() if value]
        return "\n".join([name, *(told or [UNKNOWN])])

    return stacked_bars(
        columns,
        labels=parts.short,
        titles=[title(name, column) for name, column in zip(parts.full, columns, strict=True)],
        written=number,
    )


def _rate_chart(visit: Visit, rate: str, figures: Figures, parts: Parts) -> RateChart:
    """How a rate was over time, and when it was lowest and highest."""
    percent = formats(visit.language)["percent"]
    values: list[Decimal | None] = [getattr(bucket.figures, rate) for bucket in parts.buckets]
    about: dict[str, Any] = {
        "name": rate,
        "title": RATE_NAMES[rate],
        "hint": RATE_HINTS[rate],
        "rate": getattr(figures, rate),
    }
    known = [(value, name) for value, name in zip(values, parts.full, strict=True) if value is not None]
    if not known:
        return RateChart(**about)
    lowest, highest = (chosen(known, key=lambda each: each[0]) for chosen in (min, max))
    titles = [
        f"{name}: {UNKNOWN if value is None else percent(value)}"
        for value, name in zip(values, parts.full, strict=True)
    ]
    return RateChart(
        **about,
        line=line(values, labels=parts.short, titles=titles, written=percent),
        lowest=lowest[0],
        lowest_in=lowest[1],
        highest=highest[0],
        highest_in=highest[1],
    )


def _compared(visit: Visit, kind: Kind) -> Answer:
    """A page of a list: a rate of each as a chart, every figure of each as a table."""
    asked, filters = _asked(visit), visit.filters
    page, sort, form = filters.number("page"), filters.text("sort") or "name", _form(visit)
    filters.raise_if_errors()
    of = visit.use_cases.list_statistics(
        visit.signed_in,
        kind=kind,
        since=asked.since,
        until=asked.until,
        page=None if form is not None else 1 if page is None else page,
        sort=sort,
    )
    if form is not None:
        return compared(form, visit.language, of.rows)
    found = [*of.rows]
    charted = [row for row in found if has_lessons(row)]
    sorted_by = sort.removeprefix("-")
    rate = sorted_by if sorted_by in RATE_NAMES else "attendance_rate"
    query = {"from": str(of.since), "to": str(of.until)}
    kept = query if asked.by is None else query | {"by": asked.by.value}
    percent = formats(visit.language)["percent"]
    values = {
        **_around(visit, kept),
        "kind": kind.value,
        "is_of_own_groups": not _sees_all(visit),
        "asked": query,
        "since": of.since,
        "until": of.until,
        "ranges": [*named_ranges(of.today)],
        "rows": found,
        "total": of.rows.total,
        "number": of.rows.page,
        "pages": of.rows.pages,
        "query": {**kept, "sort": sort},
        "columns": [*_columns(sort)],
        "kept": {"sort": sort} if asked.by is None else {"sort": sort, "by": asked.by},
        "without_lessons": len(found) - len(charted),
        "chart": rows(
            [(row.name, getattr(row.figures, rate)) for row in charted], written=percent, unknown=UNKNOWN
        ),
        "chart_title": RATE_NAMES[rate],
        "chart_hint": RATE_HINTS[rate],
        "download": urlencode({**query, "sort": sort}),
    }
    return Page("reporting/statistics_compared.html", values)


COLUMNS = {"name": N_("Name"), **RATE_NAMES, "average_attendance": N_("Came per lesson")}


def _columns(sort: str) -> Iterator[dict[str, str]]:
    """The columns that a list can be sorted by: what a click on each sorts by, and how it is sorted now."""
    for name, text in COLUMNS.items():
        directions = {name: "ascending", f"-{name}": "descending"}
        # the highest rate is looked for more often than the lowest
        usual, other = (name, f"-{name}") if name == "name" else (f"-{name}", name)
        yield {
            "name": name,
            "text": text,
            "sort": other if sort == usual else usual,
            "sorted": directions.get(sort, ""),
        }
