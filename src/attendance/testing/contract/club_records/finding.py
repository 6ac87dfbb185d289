"""How every store lists and finds clients, contracts, prices and locations."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from attendance.application.pagination import PageRequest, SortKey
from attendance.application.ports import Store
from attendance.application.ports.accounts import UserCriteria
from attendance.application.ports.club import ClientCriteria, ContractCriteria, PriceCriteria
from attendance.domain.accounts.accounts import Account
from attendance.domain.club.contracts import ContractState
from attendance.domain.club.groups import GroupMembership
from attendance.domain.ids import GroupId
from attendance.domain.text import words_of
from attendance.testing import make
from attendance.testing.contract.club_records.things import DAY, MARCH_2, THINGS, found, put, sorted_by


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
