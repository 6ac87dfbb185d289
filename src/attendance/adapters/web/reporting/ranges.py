"""Ranges of days that figures are asked of: those with a name, and how finely each is told."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from attendance.adapters.web.server.formats import formats
from attendance.adapters.web.server.languages import N_
from attendance.domain.accounts.accounts import Language
from attendance.domain.dates import ONE_DAY
from attendance.domain.reporting.statistics import USUAL_DAYS, Bucket, Trend

SCHOOL_YEAR_BEGINS = 9
"""In September."""
MOST_PARTS = 120
"""So many days, weeks or months are shown on a page; downloads have more."""
LONGEST_BY_DAY = 31
LONGEST_BY_WEEK = 371
COARSER = {Trend.DAY: Trend.WEEK, Trend.WEEK: Trend.MONTH}
SHORTEST_DAYS = {Trend.DAY: 1, Trend.WEEK: 7, Trend.MONTH: 28}


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedRange:
    """Days from `since` to `until`, both included, and what they are called."""

    text: str
    since: date
    until: date

    @property
    def query(self) -> dict[str, str]:
        return {"from": str(self.since), "to": str(self.until)}


def named_ranges(today: date) -> Iterator[NamedRange]:
    """Those that people ask for most; what is not over ends today."""
    monday, month = today - timedelta(days=today.weekday()), today.replace(day=1)
    autumn = date(today.year - (today.month < SCHOOL_YEAR_BEGINS), SCHOOL_YEAR_BEGINS, 1)
    before = autumn.replace(year=autumn.year - 1)
    for text, since, until in (
        (N_("Last 30 days"), today - timedelta(days=USUAL_DAYS - 1), today),
        (N_("This week"), monday, today),
        (N_("Last week"), monday - timedelta(days=7), monday - ONE_DAY),
        (N_("This month"), month, today),
        (N_("Last month"), (month - ONE_DAY).replace(day=1), month - ONE_DAY),
        (N_("This school year"), autumn, today),
        (N_("Last school year"), before, autumn - ONE_DAY),
    ):
        yield NamedRange(text=text, since=since, until=until)


def usual_trend(days: int) -> Trend:
    """How finely a range of so many days is told unless somebody chooses."""
    if days <= LONGEST_BY_DAY:
        return Trend.DAY
    return Trend.WEEK if days <= LONGEST_BY_WEEK else Trend.MONTH


def shown_trend(wanted: Trend, days: int) -> Trend:
    """The trend that was asked for, or a coarser one where it would have too many parts for a page."""
    while wanted in COARSER and days / SHORTEST_DAYS[wanted] > MOST_PARTS:
        wanted = COARSER[wanted]
    return wanted


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of a range in their order, and what each is called: `short` below an axis, `full` elsewhere.

    A week is called by its first day below an axis, and by its first and its last day elsewhere.
    """

    buckets: tuple[Bucket, ...]
    short: tuple[str, ...]
    full: tuple[str, ...]

    @classmethod
    def of(cls, buckets: tuple[Bucket, ...], trend: Trend, language: Language) -> "Parts":
        written = formats(language)
        short = written["short_month" if trend is Trend.MONTH else "short_day"]

        def full(bucket: Bucket) -> str:
            match trend:
                case Trend.DAY:
                    return f"{written['weekday'](bucket.since)} {written['day'](bucket.since)}"
                case Trend.WEEK:
                    return str(written["days"](bucket.since, bucket.until))
                case Trend.MONTH:
                    return str(written["month"](bucket.since))

        return cls(
            buckets=buckets,
            short=tuple(short(bucket.since) for bucket in buckets),
            full=tuple(full(bucket) for bucket in buckets),
        )
