"""What the fields of forms mean, and how dates, numbers and money are written."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from attendance.adapters.web.server.fields import FieldReader
from attendance.adapters.web.server.formats import formats
from attendance.adapters.web.server.forms import Typed
from attendance.adapters.web.server.refusals import field_text
from attendance.domain.accounts.accounts import Language
from attendance.domain.errors import Invalid
from attendance.domain.ids import PriceId

ONE, TWO = UUID(int=1), UUID(int=2)


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@pytest.mark.parametrize(
    ("read", "typed", "meant"),
    [
        ("day", " 2026-11-27 ", date(2026, 11, 27)),
        ("time", "17:05", time(17, 5)),
        ("time", "24:00", time(0)),
        ("number", "007", 7),
        ("amount", "80", Decimal(80)),
        ("amount", "80,50", Decimal("80.50")),
        ("amount", "80.5", Decimal("80.5")),
        ("amount", "1.216,00", Decimal("1216.00")),
        ("amount", "1,216.50", Decimal("1216.50")),
        ("amount", "1 216,50", Decimal("1216.50")),
        ("amount", "1 216", Decimal(1216)),
        ("amount", "1.216.000", Decimal(1_216_000)),
        ("amount", "1,216,000", Decimal(1_216_000)),
        ("amount", "0.500", Decimal("0.5")),
        ("amount", "1216,000", Decimal(1216)),
        ("amount", "1\N{NO-BREAK SPACE}234\N{NO-BREAK SPACE}216,5", Decimal("1234216.5")),
    ],
)
def test_a_field_means_what_was_typed(read: str, typed: str, meant: Any) -> None:
    fields = FieldReader(Typed(it=typed))
    assert getattr(fields, read)("it") == getattr(fields, f"required_{read}")("it") == meant
    fields.raise_if_errors()


def test_ids_choices_and_boxes() -> None:
    form = Typed({"id": str(ONE), "colour": "blue", "box": "yes", f"on:{TWO}": "yes", f"on:{ONE}": "yes"})
    fields = FieldReader(form)
    assert (fields.id("id", PriceId), fields.choice("colour", Colour)) == (ONE, Colour.BLUE)
    assert (fields.checked("box"), fields.checked("other")) == (True, False)
    assert fields.ids("on", PriceId) == (TWO, ONE)
    fields.raise_if_errors()


@pytest.mark.parametrize(
    ("read", "typed"),
    [
        ("day", "27.11.2026"),
        ("day", "2026-02-30"),
        ("day", "20261127"),
        ("day", "2026-W01-1"),
        ("time", "5pm"),
        ("time", "25:00"),
        ("time", "17:00:01"),
        ("time", "24:30"),
        ("number", "-1"),
        ("number", "1.5"),
        ("number", "٣"),
        ("number", "1" * 10),
        ("amount", "-1"),
        ("amount", "1e9"),
        ("amount", "1.21.600"),
        ("amount", "1.216,000.000"),
        ("amount", "1.00,00"),
        ("amount", "1,216,00"),
        ("amount", "1216.000,00"),
        ("amount", "NaN"),
    ],
)
def test_what_means_nothing_is_said_at_its_field(read: str, typed: str) -> None:
    for name in (read, f"required_{read}"):
        fields = FieldReader(Typed(it=typed))
        getattr(fields, name)("it")
        with pytest.raises(Invalid) as refused:
            fields.raise_if_errors()
        (error,) = refused.value.field_errors
        assert error.field == "it"
        assert error.message.startswith("must be ")


@pytest.mark.parametrize(
    ("language", "meant", "doubtful"),
    [
        (Language.EN, "1.216", "1,216"),
        (Language.DE, "1,216", "1.216"),
        (Language.RU, "1,216", "1.216"),
    ],
)
def test_three_digits_behind_one_sign_are_decimals_where_the_language_has_it_there(
    language: Language, meant: str, doubtful: str
) -> None:
    fields = FieldReader(Typed(it=meant, other=doubtful), language)
    assert fields.required_amount("it") == Decimal("1.216")
    fields.required_amount("other")
    with pytest.raises(Invalid) as refused:
        fields.raise_if_errors()
    [error] = refused.value.field_errors
    assert (error.field, error.message[:26]) == ("other", "may be read in two ways: w")
    assert field_text(error.message, language) != ""


def test_everything_that_is_wrong_is_said_at_once() -> None:
    fields = FieldReader(Typed({"day": "x", "colour": "green", "id": "1", "on:1": "yes"}))
    fields.day("day")
    fields.required_choice("colour", Colour)
    fields.id("id", PriceId)
    fields.ids("on", PriceId)
    fields.required_number("missing")
    with pytest.raises(Invalid) as refused:
        fields.raise_if_errors()
    wrong = {each.field: each.message for each in refused.value.field_errors}
    assert [*wrong] == ["day", "colour", "id", "on", "missing"]
    assert wrong["missing"] == "is required"


def test_dates_and_money_are_written_as_in_the_language() -> None:
    english, german, russian = (formats(language) for language in (Language.EN, Language.DE, Language.RU))
    on, at = date(2026, 11, 27), datetime(2026, 11, 27, 16, 5, tzinfo=UTC)
    berlin = ZoneInfo("Europe/Berlin")
    assert english["day"](on) == "27 Nov 2026"
    assert english["short_day"](on) == "27 Nov"
    assert english["moment"](at, berlin) == "27 Nov 2026, 17:05\N{NO-BREAK SPACE}CET"
    assert english["money"](Decimal(80), "EUR") == "€80.00"
    assert german["long_day"](on) == "Freitag, 27. November 2026"
    assert german["month"](on) == "November 2026"
    assert german["money"](Decimal("1234.5"), "EUR") == "1.234,50\N{NO-BREAK SPACE}€"
    assert german["percent"](0.875) == "88\N{NO-BREAK SPACE}%"
    assert russian["long_day"](on) == "пятница, 27 ноября 2026"
    assert russian["weekday"](on) == "пт"
    assert german["clock"](at) == german["clock"](at.time()) == "16:05"
    assert russian["number"](1234.5) == "1\N{NO-BREAK SPACE}234,5"
