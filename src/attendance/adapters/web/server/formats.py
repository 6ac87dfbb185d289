"""Dates, times, numbers and money as people of a language write them, by the CLDR."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, time, tzinfo
from decimal import Decimal
from functools import cache, lru_cache, wraps
from typing import Any, Literal

from babel import Locale
from babel.dates import format_date, format_interval, format_skeleton, get_timezone_name
from babel.numbers import format_currency, format_decimal, format_percent, get_decimal_symbol

from attendance.domain.accounts.accounts import Language

often = lru_cache(maxsize=4096)
"""Kept: what tables write again and again. Not for moments, of which some are alike and written otherwise."""
LOCALES = {Language.EN: "en_GB", Language.DE: "de", Language.RU: "ru"}
"""Whose dates and numbers are shown in a language."""


def often_of_days(written: Callable[..., str]) -> Callable[..., str]:
    """The same, kept by days: of a moment its day as it stands there is written."""
    kept = often(written)

    @wraps(written)
    def of_days(*days: date) -> str:
        return kept(*(each.date() if isinstance(each, datetime) else each for each in days))

    return of_days


@often
def initials(name: str) -> str:
    """The first letters, as capitals, of the first and the last word that have any; sheet.js has the same."""
    letters = [next(filter(str.isalpha, word), "") for word in name.replace(",", " ").split()]
    found = [letter for letter in letters if letter]
    return "".join(found[:1] + found[1:][-1:]).upper()


@cache
def decimal_sign(language: Language) -> str:
    """What stands before the decimals of a number: a comma in German and Russian."""
    return get_decimal_symbol(LOCALES[language])


@cache
def formats(language: Language) -> Mapping[str, Callable[..., Any]]:
    """The filters of templates that write something in a language, by name."""
    locale = Locale.parse(LOCALES[language])

    def without_year_sign(written: str) -> str:
        """Without the sign of the year in Russian: its full stop would stand before that of a sentence."""
        return written.removesuffix("г.").rstrip() if language is Language.RU else written

    @often_of_days
    def day(on: date) -> str:
        """27 Nov 2026"""
        return without_year_sign(format_date(on, "medium", locale))

    @often_of_days
    def long_day(on: date) -> str:
        """Friday, 27 November 2026"""
        return without_year_sign(format_date(on, "full", locale))

    @often_of_days
    def days(since: date, until: date) -> str:
        """23–27 Nov 2026"""
        return without_year_sign(format_interval(since, until, "yMMMd", locale=locale))

    @often_of_days
    def short_day(on: date) -> str:
        """27 Nov"""
        return format_skeleton("MMMd", on, locale=locale)

    @often_of_days
    def weekday(on: date) -> str:
        """Fri"""
        return format_date(on, "ccc", locale)

    @often_of_days
    def month(on: date) -> str:
        """November 2026"""
        return format_skeleton("yMMMM", on, locale=locale)

    @often_of_days
    def short_month(on: date) -> str:
        """Nov 2026"""
        return format_skeleton("yMMM", on, locale=locale)

    def clock(at: time | datetime) -> str:
        """17:00, in each of our languages."""
        return f"{at.hour:02}:{at.minute:02}"

    def moment(at: datetime, zone: tzinfo) -> str:
        """27 Nov 2026, 17:00 CET: a date and a time of day, in a zone, which is named where it has a name."""
        local = at.astimezone(zone)
        name = zone_name(local)
        return f"{day(local.date())}, {clock(local)}" + (f"\N{NO-BREAK SPACE}{name}" if name else "")

    def zone_name(local: datetime) -> str | None:
        """CET, in German MEZ, in Russian nothing: what people of the language call the zone at a moment."""
        if language is Language.EN:
            return local.tzname()
        return zone_called(local.tzinfo, bool(local.dst()))

    @often
    def zone_called(zone: tzinfo | None, is_daylight: bool) -> str | None:
        variant: Literal["daylight", "standard"] = "daylight" if is_daylight else "standard"
        name = get_timezone_name(zone, width="short", locale=locale, zone_variant=variant)
        return name if name.isalpha() else None

    @often
    def number(value: float | Decimal) -> str:
        """1,234.5"""
        return format_decimal(value, locale=locale)

    @often
    def short_number(value: float | Decimal) -> str:
        """1,234.5: with one decimal at most."""
        return format_decimal(value, "#,##0.#", locale=locale)

    @often
    def percent(ratio: float | Decimal) -> str:
        """87%"""
        return format_percent(ratio, locale=locale)

    @often
    def money(amount: Decimal, currency: str) -> str:
        """€80.00"""
        return format_currency(amount, currency, locale=locale)

    written = (
        day,
        days,
        long_day,
        short_day,
        weekday,
        month,
        short_month,
        clock,
        moment,
        number,
        short_number,
        percent,
        money,
        initials,
    )
    return {each.__name__: each for each in written}
