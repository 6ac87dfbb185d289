"""Figures as files, their columns named as the pages name them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from attendance.adapters.http.server.wire import Reply
from attendance.adapters.web.server.languages import N_
from attendance.adapters.web.server.rendering.files import IS_CSV, Value, csv_reply, xlsx_reply
from attendance.application.reporting.figures import StatisticsRow
from attendance.domain.accounts.accounts import Language
from attendance.domain.reporting.statistics import Bucket, Figures

IS_XLSX = "xlsx"
FORMATS = (IS_CSV, IS_XLSX)
FIGURES: Mapping[str, Callable[[Figures], Value]] = {
    N_("Attendance"): lambda of: of.attendance_rate,
    N_("Punctuality"): lambda of: of.punctuality_rate,
    N_("Coverage"): lambda of: of.marking_coverage,
    N_("Fill"): lambda of: of.fill_rate,
    N_("Came per lesson"): lambda of: of.average_attendance,
    N_("Came on time"): lambda of: of.counts.present,
    N_("Came late"): lambda of: of.counts.late,
    N_("Were excused"): lambda of: of.counts.excused,
    N_("Were absent"): lambda of: of.counts.absent,
    N_("Not marked"): lambda of: of.counts.unmarked,
    N_("Lessons held"): lambda of: of.lessons.held,
    N_("Lessons cancelled"): lambda of: of.lessons.cancelled,
    N_("Lessons not taken"): lambda of: of.lessons.untaken,
    N_("Hours taught"): lambda of: of.taught_hours,
}


def over_time(form: str, language: Language, buckets: Iterable[Bucket]) -> Reply:
    """A row for each part of the range."""
    rows = ((bucket.since, bucket.until, *_figures(bucket.figures)) for bucket in buckets)
    return _reply(form, language, (N_("From"), N_("To"), *FIGURES), rows)


def compared(form: str, language: Language, of: Iterable[StatisticsRow]) -> Reply:
    """A row for each of a list."""
    rows = ((row.name, *_figures(row.figures)) for row in of)
    return _reply(form, language, (N_("Name"), *FIGURES), rows)


def _figures(of: Figures) -> Iterable[Value]:
    return (told(of) for told in FIGURES.values())


def _reply(form: str, language: Language, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Reply:
    reply = csv_reply if form == IS_CSV else xlsx_reply
    return reply("statistics", language, header, rows)
