"""Clients, contracts, prices and locations: added, edited, shown to whom they concern, over every store."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from attendance.adapters.clock import IanaZones
from attendance.adapters.memory import MemoryStore
from attendance.adapters.memory.store import REPOSITORIES
from attendance.application.club import clients as clients_module, prices as prices_module
from attendance.application.forms import client_access, editing
from attendance.application.forms.listing import Listed
from attendance.application.ports import Store
from attendance.application.ports.events import EventCriteria
from attendance.domain.club.clients import Client, ClientArchived, ClientNotFound
from attendance.domain.club.contracts import Contract, ContractNotFound, ContractState, NumberTaken
from attendance.domain.club.locations import AddressTaken, Closure, Location, LocationNotFound
from attendance.domain.club.prices import Price, PriceNotFound
from attendance.domain.errors import Forbidden, Invalid, Outdated
from attendance.domain.events import Action, Event
from attendance.domain.ids import AccountId, ClientId, ContractId, LocationId, PriceId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Level, Role
from tests import make
from tests.fakes import ContendedStore, World

TODAY, DAY = date(2026, 3, 2), timedelta(days=1)
NOTES = "epilepsy"


@pytest.fixture
def world(store: Store) -> World:
    return World(store)


@pytest.fixture
def clerk(world: World) -> Actor:
    return world.having(Role.EMPLOYEE)


@pytest.fixture
def head(world: World) -> Actor:
    return world.having(Role.HEAD_MANAGER)


def events(world: World, subject_id: Any) -> list[Event]:
    """The events about it, oldest first: of a client without those of their contracts and passes."""
    with world.store.autocommit() as work:
        return [*work.events.of(subject_id)]


def all_events(world: World) -> int:
    with world.store.autocommit() as work:
        return work.events.count(EventCriteria())


def names(listed: Listed[Any]) -> list[str]:
    return [it.name for it in listed.items]


def added_by(world: World, clerk: Actor, head: Actor) -> dict[str, Any]:
    """One of each, by the use cases that add them."""
    use = world.use_cases
    client = use.add_client(clerk, name="Anna", notes=NOTES, phone="110")
    return {
        "client": client,
        "contract": use.add_contract(clerk, client_id=client.id, notes=NOTES),
        "price": use.add_price(head, name="Pass", amount=Decimal(80), currency="EUR", notes=NOTES),
        "location": use.add_location(head, name="Main", address="1 Main Street", capacity=12),
    }


def edits(world: World, kind: str, thing: Any) -> Callable[..., Any]:
    """The use case that edits a thing, but for who and what."""
    edit = getattr(world.use_cases, f"edit_{kind}")
    return lambda actor, **changes: edit(actor, **{f"{kind}_id": thing.id}, **changes)


def shown(world: World, kind: str, actor: Actor, thing_id: Any) -> Any:
    return getattr(world.use_cases, f"show_{kind}")(actor, **{f"{kind}_id": thing_id})


# Adding and editing


def test_what_is_added_is_kept_and_told(world: World, clerk: Actor, head: Actor) -> None:
    for kind, thing in added_by(world, clerk, head).items():
        by = head if kind in ("price", "location") else clerk
        assert shown(world, kind, head, thing.id) == thing
        (event,) = events(world, thing.id)
        assert (event.action, event.actor_id, event.at) == (f"{kind}.added", by.id, make.NOON)
        assert event.after
        assert NOTES not in str(event.after)


def test_what_is_not_named_stays_and_what_is_cleared_goes(world: World, clerk: Actor, head: Actor) -> None:
    parent = world.account()
    edit = world.use_cases.edit_client
    client = world.use_cases.add_client(
        head,
        name="Anna",
        guardian_name="Zoë",
        birthday=TODAY - DAY,
        phone="110",
        email="zoe@example.org",
        address="Main",
        notes=NOTES,
        user_ids=(parent.id,),
    )
    world.clock.pass_by(hours=1)
    edited = edit(clerk, client_id=client.id, phone="112")
    assert edited == replace(client, phone="112", version=2, updated_at=world.clock.now)
    cleared: dict[str, Any] = {
        "guardian_name": "", "birthday": None, "phone": "", "email": "", "address": "", "notes": "",
        "user_ids": (),
    }  # fmt: skip
    edited = edit(head, client_id=client.id, **cleared)
    assert edited == replace(client, **cleared, version=3, updated_at=world.clock.now)
    assert world.use_cases.show_client(clerk, client_id=client.id) == edited
    assert [event.after for event in events(world, client.id)][1:] == [
        {"phone": "112"},
        {name: value for name, value in cleared.items() if name != "notes"} | {"user_ids": []},
    ]


def test_the_same_again_appends_nothing_and_is_no_new_version(
    world: World, clerk: Actor, head: Actor
) -> None:
    things = added_by(world, clerk, head)
    before = all_events(world)
    world.clock.pass_by(hours=1)
    for kind, thing in things.items():
        edit = edits(world, kind, thing)
        field = "number" if kind == "contract" else "name"
        assert edit(head) == edit(head, **{field: getattr(thing, field)}) == thing
        assert shown(world, kind, head, thing.id) == thing
    assert edits(world, "price", things["price"])(head, amount=Decimal("80.00")) == things["price"]
    assert all_events(world) == before


def test_an_edit_and_its_event_are_of_one_unit() -> None:
    """What loses against somebody else leaves neither the edit nor the event, and is done again."""
    store = ContendedStore(MemoryStore())
    world = World(store)
    clerk, head = world.having(Role.EMPLOYEE), world.having(Role.HEAD_MANAGER)
    things = added_by(world, clerk, head)
    for kind, thing in things.items():
        before = all_events(world)
        store.times = 2
        field = "number" if kind == "contract" else "name"
        edited = edits(world, kind, thing)(head, **{field: "other"})
        assert (edited.version, shown(world, kind, head, thing.id)) == (2, edited)
        assert all_events(world) == before + 1
        assert [event.action for event in events(world, thing.id)] == [f"{kind}.added", f"{kind}.edited"]


def test_only_a_version_that_was_seen_is_edited(world: World, clerk: Actor, head: Actor) -> None:
    for kind, thing in added_by(world, clerk, head).items():
        edit, field = edits(world, kind, thing), "number" if kind == "contract" else "name"
        for seen in ([], [0], [2, 3]):
            with pytest.raises(Outdated):
                edit(head, versions=seen, **{field: "other"})
        assert edit(head, versions=[1, 7], **{field: "other"}).version == 2
        assert edit(head, versions=None, **{field: "another"}).version == 3
        with pytest.raises(Outdated):
            edit(head, versions=[2], **{field: "another"})
        assert len(events(world, thing.id)) == 3


@pytest.mark.plants
def test_an_outdated_edit_is_seen_to_pass_when_versions_are_not_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(editing, "require_version", lambda _, __: None)
    world = World(MemoryStore())
    clerk = world.having(Role.EMPLOYEE)
    client = world.use_cases.add_client(clerk, name="Anna")
    assert world.use_cases.edit_client(clerk, client_id=client.id, versions=[9], name="Bea").version == 2


def test_what_is_refused_leaves_nothing(world: World, clerk: Actor, head: Actor) -> None:
    things = added_by(world, clerk, head)
    client, before = things["client"], all_events(world)
    use, unknown = world.use_cases, make.new_id()
    refused: list[tuple[type[Exception], Callable[[], object]]] = [
        (Invalid, lambda: use.add_client(clerk)),
        (Invalid, lambda: use.add_client(clerk, name="Bea", email="no address")),
        (Invalid, lambda: use.add_client(clerk, name="Bea", birthday=TODAY + DAY)),
        (Invalid, lambda: use.add_client(head, name="Bea", user_ids=(AccountId(unknown),))),
        (Invalid, lambda: use.edit_client(head, client_id=client.id, user_ids=(AccountId(unknown),))),
        (Invalid, lambda: use.edit_client(clerk, client_id=client.id, birthday=TODAY + DAY)),
        (Invalid, lambda: use.edit_client(clerk, client_id=client.id, email="no address")),
        (ClientNotFound, lambda: use.edit_client(clerk, client_id=ClientId(unknown), name="Bea")),
        (ClientNotFound, lambda: use.show_client(clerk, client_id=ClientId(unknown))),
        (ClientNotFound, lambda: use.contracts_of_client(clerk, client_id=ClientId(unknown))),
        (ClientNotFound, lambda: use.add_contract(clerk, client_id=ClientId(unknown))),
        (NumberTaken, lambda: use.add_contract(clerk, client_id=client.id, number=things["contract"].number)),
        (Invalid, lambda: use.add_contract(clerk, client_id=client.id, number="")),
        (ContractNotFound, lambda: use.show_contract(clerk, contract_id=ContractId(unknown))),
        (ContractNotFound, lambda: use.edit_contract(clerk, contract_id=ContractId(unknown), notes="x")),
        (Invalid, lambda: use.add_price(head, name="x", amount=Decimal("0.5"), currency="JPY")),
        (PriceNotFound, lambda: use.show_price(head, price_id=PriceId(unknown))),
        (PriceNotFound, lambda: use.edit_price(head, price_id=PriceId(unknown), name="x")),
        (Invalid, lambda: use.edit_price(head, price_id=things["price"].id, currency="ZZZ")),
        (AddressTaken, lambda: use.add_location(head, name="x", address="1 MAIN street")),
        (Invalid, lambda: use.add_location(head, name="x", address="y", timezone="Mars/Olympus")),
        (LocationNotFound, lambda: use.show_location(head, location_id=LocationId(unknown))),
        (LocationNotFound, lambda: use.edit_location(head, location_id=LocationId(unknown), name="x")),
        (Invalid, lambda: use.edit_location(head, location_id=things["location"].id, timezone="x")),
    ]
    for refusal, call in refused:
        with pytest.raises(refusal):
            call()
    assert all_events(world) == before
    for kind, thing in things.items():
        assert shown(world, kind, head, thing.id) == thing


def test_a_client_is_archived_and_brought_back(world: World, clerk: Actor) -> None:
    use = world.use_cases
    client = use.add_client(clerk, name="Anna")
    signed = use.add_contract(clerk, client_id=client.id)
    use.edit_client(clerk, client_id=client.id, active=False)
    with pytest.raises(ClientArchived):
        use.add_contract(clerk, client_id=client.id)
    assert use.edit_contract(clerk, contract_id=signed.id, signed_on=TODAY).version == 2
    assert names(use.list_clients(clerk, active=True)) == []
    assert names(use.list_clients(clerk, active=False)) == ["Anna"]
    assert [it.id for it in use.contracts_of_client(clerk, client_id=client.id).items] == [signed.id]
    use.edit_client(clerk, client_id=client.id, active=True)
    assert use.add_contract(clerk, client_id=client.id).version == 1


@pytest.mark.plants
def test_who_is_archived_is_seen_to_get_a_contract_when_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(MemoryStore())
    clerk = world.having(Role.EMPLOYEE)
    client = world.use_cases.add_client(clerk, name="Anna", active=False)
    get_for_update = REPOSITORIES["clients"].get_for_update
    monkeypatch.setattr(
        REPOSITORIES["clients"],
        "get_for_update",
        lambda repo, it: replace(get_for_update(repo, it), active=True),
    )
    assert world.use_cases.add_contract(clerk, client_id=client.id).client_id == client.id


# Contracts


def test_a_contract_without_a_number_is_given_one_of_the_year_here(world: World, clerk: Actor) -> None:
    world.clock.now = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    client = world.use_cases.add_client(clerk, name="Anna")
    contract = world.use_cases.add_contract(clerk, client_id=client.id)
    assert contract.number == f"2027/{contract.id.hex[-8:]}"
    named = world.use_cases.add_contract(clerk, client_id=client.id, number="A 1")
    assert named.number == "A 1"
    with pytest.raises(NumberTaken):
        world.use_cases.edit_contract(clerk, contract_id=contract.id, number="a 1")
    assert world.use_cases.edit_contract(clerk, contract_id=named.id, number="a 1").number == "a 1"


def test_contracts_are_listed_in_the_state_they_have_today_here(world: World, clerk: Actor) -> None:
    use = world.use_cases
    client, other = (use.add_client(clerk, name=name) for name in ("Anna", "Bea"))
    dates: dict[str, Any] = {
        "a": {},
        "b": {"signed_on": TODAY},
        "c": {"signed_on": TODAY - DAY, "cancelled_on": TODAY},
        "d": {"signed_on": TODAY - DAY, "cancelled_on": TODAY - DAY},
    }
    for number, changes in dates.items():
        use.add_contract(clerk, client_id=client.id, number=number, **changes)
    use.add_contract(clerk, client_id=other.id, number="e")

    def numbers(**criteria: Any) -> str:
        return "".join(it.number for it in use.list_contracts(clerk, **criteria).items)

    assert numbers() == "abcde"
    assert numbers(state=ContractState.DRAFT) == "ae"
    assert numbers(state=ContractState.ACTIVE) == "bc"
    assert numbers(state=ContractState.CANCELLED) == "d"
    assert numbers(client_id=client.id, state=ContractState.DRAFT) == "a"
    assert numbers(client_id=ClientId(make.new_id())) == ""
    assert numbers(sort="-signed_on,number") == "bcdae"
    world.clock.now = datetime(2026, 3, 2, 22, 59, tzinfo=UTC)
    assert numbers(state=ContractState.CANCELLED) == "d"
    world.clock.now += timedelta(minutes=1)
    assert numbers(state=ContractState.CANCELLED) == "cd", "it is March 3rd in Berlin"


# Parents


def family(world: World, **changes: Any) -> tuple[Actor, Client, Contract, Client, Contract]:
    """A parent, the own child with a contract, and somebody else's."""
    clerk, parent, other = world.having(Role.MANAGER), world.account(**changes), world.account()
    use, things = world.use_cases, []
    for account in (parent, other):
        client = use.add_client(clerk, name="Anna", notes=NOTES, user_ids=(account.id,))
        things += [client, use.add_contract(clerk, client_id=client.id, notes=NOTES)]
    return make.actor(parent), *things  # type: ignore[return-value]


