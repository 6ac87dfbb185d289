"""What every store must keep of clients, contracts, prices and locations."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from attendance.application.ports import Contended, Store
from attendance.domain.club.contracts import NumberTaken
from attendance.domain.club.locations import AddressTaken
from attendance.domain.errors import Conflict
from attendance.testing import make
from attendance.testing.contract.club_records.things import (
    ALL,
    NOT_FOUND,
    found,
    put,
    repository,
    whole_things,
)


def test_what_is_added_comes_back_whole_and_so_does_what_it_becomes(store: Store) -> None:
    parent, things = whole_things()
    put(store, parent, *(before for before, _ in things.values()))
    for kind, (before, after) in things.items():
        with store.transaction() as work:
            repo = repository(work, kind)
            assert repo.get(before.id) == repo.find(before.id) == repo.get_for_update(before.id) == before, (
                kind
            )
            repo.save(after)
            assert repo.get(before.id) == after, kind
        assert found(store, kind) == (after,), kind
        with store.autocommit() as work:
            assert repository(work, kind).find(before.id) == after, kind


def test_what_is_not_there_is_not_found(store: Store) -> None:
    unknown = make.new_id()
    for kind, refusal in NOT_FOUND.items():
        with store.transaction() as work:
            repo = repository(work, kind)
            assert repo.find(unknown) is None
            for look in (repo.get, repo.get_for_update):
                with pytest.raises(refusal):
                    look(unknown)
            assert repo.count(ALL[kind]) == 0
        assert found(store, kind) == ()


def test_a_version_is_saved_over_the_one_before_alone(store: Store) -> None:
    parent, things = whole_things()
    put(store, parent, *(before for before, _ in things.values()))
    for kind, (before, after) in things.items():
        for version in (0, 1, 3):
            with pytest.raises(Contended), store.transaction() as work:
                repository(work, kind).save(replace(after, version=version))
        with pytest.raises(Contended), store.transaction() as work:
            repository(work, kind).save(replace(after, id=make.new_id()))
        assert found(store, kind) == (before,), kind
        with store.transaction() as work:
            repository(work, kind).save(after)
        with pytest.raises(Contended), store.transaction() as work:
            repository(work, kind).save(after)
        assert found(store, kind) == (after,), kind


def test_what_is_rolled_back_leaves_nothing(store: Store) -> None:
    parent, things = whole_things()
    put(store, parent)
    with pytest.raises(ZeroDivisionError), store.transaction() as work:
        for kind, (before, after) in things.items():
            repository(work, kind).add(before)
            repository(work, kind).save(after)
        raise ZeroDivisionError
    assert [found(store, kind) for kind in ALL] == [()] * 4
    put(store, *(before for before, _ in things.values()))
    with pytest.raises(ZeroDivisionError), store.transaction() as work:
        for kind, (_, after) in things.items():
            repository(work, kind).save(after)
        raise ZeroDivisionError
    assert [found(store, kind) for kind in ALL] == [(before,) for before, _ in things.values()]


def two_of(kind: str) -> tuple[list[Any], Any, Callable[[str], dict[str, str]], type[Conflict]]:
    """What others point to and two things; one more; its fields for a unique text; the refusal."""
    if kind == "contracts":
        client = make.client()
        first, second = (make.contract(client, number=number) for number in ("2026/Strasse", "B"))
        return [client, first, second], make.contract(client), lambda it: {"number": it}, NumberTaken
    here, there = (make.location(address=address) for address in ("2026/Strasse", "B"))
    return [here, there], make.location(), lambda it: {"address": it}, AddressTaken


ALIKE = ["2026/Strasse", "2026/STRASSE", "２０２６/strasse", "2026/Straße"]


@pytest.mark.parametrize("kind", ["contracts", "locations"])
def test_a_number_and_an_address_are_taken_in_any_case_and_width(store: Store, kind: str) -> None:
    things, third, fields, refusal = two_of(kind)
    put(store, *things)
    first, second = things[-2:]
    for text in ALIKE:
        with pytest.raises(refusal), store.transaction() as work:
            repository(work, kind).add(replace(third, **fields(text)))
        with pytest.raises(refusal), store.transaction() as work:
            repository(work, kind).save(replace(second, **fields(text), version=2))
    assert {it.id: it for it in found(store, kind)} == {first.id: first, second.id: second}
    with store.transaction() as work:
        repository(work, kind).save(replace(first, **fields(ALIKE[1]), version=2))
        repository(work, kind).save(replace(first, **fields("C"), version=3))
        repository(work, kind).add(replace(third, **fields(ALIKE[2])))


@pytest.mark.parametrize(
    ("amount", "currency"),
    [("0.0001", "CLF"), ("1000000000000", "CLF"), ("999999999999.9999", "CLF"), ("1000000000000", "JPY"),
     ("0", "JPY"), ("1", "JPY"), ("0.001", "KWD"), ("0.10", "EUR"), ("0.29", "EUR"), ("80.00", "EUR")],
)  # fmt: skip
def test_an_amount_is_exact_down_to_the_digit(store: Store, amount: str, currency: str) -> None:
    price = make.price(amount, currency)
    put(store, price)
    (kept,) = found(store, "prices")
    assert (kept.amount, str(kept.amount)) == (Decimal(amount), str(price.amount))
