"""A weekly schedule in words: Mondays and Thursdays 17:00-18:00, every 2 weeks."""

from collections.abc import Iterable, Mapping
from datetime import date, time

from babel import Locale
from babel.dates import get_day_names
from babel.lists import format_list

from attendance.adapters.web.server.formats import LOCALES, formats
from attendance.adapters.web.server.languages import N_, NN_, words
from attendance.domain.accounts.accounts import Language
from attendance.domain.club.groups import Slot

WEEKLY = (
    N_("Mondays"),
    N_("Tuesdays"),
    N_("Wednesdays"),
    N_("Thursdays"),
    N_("Fridays"),
    N_("Saturdays"),
    N_("Sundays"),
)
EVERY = NN_("every %(num)s week", "every %(num)s weeks")
SINCE = N_("counted from %(day)s")


def in_words(schedule: Iterable[Slot], language: Language) -> list[str]:
    """A line for each time of a schedule, with all days that have it."""
    days: dict[tuple[time, time, int, date | None], list[int]] = {}
    for slot in schedule:
        days.setdefault((slot.starts, slot.ends, slot.every, slot.since), []).append(slot.weekday)
    return [_line(weekdays, *rest, language) for rest, weekdays in days.items()]


def _line(
    weekdays: list[int], starts: time, ends: time, every: int, since: date | None, language: Language
) -> str:
    catalogue = words(language)
    named = [catalogue.gettext(WEEKLY[weekday - 1]) for weekday in weekdays]
    until = "24:00" if ends == time.min else f"{ends:%H:%M}"
    parts = [f"{format_list(named, locale=LOCALES[language])} {starts:%H:%M}\N{EN DASH}{until}"]
    if every > 1:
        parts.append(catalogue.ngettext(*EVERY, every) % {"num": every})
    if since and every > 1:
        parts.append(catalogue.gettext(SINCE) % {"day": formats(language)["day"](since)})
    line = ", ".join(parts)
    return line[:1].upper() + line[1:]


def weekday_names(language: Language) -> Mapping[int, str]:
    """The days of a week by their ISO numbers, as one chooses of them."""
    names = get_day_names("wide", "stand-alone", Locale.parse(LOCALES[language]))
    return {number + 1: names[number][:1].upper() + names[number][1:] for number in range(7)}
