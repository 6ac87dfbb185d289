"""Calendars as iCalendar: read back by the library, and by what RFC 5545 says about time zones."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from icalendar import Calendar as ICalendar, Event

from attendance.adapters.calendars import render
from attendance.domain.club.lessons import instants
from attendance.domain.reporting.calendars import Calendar, CalendarEntry
from tests import make
from tests.examples import FULL, examples

ZONES = [
    "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Casablanca",
    "America/Santiago", "Europe/Dublin", "Antarctica/Troll", "Pacific/Chatham", "Etc/GMT+5", "Africa/Lagos",
]  # fmt: skip


LATER = make.NOON + timedelta(hours=1)


def entry(
    day: date = date(2026, 3, 2),
    starts: time = time(17),
    ends: time = time(18),
    timezone: str = "Europe/Berlin",
    **changes: Any,
) -> CalendarEntry:
    starts_at, ends_at = instants(day, starts, ends, ZoneInfo(timezone))
    usual = {
        "lesson_id": make.new_id(),
        "group_name": "Monday",
        "topic": "",
        "location_name": "Main",
        "address": "1 Main Street",
        "timezone": timezone,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "cancelled": False,
        "reason": "",
        "created_at": make.NOON,
        "updated_at": make.NOON,
        "version": 1,
        "group_updated_at": make.NOON,
        "group_version": 1,
        "locations_edited_at": None,
        "location_edits": 0,
    }
    return CalendarEntry(**usual | changes)


def text_of(*entries: CalendarEntry, name: str = "Monday") -> str:
    return render(Calendar(name=name, entries=entries)).decode()


def read(*entries: CalendarEntry) -> ICalendar:
    return ICalendar.from_ical(text_of(*entries))


def only(entry: CalendarEntry) -> Event:
    [event] = read(entry).events
    return event


def lines(text: str) -> list[str]:
    return text.replace("\r\n ", "").split("\r\n")


def test_a_lesson_is_an_event_in_the_time_of_its_place() -> None:
    shown = entry(topic="clay", version=3, updated_at=make.NOON + timedelta(hours=1))
    text = lines(text_of(shown))
    assert text[:5] == [
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//attendance//calendar//EN", "NAME:Monday",
        "X-WR-CALNAME:Monday",
    ]  # fmt: skip
    assert text[text.index("BEGIN:VEVENT") :] == [
        "BEGIN:VEVENT",
        "SUMMARY:Monday: clay",
        "DTSTART;TZID=Europe/Berlin:20260302T170000",
        "DTEND;TZID=Europe/Berlin:20260302T180000",
        "DTSTAMP:20260302T130000Z",
        f"UID:{shown.lesson_id}",
        "SEQUENCE:3",
        "CREATED:20260302T120000Z",
        "LAST-MODIFIED:20260302T130000Z",
        r"LOCATION:Main\, 1 Main Street",
        "STATUS:CONFIRMED",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    assert text_of(shown) == text_of(shown)


@pytest.mark.parametrize(
    "changes",
    [
        {"version": 2, "updated_at": LATER},
        {"group_version": 2, "group_updated_at": LATER},
        {"location_edits": 1, "locations_edited_at": LATER},
    ],
)
def test_a_change_of_lesson_group_or_location_raises_number_and_stamps(changes: dict[str, Any]) -> None:
    shown = only(entry(**changes))
    assert shown["SEQUENCE"] == 2
    assert shown["DTSTAMP"].dt == shown["LAST-MODIFIED"].dt == LATER
    assert shown["CREATED"].dt == make.NOON


def test_without_a_topic_the_group_is_enough() -> None:
    assert only(entry())["SUMMARY"] == "Monday"


def test_a_cancelled_lesson_says_so_and_why() -> None:
    event = only(entry(cancelled=True, reason="snow, a lot; really"))
    assert (event["STATUS"], event["DESCRIPTION"]) == ("CANCELLED", "snow, a lot; really")
    assert "DESCRIPTION" not in only(entry())


@pytest.mark.parametrize(
    "text",
    ["a,b;c\\d", "\\n", 'END:VEVENT"', "Ännchen 𐐀" * 20, "a\u2028b\u2029c", "\u200b", "x" * 500, "BEGIN:x"],
)
def test_any_text_comes_back_as_it_was_and_breaks_nothing(text: str) -> None:
    sent = entry(group_name=text, topic=text, location_name=text, address=text, cancelled=True, reason=text)
    raw = text_of(sent, name=text)
    assert all(len(line.encode()) <= 75 for line in raw.split("\r\n"))
    calendar = ICalendar.from_ical(raw)
    [event] = calendar.events
    assert (event["SUMMARY"], event["LOCATION"]) == (f"{text}: {text}", f"{text}, {text}")
    assert event["DESCRIPTION"] == calendar["NAME"] == text
    assert event["STATUS"] == "CANCELLED"


def test_an_empty_calendar_is_one() -> None:
    calendar = read()
    assert (calendar.events, calendar.timezones) == ([], [])


# Time


@pytest.mark.parametrize(
    ("day", "starts", "ends", "written"),
    [
        # the day before the clocks go forward, the day itself, and the hour they skip
        (date(2026, 3, 28), time(18), time(19), ("20260328T180000", "20260328T190000")),
        (date(2026, 3, 29), time(18), time(19), ("20260329T180000", "20260329T190000")),
        (date(2026, 3, 29), time(1, 30), time(2, 30), ("20260329T013000", "20260329T033000")),
        (date(2026, 3, 29), time(2, 15), time(2, 45), ("20260329T031500", "20260329T034500")),
        # back: of an hour that comes twice the first is meant
        (date(2026, 10, 25), time(2, 15), time(2, 45), ("20261025T021500", "20261025T024500")),
        (date(2026, 10, 25), time(18), time(19), ("20261025T180000", "20261025T190000")),
    ],
)
def test_times_are_local_on_both_sides_of_a_change(
    day: date, starts: time, ends: time, written: tuple[str, str]
) -> None:
    shown = entry(day, starts, ends)
    text = lines(text_of(shown))
    assert f"DTSTART;TZID=Europe/Berlin:{written[0]}" in text
    assert f"DTEND;TZID=Europe/Berlin:{written[1]}" in text
    event = only(shown)
    assert event.start.astimezone(UTC) == shown.starts_at
    assert event.end.astimezone(UTC) == shown.ends_at


def test_an_end_in_the_hour_that_comes_again_is_in_utc() -> None:
    """Written locally it would be the first 02:30, which is when the lesson begins."""
    shown = entry(date(2026, 10, 25), time(2, 30), time(3, 30))
    assert (shown.starts_at.hour, shown.ends_at.hour) == (0, 1)
    text = lines(text_of(shown))
    assert "DTSTART;TZID=Europe/Berlin:20261025T023000" in text
    assert "DTEND:20261025T013000Z" in text


def test_each_zone_is_described_once_and_utc_not_at_all() -> None:
    calendar = read(entry(), entry(), entry(timezone="Asia/Kathmandu"), entry(timezone="UTC"))
    assert sorted(it.tz_name for it in calendar.timezones) == ["Asia/Kathmandu", "Europe/Berlin"]
    assert calendar.get_missing_tzids() == set()
    assert [it.name for it in calendar.subcomponents] == ["VTIMEZONE"] * 2 + ["VEVENT"] * 4


def instant_of(local: datetime, offsets: Sequence[tuple[datetime, timedelta]]) -> datetime:
    """As RFC 5545 (3.6.5) has it: the last observance whose onset is not after the local time.

    An onset is a local time by the offset before it.
    """
    past = [offset for onset, offset in offsets if local >= onset]
    return (local - past[-1]).replace(tzinfo=UTC)


STEP = timedelta(hours=1 if examples(FULL) == FULL else 7)
"""For each save every hour of the day on some days; in the whole suite every hour."""


@pytest.mark.parametrize("name", ZONES)
def test_a_zone_described_is_the_zone(name: str) -> None:
    """Every hour of the lessons' years, but those that the clocks skip or show twice."""
    first, last = date(2025, 12, 1), date(2027, 3, 1)
    [shown] = read(entry(first, timezone=name), entry(last, timezone=name)).timezones
    offsets = sorted((it.DTSTART, it.TZOFFSETTO) for it in shown.subcomponents)
    zone, at = ZoneInfo(name), datetime(2025, 1, 1)  # noqa: DTZ001 # local times
    while at < datetime(2028, 1, 1):  # noqa: DTZ001
        here = at.replace(tzinfo=zone)
        is_plain = here.astimezone(UTC) == here.replace(fold=1).astimezone(UTC)
        if is_plain:
            assert instant_of(at, offsets) == here.astimezone(UTC), at
        at += STEP


def test_onsets_are_those_of_the_clock_that_does_not_know_yet() -> None:
    [zone] = read(entry()).timezones
    onsets = {(it.DTSTART.isoformat(), it.name) for it in zone.subcomponents[1:]}
    assert onsets == {("2026-03-29T02:00:00", "DAYLIGHT"), ("2026-10-25T03:00:00", "STANDARD")}