def test_a_parent_reads_the_own_client_and_its_contracts_without_notes(world: World) -> None:
    parent, child, contract, _, _ = family(world)
    use = world.use_cases
    assert use.show_client(parent, client_id=child.id) == replace(child, notes=None)
    listed = use.contracts_of_client(parent, client_id=child.id)
    assert ([*listed.items], listed.total) == ([replace(contract, notes=None)], 1)


@pytest.mark.plants
def test_notes_are_seen_to_be_told_to_a_parent_when_nobody_keeps_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent, child, _, _, _ = family(world)
    monkeypatch.setattr(clients_module, "sees_notes", lambda _: True)
    assert world.use_cases.show_client(parent, client_id=child.id).notes == NOTES
    (contract,) = world.use_cases.contracts_of_client(parent, client_id=child.id).items
    assert contract.notes == NOTES


def denied(world: World, actor: Actor, child: Client, contract: Contract) -> Iterable[Callable[[], object]]:
    """What nobody may who does not work here, about somebody's child or about anything."""
    use = world.use_cases
    return [
        lambda: use.list_clients(actor),
        lambda: use.list_clients(actor, q=child.name),
        lambda: use.list_contracts(actor),
        lambda: use.list_contracts(actor, client_id=child.id),
        lambda: use.add_client(actor, name="Bea"),
        lambda: use.edit_client(actor, client_id=child.id, phone="112"),
        lambda: use.add_contract(actor, client_id=child.id),
        lambda: use.show_contract(actor, contract_id=contract.id),
        lambda: use.edit_contract(actor, contract_id=contract.id, notes=""),
        lambda: use.show_contract(actor, contract_id=ContractId(make.new_id())),
        lambda: use.edit_client(actor, client_id=ClientId(make.new_id()), phone="112"),
        lambda: use.add_price(actor, name="x", amount=Decimal(1), currency="EUR"),
        lambda: use.edit_price(actor, price_id=PriceId(make.new_id()), name="x"),
        lambda: use.add_location(actor, name="x", address="y"),
        lambda: use.edit_location(actor, location_id=LocationId(make.new_id()), name="x"),
    ]


