"""Calendars as iCalendar (RFC 5545), in the local time of each lesson."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Calendar as ICalendar, Event, Timezone, TimezoneDaylight, TimezoneStandard

from attendance.domain.dates import ONE_DAY
from attendance.domain.reporting.calendars import Calendar, CalendarEntry

PRODUCT = "-//attendance//calendar//EN"
ONE_SECOND = timedelta(seconds=1)


def render(calendar: Calendar) -> bytes:
    """Return the calendar as an iCalendar file; the same lessons always give the same bytes."""
    document = ICalendar()
    document.add("PRODID", PRODUCT)
    document.add("VERSION", "2.0")
    document.add("NAME", calendar.name)
    document.add("X-WR-CALNAME", calendar.name)
    for entry in calendar.entries:
        document.add_component(_event(entry))
    instants = [at for entry in calendar.entries for at in (entry.starts_at, entry.ends_at)]
    for name in sorted(document.get_missing_tzids()):
        # whole years, so that the cache below is hit
        document.subcomponents.insert(0, _timezone(name, min(instants).year, max(instants).year))
    content: bytes = document.to_ical()
    return content


def _event(entry: CalendarEntry) -> Event:
    zone = ZoneInfo(entry.timezone)
    event = Event()
    event.add("UID", str(entry.lesson_id))
    event.add("SEQUENCE", entry.sequence)
    event.add("DTSTAMP", entry.changed_at)
    event.add("CREATED", entry.created_at)
    event.add("LAST-MODIFIED", entry.changed_at)
    event.add("DTSTART", _local(entry.starts_at, zone))
    event.add("DTEND", _local(entry.ends_at, zone))
    event.add("SUMMARY", f"{entry.group_name}: {entry.topic}" if entry.topic else entry.group_name)
    event.add("LOCATION", f"{entry.location_name}, {entry.address}")
    event.add("STATUS", "CANCELLED" if entry.cancelled else "CONFIRMED")
    if entry.reason:
        event.add("DESCRIPTION", entry.reason)
    return event


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant in the zone, or in UTC in the repeated hour after a DST change: RFC 5545 reads a
    repeated local time as the first of the two."""
    local = instant.astimezone(zone)
    return instant if local.fold else local


@lru_cache(maxsize=256)
def _timezone(name: str, first_year: int, last_year: int) -> Timezone:
    """Return the VTIMEZONE of a zone for these years, both included, and a day more at either end.

    Not the library's own: that begins summer time an hour late and leaves out short-lived offsets.
    """
    zone = ZoneInfo(name)
    start, end = datetime(first_year, 1, 1, tzinfo=UTC) - ONE_DAY, datetime(last_year + 1, 1, 2, tzinfo=UTC)
    component = Timezone()
    component.add("TZID", name)
    before = start.astimezone(zone)
    for at in (start, *_changes(zone, start, end)):
        local = at.astimezone(zone)
        observed = TimezoneDaylight() if local.dst() else TimezoneStandard()
        offset_before = before.utcoffset() or timedelta()
        # RFC 5545: the onset in the local time that was in force before it
        observed.add("DTSTART", at.replace(tzinfo=None) + offset_before)
        observed.add("TZOFFSETFROM", offset_before)
        observed.add("TZOFFSETTO", local.utcoffset() or timedelta())
        observed.add("TZNAME", local.tzname() or name)
        component.add_component(observed)
        before = local
    return component


def _changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the instants, exact to the second, at which the offset or abbreviation of a zone changes."""
    while start < end:
        left, right = start, start + ONE_DAY
        if _observed(zone, left) != _observed(zone, right):
            while right - left > ONE_SECOND:
                middle = left + (right - left) // 2 // ONE_SECOND * ONE_SECOND
                if _observed(zone, middle) == _observed(zone, start):
                    left = middle
                else:
                    right = middle
            yield right
        start += ONE_DAY


def _observed(zone: ZoneInfo, at: datetime) -> tuple[timedelta | None, timedelta | None, str | None]:
    local = at.astimezone(zone)
    return local.utcoffset(), local.dst(), local.tzname()
