"""Local dates, and periods of them; times of a day."""

from datetime import date, datetime, time, timedelta

from attendance.domain.errors import FieldError, error_if

ONE_DAY = timedelta(days=1)
LONGEST_RANGE = 366


class Period:
    """What lasts from the day `since` to the day `until`, both included; None: open at that end."""

    __slots__ = ()

    since: date | None
    until: date | None

    def covers(self, day: date) -> bool:
        """Whether it includes this day."""
        return is_within(day, self.since, self.until)

    def overlaps(self, since: date, until: date) -> bool:
        """Whether it includes any day from `since` to `until`, both included."""
        return (self.since or until) <= until and (self.until or since) >= since


def week_of(day: date) -> tuple[date, date]:
    """The first and the last day of the ISO week of a day; the last week of the calendar ends with it."""
    first = day - day.weekday() * ONE_DAY
    return first, first + min(6 * ONE_DAY, date.max - first)


def ends_wrongly(starts: time, ends: time) -> bool:
    """Whether an end is not after the start. Midnight as an end is the next one."""
    return ends <= starts and ends != time.min


def length_of(starts: time, ends: time) -> timedelta:
    """How long it is from a start to an end; midnight as an end is the next one."""
    length = datetime.combine(date.min, ends) - datetime.combine(date.min, starts)
    return length if length > timedelta() else length + ONE_DAY


def is_within(day: date, since: date | None, until: date | None) -> bool:
    """Whether `day` is from `since` to `until`, both included; None: open at that end."""
    return (since or day) <= day <= (until or day)


def length_error(field: str, first: date, last: date) -> FieldError | None:
    """The error of the field with the last day where a range has more than 366 days, both included."""
    is_too_long = last - first >= timedelta(days=LONGEST_RANGE)
    return error_if(is_too_long, field, f"must be at most {LONGEST_RANGE} days from from")