def test_a_parent_reads_and_writes_nothing_else(world: World) -> None:
    parent, child, contract, others_child, others_contract = family(world)
    before, use = all_events(world), world.use_cases
    for ours, theirs in ((child, contract), (others_child, others_contract)):
        for call in denied(world, parent, ours, theirs):
            with pytest.raises(Forbidden):
                call()
    for client_id in (others_child.id, ClientId(make.new_id()), ClientId(contract.id)):
        with pytest.raises(Forbidden):
            use.show_client(parent, client_id=client_id)
        with pytest.raises(Forbidden):
            use.contracts_of_client(parent, client_id=client_id)
    assert all_events(world) == before


def test_a_parent_whose_address_is_not_confirmed_reads_nothing(world: World) -> None:
    parent, child, contract, _, _ = family(world, email_confirmed_at=None)
    assert parent.level is Level.UNCONFIRMED
    for call in denied(world, parent, child, contract):
        with pytest.raises(Forbidden):
            call()
    for read in (world.use_cases.show_client, world.use_cases.contracts_of_client):
        with pytest.raises(Forbidden):
            read(parent, client_id=child.id)
    with pytest.raises(Forbidden):
        world.use_cases.list_locations(parent)


def test_a_client_that_is_somebody_elses_now_is_nobody_elses(world: World) -> None:
    parent, child, _, others_child, _ = family(world)
    manager = world.having(Role.MANAGER)
    world.use_cases.edit_client(manager, client_id=child.id, user_ids=())
    world.use_cases.edit_client(manager, client_id=others_child.id, user_ids=(parent.id,))
    with pytest.raises(Forbidden):
        world.use_cases.show_client(parent, client_id=child.id)
    assert world.use_cases.show_client(parent, client_id=others_child.id).user_ids == (parent.id,)


