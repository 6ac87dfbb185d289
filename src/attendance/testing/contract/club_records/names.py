"""How every store sorts names."""

from collections.abc import Callable
from typing import Any

import pytest

from attendance.application.pagination import PageRequest, SortKey
from attendance.application.ports import Store
from attendance.application.ports.accounts import UserCriteria
from attendance.application.ports.club import (
    ClientCriteria,
    ContractCriteria,
    GroupCriteria,
    LocationCriteria,
    PriceCriteria,
)
from attendance.domain.text import folded, search_key
from attendance.testing import make
from attendance.testing.contract.club_records.things import MARCH_2, found, put

IN_ORDER = ["Adam", "Ägidius", "Agnes", "Ähre", "Ahrens", "Anna", "Łukasz", "Lutz", "Ö", "Øystein", "Zoë"]


@pytest.mark.parametrize("kind", ["clients", "prices", "locations", "groups", "accounts", "contracts"])
def test_names_are_sorted_without_their_accents_first(store: Store, kind: str) -> None:
    """Those alike without accents by their folded form, those alike in it by id."""
    names = [*IN_ORDER, "agidius", "Anna", "ANNA"] if kind in ("clients", "prices", "groups") else IN_ORDER
    at, whose = make.location(name="A", address="a"), make.client()
    making: dict[str, Callable[[str], Any]] = {
        "clients": lambda name: make.client(name=name),
        "prices": lambda name: make.price(name=name),
        "locations": lambda name: make.location(name=name),
        "groups": lambda name: make.group(at, name=name),
        "accounts": lambda name: make.account(username=f"{name}{names.index(name)}"),
        "contracts": lambda name: make.contract(whose, number=f"{name}{names.index(name)}"),
    }
    field = {"accounts": "username", "contracts": "number"}.get(kind, "name")
    things = [making[kind](name) for name in names]
    with store.transaction() as work:
        if kind == "groups":
            work.locations.add(at)
        if kind == "contracts":
            work.clients.add(whose)
        for thing in things:
            getattr(work, kind).add(thing)
    repository: Any
    with store.read() as work:
        repository = getattr(work, kind)
        criteria = ContractCriteria(on=MARCH_2) if kind == "contracts" else repository_criteria(kind)
        for descending in (False, True):
            order = (SortKey(field, descending=descending),)
            whole = repository.list(criteria, PageRequest(order=order, limit=100))

            def key(thing: Any) -> tuple[str, str]:
                name = getattr(thing, field)
                return search_key(name), folded(name)

            by_id = sorted(things, key=lambda it: it.id)
            assert [*whole] == sorted(by_id, key=key, reverse=descending)
            after: Any = None
            parts: list[Any] = []
            while part := repository.list(criteria, PageRequest(order=order, limit=2, after=after)):
                parts += part
                after = part[-1]
            assert parts == [*whole]


def repository_criteria(kind: str) -> Any:
    return {
        "clients": ClientCriteria,
        "prices": PriceCriteria,
        "locations": LocationCriteria,
        "groups": GroupCriteria,
        "accounts": UserCriteria,
    }[kind]()


def test_agidius_stands_among_the_a(store: Store) -> None:
    put(store, *(make.client(name=name) for name in reversed(IN_ORDER)))
    assert [it.name for it in found(store, "clients", None, SortKey("name"))] == IN_ORDER
