"""What a contract may be, and what it is on a date."""

import re
from datetime import date, timedelta
from uuid import UUID

import pytest

from attendance.domain.club.contracts import Contract, ContractState, number_for
from attendance.domain.ids import ContractId
from tests import make
from tests.domain.field_errors import field_errors

CLIENT = make.client()
SIGNED, CANCELLED = date(2026, 3, 2), date(2026, 6, 30)
DAY = timedelta(days=1)


def contract(**changes: object) -> Contract:
    return make.contract(CLIENT, **changes)


@pytest.mark.parametrize(
    ("signed_on", "cancelled_on", "states"),
    [
        (None, None, {date.min: "draft", SIGNED: "draft", date.max: "draft"}),
        (None, CANCELLED, {CANCELLED: "draft", CANCELLED + DAY: "draft"}),
        (SIGNED, None, {SIGNED: "active", SIGNED + DAY: "active", date.max: "active"}),
        (SIGNED, CANCELLED, {CANCELLED - DAY: "active", CANCELLED: "active", CANCELLED + DAY: "cancelled"}),
        (SIGNED, SIGNED, {SIGNED: "active", SIGNED + DAY: "cancelled", date.max: "cancelled"}),
        (SIGNED, date.max, {date.max: "active"}),
    ],
)
def test_a_contract_is_a_draft_then_active_up_to_its_last_day(
    signed_on: date | None, cancelled_on: date | None, states: dict[date, str]
) -> None:
    it = contract(signed_on=signed_on, cancelled_on=cancelled_on)
    assert {on: it.state(on) for on in states} == {on: ContractState(state) for on, state in states.items()}


def test_a_contract_does_not_end_before_it_begins() -> None:
    assert field_errors(contract, signed_on=SIGNED, cancelled_on=SIGNED - DAY) == ["cancelled_on"]


@pytest.mark.parametrize(
    ("field", "text"),
    [("number", ""), ("number", "x" * 51), ("number", "a\0"), ("number", "1\n2"), ("number", "\udfff"),
     ("notes", "x" * 5001), ("notes", "\0"), ("notes", "\x1b")],
)  # fmt: skip
def test_a_text_that_is_too_long_or_no_text_is_refused(field: str, text: str) -> None:
    assert field_errors(contract, **{field: text}) == [field]


def test_texts_are_as_long_as_they_may_be() -> None:
    assert contract(number="№" * 50, notes="\n" * 5000).number == "№" * 50


def test_a_number_that_is_made_is_the_year_and_the_end_of_the_id() -> None:
    contract_id = ContractId(UUID("0195569a-1b40-7c3a-9d2f-1234deadbeef"))
    assert number_for(contract_id, year=2026) == "2026/deadbeef"
    assert number_for(contract_id, year=7) == "0007/deadbeef"
    made = {number_for(ContractId(make.new_id()), year=2026) for _ in range(1000)}
    assert len(made) == 1000
    assert all(re.fullmatch("2026/[0-9a-f]{8}", number) for number in made)