@pytest.mark.plants
def test_another_client_is_seen_to_be_read_when_all_are_ones_own(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    parent, _, _, others_child, _ = family(world)
    monkeypatch.setattr(client_access, "is_own", lambda _, __: True)
    assert world.use_cases.show_client(parent, client_id=others_child.id).id == others_child.id


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.USER])
def test_who_works_here_sees_notes(world: World, role: Role) -> None:
    _, child, contract, _, _ = family(world)
    actor, use = world.having(role), world.use_cases
    assert use.show_client(actor, client_id=child.id).notes == NOTES
    assert [it.notes for it in use.list_clients(actor).items] == [NOTES] * 2
    assert [it.notes for it in use.contracts_of_client(actor, client_id=child.id).items] == [NOTES]
    assert use.show_contract(actor, contract_id=contract.id).notes == NOTES
    assert use.edit_contract(actor, contract_id=contract.id, signed_on=TODAY).notes == NOTES


# Prices


def some_prices(world: World, head: Actor) -> dict[str, Price]:
    spans: dict[str, Any] = {
        "always": {},
        "from today": {"on_sale_from": TODAY},
        "from tomorrow": {"on_sale_from": TODAY + DAY},
        "until today": {"on_sale_until": TODAY},
        "until yesterday": {"on_sale_until": TODAY - DAY},
    }
    return {
        name: world.use_cases.add_price(
            head, name=name, amount=Decimal(1), currency="EUR", notes=NOTES, **span
        )
        for name, span in spans.items()
    }


