"""Local dates, and periods of them."""

from datetime import date, timedelta

ONE_DAY = timedelta(days=1)


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


def is_within(day: date, since: date | None, until: date | None) -> bool:
    """Whether `day` is from `since` to `until`, both included; None: open at that end."""
    return (since or day) <= day <= (until or day)
