"""How old somebody is, when their birthday is, and where it tells people apart."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from attendance.domain.text import search_key

SOON = 14
"""How many days before it a birthday is told of."""


@dataclass(frozen=True, slots=True)
class Age:
    """So many years; `months` beyond them."""

    years: int
    months: int


def age_on(today: date, birthday: date | None) -> Age | None:
    """How old somebody is; None where the birthday is not known."""
    if birthday is None:
        return None
    months = (today.year - birthday.year) * 12 + today.month - birthday.month
    return Age(*divmod(max(0, months - (today.day < birthday.day)), 12))


def birthday_in(year: int, birthday: date) -> date:
    """The day on which a birthday is kept in a year: 1 March for who was born on 29 February."""
    try:
        return birthday.replace(year=year)
    except ValueError:
        return date(year, 3, 1)


def days_to_birthday(today: date, birthday: date | None) -> int | None:
    """How many days it is to the next birthday; None where that is not soon, or not known."""
    if birthday is None:
        return None
    this_year = birthday_in(today.year, birthday)
    upcoming = this_year if this_year >= today else birthday_in(min(today.year + 1, 9999), birthday)
    days = (upcoming - today).days
    return days if 0 <= days <= SOON else None


def namesakes(names: Iterable[str]) -> frozenset[str]:
    """Those of a list's names that look like another of them, whatever their case and accents."""
    listed = [*names]
    alike = Counter(map(search_key, listed))
    return frozenset(name for name in listed if alike[search_key(name)] > 1)