ON_SALE = ["always", "from today", "until today"]


def test_what_is_on_sale_today_is_for_anybody_and_the_rest_for_who_keeps_the_prices(
    world: World, head: Actor
) -> None:
    prices, use = some_prices(world, head), world.use_cases
    below = [None, *(world.having(role) for role in (Role.USER, Role.EMPLOYEE, Role.MANAGER))]
    for actor in below:
        for listed in (use.list_prices(actor), use.list_prices(actor, page=1)):
            assert (names(listed), listed.total) == (ON_SALE, 3)
        assert {it.notes for it in use.list_prices(actor).items} == {None}
        for name, price in prices.items():
            if name in ON_SALE:
                assert use.show_price(actor, price_id=price.id) == replace(price, notes=None)
            else:
                with pytest.raises(PriceNotFound):
                    use.show_price(actor, price_id=price.id)
        with pytest.raises(PriceNotFound):
            use.show_price(actor, price_id=PriceId(make.new_id()))
    for actor in (head, world.having(Role.OWNER), world.having(Role.ADMIN)):
        assert names(use.list_prices(actor)) == sorted(prices)
        for price in prices.values():
            assert use.show_price(actor, price_id=price.id) == price


def test_today_is_todays_date_here(world: World, head: Actor) -> None:
    some_prices(world, head)
    world.clock.now = datetime(2026, 3, 2, 22, 59, tzinfo=UTC)
    assert names(world.use_cases.list_prices(None)) == ON_SALE
    world.clock.now += timedelta(minutes=1)
    assert names(world.use_cases.list_prices(None)) == ["always", "from today", "from tomorrow"]


