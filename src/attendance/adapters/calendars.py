"""Calendars as iCalendar (RFC 5545), in the local time of each lesson."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from icalendar import Calendar as ICalendar
from icalendar import Event, Timezone, TimezoneDaylight, TimezoneStandard

from attendance.domain.reporting.calendars import Calendar, CalendarEntry

PRODUCT = "-//attendance//calendar//EN"
ONE_DAY = timedelta(days=1)
ONE_SECOND = timedelta(seconds=1)


def rendered(calendar: Calendar) -> bytes:
    """The calendar as a file, the same for the same lessons."""
    shown = ICalendar()
    shown.add("PRODID", PRODUCT)
    shown.add("VERSION", "2.0")
    shown.add("NAME", calendar.name)
    shown.add("X-WR-CALNAME", calendar.name)
    for entry in calendar.entries:
        shown.add_component(_event(entry))
    instants = [at for entry in calendar.entries for at in (entry.starts_at, entry.ends_at)]
    for name in sorted(shown.get_missing_tzids()):
        # whole years, so that a zone is worked out but once a year
        shown.subcomponents.insert(0, _timezone(name, min(instants).year, max(instants).year))
    content: bytes = shown.to_ical()
    return content


def _event(entry: CalendarEntry) -> Event:
    zone = ZoneInfo(entry.timezone)
    event = Event()
    event.add("UID", str(entry.lesson_id))
    event.add("SEQUENCE", entry.version)
    event.add("DTSTAMP", entry.updated_at)
    event.add("CREATED", entry.created_at)
    event.add("LAST-MODIFIED", entry.updated_at)
    event.add("DTSTART", _local(entry.starts_at, zone))
    event.add("DTEND", _local(entry.ends_at, zone))
    event.add("SUMMARY", f"{entry.group_name}: {entry.topic}" if entry.topic else entry.group_name)
    event.add("LOCATION", f"{entry.location_name}, {entry.address}")
    event.add("STATUS", "CANCELLED" if entry.cancelled else "CONFIRMED")
    if entry.reason:
        event.add("DESCRIPTION", entry.reason)
    return event


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
    """In the zone; in UTC where the clocks show that time again: written down, it would mean the first."""
    local = instant.astimezone(zone)
    return instant if local.fold else local


@lru_cache(maxsize=256)
def _timezone(name: str, first_year: int, last_year: int) -> Timezone:
    """What the clocks of a zone do in these years, both included, and a day more at either end.

    Worked out here: the library's own begins summer an hour late, and passes over changes that do not last.
    """
    zone = ZoneInfo(name)
    start, end = datetime(first_year, 1, 1, tzinfo=UTC) - ONE_DAY, datetime(last_year + 1, 1, 2, tzinfo=UTC)
    shown = Timezone()
    shown.add("TZID", name)
    before = start.astimezone(zone)
    for at in (start, *_changes(zone, start, end)):
        local = at.astimezone(zone)
        observed = TimezoneDaylight() if local.dst() else TimezoneStandard()
        offset_before = before.utcoffset() or timedelta()
        # from when on, as clocks show it that do not know yet
        observed.add("DTSTART", at.replace(tzinfo=None) + offset_before)
        observed.add("TZOFFSETFROM", offset_before)
        observed.add("TZOFFSETTO", local.utcoffset() or timedelta())
        observed.add("TZNAME", local.tzname() or name)
        shown.add_component(observed)
        before = local
    return shown


def _changes(zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[datetime]:
    """When the clocks of a zone change, or what they are called, to the second."""
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
