"""Clients, contracts, prices and locations to test with, and how tests put and find them."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from attendance.application.pagination import PageRequest, SortKey
from attendance.application.ports import Store, UnitOfWork
from attendance.application.ports.club import (
    ClientCriteria,
    ContractCriteria,
    LocationCriteria,
    PriceCriteria,
)
from attendance.domain.accounts.accounts import Account
from attendance.domain.club.clients import Client, ClientNotFound
from attendance.domain.club.contracts import Contract, ContractNotFound
from attendance.domain.club.locations import Closure, Location, LocationNotFound
from attendance.domain.club.prices import Price, PriceNotFound
from attendance.domain.errors import NotFound
from attendance.domain.ids import GroupId
from attendance.testing import make

NAMES = ["Anna", "anna", "Ä", "Öle", "zoe", "Zoë", "100%", "a_b", "ﬁona", "𐐀", "\uffdc", "İ", "ß"]


MARCH_2 = date(2026, 3, 2)


DAY = timedelta(days=1)


ALL = {
    "clients": ClientCriteria(),
    "contracts": ContractCriteria(on=MARCH_2),
    "prices": PriceCriteria(),
    "locations": LocationCriteria(),
}


def repository(work: UnitOfWork, kind: str) -> Any:
    return getattr(work, kind)


def put(store: Store, *things: Any) -> None:
    """In order: what others point to first."""
    kinds = {Client: "clients", Contract: "contracts", Price: "prices", Location: "locations"}
    with store.transaction() as work:
        for thing in things:
            place = work.accounts if isinstance(thing, Account) else repository(work, kinds[type(thing)])
            place.add(thing)


def found(
    store: Store, kind: str, criteria: Any = None, *orders: SortKey, **page_request: Any
) -> tuple[Any, ...]:
    with store.read() as work:
        rows: tuple[Any, ...] = repository(work, kind).list(
            ALL[kind] if criteria is None else criteria,
            PageRequest(order=orders, **{"limit": 1000, **page_request}),
        )
    return rows


def whole_things() -> tuple[Account, dict[str, tuple[Any, Any]]]:
    """One of each kind with all its fields filled, and what it becomes."""
    parent = make.account()
    client = make.client(
        name="Ännchen\u202f𐐀",
        guardian_name="Zoë",
        birthday=date(2020, 2, 29),
        phone="+49 30 1",
        email="Zoe@Example.org",
        address="1 Main Street\nBerlin",
        notes="nuts\t!",
        active=False,
        user_ids=(parent.id,),
        updated_at=make.NOON + timedelta(microseconds=1),
    )
    contract = make.contract(
        client, number="Nº 1/ä", signed_on=date.min, cancelled_on=date.max, notes="by post\n"
    )
    groups = tuple(GroupId(UUID(int=n)) for n in (3, 1, 2))
    price = make.price(
        "80.50",
        name="10 visits",
        visits=10,
        visits_per_week=3,
        valid_days=30,
        group_ids=groups,
        on_sale_from=MARCH_2,
        on_sale_until=MARCH_2,
        charges_absence=False,
        notes="for siblings",
    )
    closures = (
        Closure(since=date(2026, 12, 24), until=date(2027, 1, 1), reason='"holidays" ä'),
        Closure(since=MARCH_2, until=MARCH_2),
    )
    location = make.location(
        url="https://example.org/ä", timezone="Asia/Tokyo", capacity=12, active=False, closures=closures
    )
    cleared: dict[str, Any] = {
        "clients": make.client(),
        "contracts": make.contract(client),
        "prices": make.price("0.0001", "CLF", valid_months=2),
        "locations": make.location(),
    }
    things: dict[str, Any] = {
        "clients": client,
        "contracts": contract,
        "prices": price,
        "locations": location,
    }
    return parent, {
        kind: (it, replace(cleared[kind], id=it.id, version=2, updated_at=make.NOON + DAY))
        for kind, it in things.items()
    }


NOT_FOUND: dict[str, type[NotFound]] = {
    "clients": ClientNotFound,
    "contracts": ContractNotFound,
    "prices": PriceNotFound,
    "locations": LocationNotFound,
}


def some_clients() -> list[Client]:
    return [
        make.client(
            name=NAMES[n % len(NAMES)],
            guardian_name=NAMES[n % 5] if n % 4 else "",
            birthday=None if n % 3 == 0 else MARCH_2 - DAY * (n % 5),
            active=n % 5 != 0,
            created_at=make.NOON + timedelta(seconds=n % 4),
        )
        for n in range(40)
    ]


def some_contracts(clients: list[Client]) -> list[Contract]:
    return [
        make.contract(
            clients[n % 3],
            number=f"{'aBä𐐀'[n % 4]}/{n % 7}/{n}",
            signed_on=None if n % 3 == 0 else MARCH_2 - DAY * (n % 4),
            cancelled_on=None if n % 2 else MARCH_2 + DAY * (n % 3),
        )
        for n in range(40)
    ]


def some_prices() -> list[Price]:
    amounts = [
        ("0.0001", "CLF"), ("9", "JPY"), ("10", "JPY"), ("80.00", "EUR"), ("100", "EUR"), ("9.5", "EUR"),
        ("1000000000000", "EUR"), ("0.001", "KWD"), ("0", "EUR"), ("999999999999.9999", "CLF"),
    ]  # fmt: skip
    return [
        make.price(
            *amounts[n % len(amounts)],
            name=NAMES[n % len(NAMES)],
            on_sale_from=None if n % 3 == 0 else MARCH_2 + DAY * (n % 3 - 1),
            on_sale_until=None if n % 4 == 0 else MARCH_2 + DAY * (n % 4),
        )
        for n in range(40)
    ]


def some_locations() -> list[Location]:
    return [
        make.location(
            name=NAMES[n % len(NAMES)],
            active=n % 3 != 0,
            created_at=make.NOON + timedelta(seconds=n % 4),
            closures=(Closure(since=MARCH_2, until=MARCH_2, reason=f"{n}"),) * (n % 3),
        )
        for n in range(40)
    ]


CLIENTS = some_clients()


THINGS: dict[str, list[Any]] = {
    "clients": CLIENTS,
    "contracts": some_contracts(CLIENTS),
    "prices": some_prices(),
    "locations": some_locations(),
}


def sorted_by(items: Iterable[Any], field: str, *, descending: bool) -> list[Any]:
    """As the protocol says it: nothing comes last either way, ties by ascending id."""
    by_id = sorted(items, key=lambda it: it.id)
    having = [it for it in by_id if getattr(it, field) is not None]
    having.sort(key=lambda it: getattr(it, field), reverse=descending)
    return having + [it for it in by_id if getattr(it, field) is None]