@pytest.mark.plants
def test_all_prices_are_seen_to_be_shown_when_nobody_asks_the_date(
    world: World, head: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prices_module, "sees_all_prices", lambda _: True)
    with pytest.raises(AssertionError):
        test_what_is_on_sale_today_is_for_anybody_and_the_rest_for_who_keeps_the_prices(world, head)


def test_a_price_is_edited_as_a_whole_or_not_at_all(world: World, head: Actor) -> None:
    use = world.use_cases
    price = use.add_price(head, name="x", amount=Decimal("80.50"), currency="EUR", valid_days=30)
    wrong: list[dict[str, Any]] = [
        {"currency": "JPY"},
        {"valid_months": 1},
        {"amount": Decimal("80.505")},
        {"on_sale_from": TODAY, "on_sale_until": TODAY - DAY},
    ]
    for changes in wrong:
        with pytest.raises(Invalid):
            use.edit_price(head, price_id=price.id, name="y", **changes)
    assert use.show_price(head, price_id=price.id) == price
    edited = use.edit_price(head, price_id=price.id, amount=Decimal(80), valid_days=None, valid_months=1)
    assert (str(edited.amount), edited.valid_days, edited.valid_months) == ("80.00", None, 1)
    assert str(use.edit_price(head, price_id=price.id, currency="JPY").amount) == "80"
    amounts = [(event.before, event.after) for event in events(world, price.id)][1:]
    assert amounts == [
        (
            {"amount": "80.50", "valid_days": 30, "valid_months": None},
            {"amount": "80.00", "valid_days": None, "valid_months": 1},
        ),
        ({"currency": "EUR"}, {"currency": "JPY"}),
    ]


# Locations


