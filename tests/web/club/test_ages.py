"""Ages and birthdays."""

from datetime import date

import pytest

from attendance.adapters.web.club.clients.ages import Age, age_on, days_to_birthday
from attendance.adapters.web.club.clients.paths import dialled

MARCH_2 = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("birthday", "age"),
    [
        (date(2018, 3, 2), Age(8, 0)),
        (date(2018, 3, 3), Age(7, 11)),
        (date(2026, 3, 2), Age(0, 0)),
        (date(2025, 4, 2), Age(0, 11)),
        (date(2024, 2, 29), Age(2, 0)),
        (date(2026, 3, 3), Age(0, 0)),
        (date.min, Age(2025, 2)),
        (None, None),
    ],
)
def test_somebody_is_as_old_as_they_were_on_the_last_birthday(birthday: date | None, age: Age | None) -> None:
    assert age_on(MARCH_2, birthday) == age


def test_whoever_was_born_on_29_february_is_a_year_older_on_1_march() -> None:
    assert age_on(date(2025, 2, 28), date(2024, 2, 29)) == Age(0, 11)
    assert age_on(date(2025, 3, 1), date(2024, 2, 29)) == Age(1, 0)
    assert days_to_birthday(date(2025, 2, 28), date(2024, 2, 29)) == 1
    assert days_to_birthday(date(2028, 2, 28), date(2024, 2, 29)) == 1
    assert days_to_birthday(date(2028, 3, 1), date(2024, 2, 29)) is None


def test_a_birthday_is_told_of_when_it_is_near_over_the_new_year_too() -> None:
    assert days_to_birthday(MARCH_2, date(2018, 3, 2)) == 0
    assert days_to_birthday(MARCH_2, date(2018, 3, 16)) == 14
    assert days_to_birthday(MARCH_2, date(2018, 3, 17)) is None
    assert days_to_birthday(MARCH_2, date(2018, 3, 1)) is None
    assert days_to_birthday(date(2026, 12, 30), date(2018, 1, 2)) == 3
    assert days_to_birthday(date.max, date(2018, 1, 2)) is None
    assert days_to_birthday(MARCH_2, None) is None


@pytest.mark.parametrize(
    ("phone", "number"),
    [
        ("+49 (30) 12-34", "+49301234"),
        ("030/12 34", "0301234"),
        (" +1", "+1"),
        ("Extension", ""),
        ("+", ""),
        ("12+3", "123"),
        ("", ""),
        ("٣٤", ""),
    ],
)
def test_a_phone_dials_digits(phone: str, number: str) -> None:
    assert dialled(phone) == number
