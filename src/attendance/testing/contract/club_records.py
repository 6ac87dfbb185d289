"""What every store must do with clients, contracts, prices and locations."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from attendance.application.pagination import PageRequest, SortKey
from attendance.application.ports import Contended, Store, UnitOfWork
from attendance.application.ports.accounts import UserCriteria
from attendance.application.ports.club import (
    ClientCriteria,
    ContractCriteria,
    GroupCriteria,
    LocationCriteria,
    PriceCriteria,
)
from attendance.domain.accounts.accounts import Account
from attendance.domain.club.clients import Client, ClientNotFound
from attendance.domain.club.contracts import Contract, ContractNotFound, ContractState, NumberTaken
from attendance.domain.club.groups import GroupMembership
from attendance.domain.club.locations import AddressTaken, Closure, Location, LocationNotFound
from attendance.domain.club.prices import Price, PriceNotFound
from attendance.domain.errors import Conflict, NotFound
from attendance.domain.ids import GroupId
from attendance.domain.text import folded, search_key, words_of
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


@pytest.mark.parametrize(
    ("kind", "field"),
    [("clients", "birthday"), ("contracts", "signed_on"), ("prices", "amount"), ("locations", "created_at")],
)
def test_a_list_is_sorted_as_its_fields_are_with_nothing_last(store: Store, kind: str, field: str) -> None:
    put(store, *(THINGS["clients"] if kind == "contracts" else []), *THINGS[kind])
    for descending in (False, True):
        expected = sorted_by(THINGS[kind], field, descending=descending)
        assert [*found(store, kind, None, SortKey(field, descending=descending))] == expected


def test_a_contract_is_listed_in_the_state_it_has_on_the_date(store: Store) -> None:
    put(store, *THINGS["clients"], *THINGS["contracts"])
    for on in (MARCH_2 + DAY * n for n in range(-5, 6)):
        for state in ContractState:
            listed = found(store, "contracts", ContractCriteria(on=on, state=state))
            expected = {it.id for it in THINGS["contracts"] if it.state(on) is state}
            assert {it.id for it in listed} == expected, (on, state)


def test_a_price_is_listed_on_the_dates_on_which_it_is_on_sale(store: Store) -> None:
    put(store, *THINGS["prices"])
    for on in (MARCH_2 + DAY * n for n in range(-5, 6)):
        listed = found(store, "prices", PriceCriteria(on_sale_on=on))
        assert {it.id for it in listed} == {it.id for it in THINGS["prices"] if it.is_on_sale(on)}, on


def test_clients_are_found_by_an_account_that_is_linked_to_them(store: Store) -> None:
    mother, father, nobody = make.account(), make.account(), make.account()
    anna = make.client(name="Anna", user_ids=(mother.id, father.id))
    bea = make.client(name="Bea", user_ids=(mother.id,), active=False)
    put(store, mother, father, nobody, anna, bea, make.client(name="Carl"))

    def names(of: Account, **criteria: Any) -> list[str]:
        asked = ClientCriteria(user_id=of.id, **criteria)
        listed = found(store, "clients", asked, SortKey("name"))
        with store.read() as work:
            assert work.clients.count(asked) == len(listed)
        return [it.name for it in listed]

    assert [names(it) for it in (mother, father, nobody)] == [["Anna", "Bea"], ["Anna"], []]
    assert names(mother, active=True) == names(mother, words=words_of("q", "ann")) == ["Anna"]
    others = replace(anna, user_ids=(father.id, nobody.id), version=2)
    with store.transaction() as work:
        work.clients.save(others)
        assert work.clients.get_for_update(anna.id) == others
    assert [names(it) for it in (mother, father, nobody)] == [["Bea"], ["Anna"], ["Anna"]]
    with pytest.raises(ZeroDivisionError), store.transaction() as work:
        work.clients.save(replace(others, user_ids=(mother.id,), version=3))
        raise ZeroDivisionError
    assert [names(it) for it in (mother, father, nobody)] == [["Bea"], ["Anna"], ["Anna"]]
    assert found(store, "clients", ClientCriteria(user_id=nobody.id)) == (others,)
    with store.transaction() as work:
        work.clients.save(replace(others, user_ids=(), version=3))
    assert [names(it) for it in (mother, father, nobody)] == [["Bea"], [], []]


def test_clients_are_found_by_a_group_that_they_are_in_on_a_day(store: Store) -> None:
    anna, bea = make.client(name="Anna"), make.client(name="Bea", active=False)
    place = make.location()
    until = MARCH_2 + DAY
    members = (
        GroupMembership(client_id=anna.id, since=MARCH_2, until=until),
        GroupMembership(client_id=anna.id, since=MARCH_2 + 9 * DAY),
        GroupMembership(client_id=bea.id, since=MARCH_2 - DAY),
    )
    group, other = make.group(place, members=members), make.group(place)
    put(store, anna, bea, make.client(name="Carl"), place)
    with store.transaction() as work:
        work.groups.add(group)
        work.groups.add(other)

    def names(day: date, of: GroupId = group.id, **criteria: Any) -> list[str]:
        asked = ClientCriteria(group_id=of, member_on=day, **criteria)
        listed = found(store, "clients", asked, SortKey("name"))
        with store.read() as work:
            assert work.clients.count(asked) == len(listed)
        return [it.name for it in listed]

    assert (
        names(MARCH_2 - 2 * DAY) == names(MARCH_2, other.id) == names(MARCH_2, GroupId(make.new_id())) == []
    )
    assert names(MARCH_2 - DAY) == names(MARCH_2 + 2 * DAY) == ["Bea"]
    assert names(MARCH_2) == names(until) == names(MARCH_2 + 99 * DAY) == ["Anna", "Bea"]
    assert names(MARCH_2, active=True) == names(MARCH_2, words=words_of("q", "ann")) == ["Anna"]


def test_clients_are_found_by_words_in_any_field_and_order_literally(store: Store) -> None:
    clients = [
        make.client(name="Anna Ёж", guardian_name="Zoë", email="zoe@example.org", phone="+49 (170) 123-45"),
        make.client(name="Bea_100%", guardian_name="Łukasz Ørsted"),
        make.client(name="Carl", guardian_name="ANNA", active=False, email="Carl@exämple.org"),
        make.client(name="José Müller", phone="0170/99"),
    ]
    put(store, *clients)

    def names(q: str = "", **criteria: Any) -> list[str]:
        asked = ClientCriteria(words=words_of("q", q), **criteria)
        listed = found(store, "clients", asked, SortKey("name"))
        with store.read() as work:
            assert work.clients.count(asked) == len(listed)
        return [it.name for it in listed]

    anna, bea, carl, jose = [it.name for it in clients]
    assert names() == names(" \u3000 ") == [anna, bea, carl, jose]
    assert names("nna") == [anna, carl]
    assert names("nna", active=True) == [anna]
    assert names("ёж") == names("ЕЖ") == names("еж") == [anna]
    assert names("zoë") == names("zoe") == names("ZOE  anna") == names("anna zoe") == [anna]
    assert names("zoe carl") == names("annazoe") == names("zoezoe") == []
    assert names("jose") == names("JOSÉ") == names("muller jose") == names("Jos\u0065\u0301 müll") == [jose]
    assert names("lukasz orsted") == names("ørst 100") == [bea]
    assert names("example.org") == [anna, carl]
    assert names("example anna") == [anna, carl]
    # by digits, however the number is written; a word with letters is no number
    assert names("+49 170") == names("170-123") == names("(170) 12345") == names("49170") == [anna]
    assert names("0170 99") == names("017099") == names("01-70/99") == [jose]
    assert names("170") == [anna, jose]
    assert names("x49") == names("4917x") == []
    assert names("%") == names("_") == names("_1") == [bea]
    assert names("%a") == names("\\") == names("'") == names('"') == []
    assert names(active=False) == [carl]


def test_accounts_are_found_by_words_in_both_names(store: Store) -> None:
    with store.transaction() as work:
        for username, name in (("muller", "Anna Müller"), ("jose", "José"), ("annam", "")):
            work.accounts.add(make.account(username=username, name=name))

        def usernames(q: str) -> list[str]:
            criteria = UserCriteria(words=words_of("name", q))
            listed = work.accounts.list(criteria, PageRequest(order=(SortKey("username"),), limit=10))
            assert work.accounts.count(criteria) == len(listed)
            return [it.username for it in listed]

        assert usernames("") == ["annam", "jose", "muller"]
        assert usernames("muller anna") == usernames("Müller ANNA") == ["muller"]
        assert usernames("anna") == ["annam", "muller"]
        assert usernames("anna jose") == []


def test_accounts_are_found_by_their_ids(store: Store) -> None:
    ada, bob, eve = (make.account(username=name) for name in ("ada", "bob", "eve"))
    with store.transaction() as work:
        for account in (eve, bob, ada):
            work.accounts.add(account)

        def usernames(*accounts: Account) -> list[str]:
            criteria = UserCriteria(user_ids=frozenset(account.id for account in accounts))
            listed = work.accounts.list(criteria, PageRequest(order=(SortKey("username"),), limit=10))
            assert work.accounts.count(criteria) == len(listed)
            return [it.username for it in listed]

        assert usernames(eve, ada) == ["ada", "eve"]
        assert usernames(bob, make.account()) == ["bob"]
        assert usernames() == []


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