def test_a_location_is_in_the_zone_of_the_organisation_unless_it_names_one(world: World, head: Actor) -> None:
    use = world.use_cases
    here = use.add_location(head, name="Here", address="1")
    there = use.add_location(head, name="There", address="2", timezone="Pacific/Auckland")
    assert (here.timezone, there.timezone) == ("Europe/Berlin", "Pacific/Auckland")
    edited = use.edit_location(head, location_id=here.id, timezone="UTC")
    assert (edited.timezone, edited.version) == ("UTC", 2)
    for zone in (
        "",
        "Mars/Olympus",
        "Europe",
        "../../etc/passwd",
        "/etc/localtime",
        "a\0",
        "\ud800",
        "x" * 999,
    ):
        with pytest.raises(Invalid):
            use.edit_location(head, location_id=here.id, timezone=zone)
        with pytest.raises(Invalid):
            use.add_location(head, name="x", address="3", timezone=zone)
    assert names(use.list_locations(head)) == ["Here", "There"]


@pytest.mark.plants
def test_a_zone_that_is_none_is_seen_to_be_kept_when_nobody_looks_it_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(IanaZones, "named", lambda _, __: UTC)
    world = World(MemoryStore())
    head = world.having(Role.HEAD_MANAGER)
    assert world.use_cases.add_location(head, name="x", address="y", timezone="Mars/Olympus").version == 1


def test_closures_are_replaced_whole_in_their_order(world: World, head: Actor) -> None:
    use = world.use_cases
    location = use.add_location(head, name="Here", address="1")
    closures = (
        Closure(since=TODAY + DAY, until=TODAY + 2 * DAY, reason="paint"),
        Closure(since=TODAY, until=TODAY),
    )
    assert use.edit_location(head, location_id=location.id, closures=closures).closures == closures
    assert use.show_location(head, location_id=location.id).closures == closures
    assert use.edit_location(head, location_id=location.id, name="There").closures == closures
    assert use.edit_location(head, location_id=location.id, closures=closures[:1]).closures == closures[:1]
    assert use.edit_location(head, location_id=location.id, closures=()).version == 5
    told = [event.after for event in events(world, location.id)][1]
    assert told
    assert told["closures"][0] == {"since": "2026-03-03", "until": "2026-03-04", "reason": "paint"}


def test_an_address_is_one_locations_alone(world: World, head: Actor) -> None:
    use = world.use_cases
    first, second = (
        use.add_location(head, name="x", address=address) for address in ("A Street", "B Street")
    )
    for same in ("a street", "Ａ Ｓtreet"):
        with pytest.raises(AddressTaken):
            use.edit_location(head, location_id=second.id, address=same)
    assert use.edit_location(head, location_id=first.id, address="A STREET").address == "A STREET"
    use.edit_location(head, location_id=first.id, address="C Street")
    edited: Location = use.edit_location(head, location_id=second.id, address="a street")
    assert edited.version == 2
    assert [event.action for event in events(world, second.id)] == [
        Action.LOCATION_ADDED,
        Action.LOCATION_EDITED,
    ]


def test_one_finds_the_clients_that_are_ones_own_from_level_2_on(world: World, head: Actor) -> None:
    parent, other = world.account(), world.account()
    both = (other.id, parent.id)
    for name, user_ids in (("Zoe", both), ("Ann", (parent.id,)), ("Ben", (other.id,)), ("Cy", ())):
        world.use_cases.add_client(head, name=name, user_ids=user_ids, notes=NOTES)
    own = world.use_cases.own_clients(make.actor(parent))
    assert [(client.name, client.notes) for client in own] == [("Ann", None), ("Zoe", None)]
    assert [client.name for client in world.use_cases.own_clients(make.actor(other))] == ["Ben", "Zoe"]
    assert world.use_cases.own_clients(head) == ()
    unconfirmed = replace(make.actor(parent), level=Level.UNCONFIRMED)
    assert world.use_cases.own_clients(unconfirmed) == ()
    shown = [
        world.use_cases.show_user(make.actor(other), user_id=other.id, with_clients=wanted).clients
        for wanted in (True, False)
    ]
    assert ([client.name for client in shown[0] or ()], shown[1]) == (["Ben", "Zoe"], None)
