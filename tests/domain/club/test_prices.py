"""What a price may be, and when it is on sale."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from attendance.domain.club import prices
from attendance.domain.club.currencies import DIGITS, rounded, unit
from attendance.domain.club.prices import LARGEST_AMOUNT
from attendance.domain.ids import GroupId
from tests import make
from tests.domain.field_errors import field_errors

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 31)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("0", "EUR"), ("-0", "EUR"), ("0.01", "EUR"), ("80", "EUR"), ("80.5", "EUR"), ("80.00", "EUR"),
        ("1E+3", "EUR"),
        ("1000000000000", "EUR"), ("999999999999.99", "EUR"), ("500", "JPY"), ("1000000000000", "JPY"),
        ("0.001", "KWD"), ("0.0001", "CLF"), ("999999999999.9999", "CLF"), ("1000000000000.0000", "CLF"),
    ],
)  # fmt: skip
def test_an_amount_is_kept_to_the_minor_unit(amount: str, currency: str) -> None:
    price = make.price(amount, currency)
    assert price.amount == Decimal(amount)
    assert -price.amount.as_tuple().exponent == DIGITS[currency]  # type: ignore[operator]
    assert not price.amount.is_signed()


@pytest.mark.parametrize(
    ("amount", "currency"),
    [
        ("-0.01", "EUR"), ("-1", "JPY"), ("0.001", "EUR"), ("80.005", "EUR"), ("0.1", "JPY"),
        ("0.0001", "KWD"), ("0.00001", "CLF"), ("1000000000000.01", "EUR"), ("1000000000001", "JPY"),
        ("1E+13", "EUR"), ("1E+999999", "EUR"), ("1E-999999", "EUR"), ("0." + "1" * 60, "EUR"),
        ("NaN", "EUR"), ("sNaN", "EUR"), ("Infinity", "EUR"), ("-Infinity", "EUR"), ("9" * 60, "JPY"),
    ],
)  # fmt: skip
def test_an_amount_that_nobody_can_pay_is_refused(amount: str, currency: str) -> None:
    assert field_errors(make.price, amount=amount, currency=currency) == ["amount"]


@pytest.mark.plants
def test_an_amount_of_more_digits_is_seen_to_be_kept_when_nobody_rounds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prices, "rounded", lambda amount, _: amount)
    assert make.price("80.005").amount == Decimal("80.005")


@pytest.mark.parametrize("currency", ["", "EU", "EURO", "eur", "XXX", "XAU", "XTS", "ZZZ", "DEM", "€"])
def test_what_nobody_pays_in_is_no_currency(currency: str) -> None:
    assert field_errors(make.price, currency=currency) == ["currency"]


def test_a_currency_has_the_digits_of_its_minor_unit() -> None:
    chosen = {"JPY": 0, "KRW": 0, "EUR": 2, "USD": 2, "MGA": 2, "KWD": 3, "TND": 3, "CLF": 4, "UYW": 4}
    assert {code: DIGITS[code] for code in chosen} == chosen
    assert len(DIGITS) > 150
    assert all(len(code) == 3 and code.isascii() and code.isupper() for code in DIGITS)
    assert (str(unit("JPY")), str(unit("EUR")), str(unit("CLF"))) == ("1", "0.01", "0.0001")


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [("0.005", "EUR", "0.01"), ("0.0049", "EUR", "0.00"), ("2.5", "JPY", "3"), ("3.5", "JPY", "4"),
     ("80", "EUR", "80.00"), ("1.0005", "KWD", "1.001")],
)  # fmt: skip
def test_half_a_unit_is_rounded_up(amount: str, currency: str, shown: str) -> None:
    assert str(rounded(Decimal(amount), currency)) == shown


@pytest.mark.parametrize(
    ("field", "most"),
    [("visits", 100_000), ("visits_per_week", 100_000), ("valid_days", 36_500), ("valid_months", 1_200)],
)
def test_a_number_is_from_1_to_its_most(field: str, most: int) -> None:
    for number in (None, 1, most):
        assert getattr(make.price(**{field: number}), field) == number
    for number in (0, -1, most + 1, 10**30):
        assert field_errors(make.price, **{field: number}) == [field]


def test_it_holds_for_days_or_for_months_or_without_an_end() -> None:
    assert field_errors(make.price, valid_days=30, valid_months=1) == ["valid_months"]
    for months, days in ((1, None), (None, 30), (None, None)):
        price = make.price(valid_days=days, valid_months=months)
        assert (price.valid_days, price.valid_months) == (days, months)


def test_it_is_for_some_groups_none_of_them_twice() -> None:
    groups = tuple(GroupId(UUID(int=n)) for n in range(1, 1001))
    assert make.price(group_ids=groups).group_ids == groups
    assert field_errors(make.price, group_ids=(*groups, GroupId(UUID(int=1001)))) == ["group_ids"]
    assert field_errors(make.price, group_ids=groups[:2] + groups[:1]) == ["group_ids"]


@pytest.mark.parametrize(
    ("since", "until", "on_sale"),
    [
        (None, None, {date.min: True, FIRST: True, date.max: True}),
        (FIRST, None, {FIRST - DAY: False, FIRST: True, date.max: True}),
        (None, LAST, {date.min: True, LAST: True, LAST + DAY: False}),
        (FIRST, LAST, {FIRST - DAY: False, FIRST: True, LAST: True, LAST + DAY: False}),
        (FIRST, FIRST, {FIRST - DAY: False, FIRST: True, FIRST + DAY: False}),
    ],
)
def test_a_price_is_on_sale_from_its_first_day_to_its_last(
    since: date | None, until: date | None, on_sale: dict[date, bool]
) -> None:
    price = make.price(on_sale_from=since, on_sale_until=until)
    assert {on: price.is_on_sale(on) for on in on_sale} == on_sale


def test_a_sale_does_not_end_before_it_begins() -> None:
    assert field_errors(make.price, on_sale_from=FIRST, on_sale_until=FIRST - DAY) == ["on_sale_until"]


@pytest.mark.parametrize(
    ("field", "text"),
    [("name", ""), ("name", "x" * 201), ("name", "a\0"), ("name", "a\tb"), ("name", "\ud800"),
     ("notes", "x" * 5001), ("notes", "\0")],
)  # fmt: skip
def test_a_text_that_is_too_long_or_no_text_is_refused(field: str, text: str) -> None:
    assert field_errors(make.price, **{field: text}) == [field]
    assert make.price(name="x" * 200, notes="\n" * 5000).charges_absence


def test_all_that_is_wrong_is_told_at_once() -> None:
    wrong = {"name": "", "amount": LARGEST_AMOUNT + 1, "visits": 0, "valid_days": 0, "valid_months": 0}
    assert field_errors(make.price, **wrong) == [*wrong, "valid_months"]
