"""What every store must do with clients, contracts, prices and locations."""

from dataclasses import replace
from typing import Any

import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings

from attendance.adapters.memory import MemoryStore
from attendance.adapters.memory.repository import MemoryRepository
from attendance.adapters.memory.store import REPOSITORIES
from attendance.adapters.memory.tables import Journal
from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.club.prices import SqlPrices
from attendance.adapters.sql.engine import errors, listing
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.listing import Listing
from attendance.adapters.sql.engine.repository import SqlRepository
from attendance.application.pagination import SortKey
from attendance.application.ports import Store
from attendance.application.ports.club import (
    ClientCriteria,
    ContractCriteria,
    LocationCriteria,
    PriceCriteria,
)
from attendance.domain.club.contracts import ContractState
from attendance.domain.text import words_of
from attendance.testing import make
from attendance.testing.contract.club_records import finding, keeping
from attendance.testing.contract.club_records.keeping import ALIKE, two_of
from attendance.testing.contract.club_records.things import (
    ALL,
    CLIENTS,
    DAY,
    MARCH_2,
    THINGS,
    found,
    put,
    repository,
)
from tests.examples import examples


@pytest.mark.plants
def test_a_version_that_is_saved_over_any_other_is_seen(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def save_over_any(repo: Any, entity: Any) -> None:
        row, table = repo.mapper.row(entity), repo.mapper.table
        repo.connection.run(sa.update(table).where(table.c.id == row.pop("id")).values(row), {})

    monkeypatch.setattr(MemoryRepository, "save", lambda repo, it: repo.table.put(it.id, it))
    monkeypatch.setattr(SqlRepository, "save", save_over_any)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        keeping.test_a_version_is_saved_over_the_one_before_alone(store)


@pytest.mark.plants
def test_what_stays_of_a_unit_that_failed_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Journal, "undo", lambda journal, _: journal.forget())
    with pytest.raises(AssertionError):
        keeping.test_what_is_rolled_back_leaves_nothing(MemoryStore())


@pytest.mark.plants
@pytest.mark.parametrize("kind", ["contracts", "locations"])
def test_what_is_taken_is_seen_to_be_given_again_when_nothing_is_compared(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for repo in (REPOSITORIES["contracts"], REPOSITORIES["locations"]):
        monkeypatch.setattr(repo, "resource", replace(repo.resource, unique=()))
    store = MemoryStore()
    things, third, fields, _ = two_of(kind)
    put(store, *things, replace(third, **fields(ALIKE[1])))
    assert len(found(store, kind)) == 3


@pytest.mark.parametrize("kind", ["contracts", "locations"])
def test_the_database_itself_says_what_is_taken(
    store: Store, store_url: str, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its constraint is the last word: under another name it would be no refusal of ours."""
    if store_url == "memory":
        return
    others = {name: it for name, it in errors.REFUSAL_OF.items() if not name.startswith(f"uq_{kind}_")}
    assert len(others) == len(errors.REFUSAL_OF) - 1
    monkeypatch.setattr(errors, "REFUSAL_OF", others)
    things, third, fields, refusal = two_of(kind)
    put(store, *things)
    with pytest.raises(Exception) as caught:  # noqa: PT011 # whatever the driver says
        put(store, replace(third, **fields(ALIKE[1])))
    assert not isinstance(caught.value, refusal)


def test_what_points_nowhere_is_not_kept_by_a_database(store: Store, store_url: str) -> None:
    if store_url == "memory":
        return
    with pytest.raises(Exception):  # noqa: B017, PT011 # whatever the driver says
        put(store, make.contract(make.client()))
    with pytest.raises(Exception):  # noqa: B017, PT011
        put(store, make.client(user_ids=(make.account().id,)))
    assert [found(store, kind) for kind in ALL] == [()] * 4


SORTS = {
    "clients": ["name", "birthday", "created_at"],
    "contracts": ["number", "signed_on"],
    "prices": ["name", "amount"],
    "locations": ["name", "created_at"],
}

any_day = st.none() | st.sampled_from([MARCH_2 + DAY * n for n in range(-5, 6)])

FILTERS: dict[str, st.SearchStrategy[Any]] = {
    "clients": st.builds(
        ClientCriteria,
        words=st.sampled_from(
            [
                words_of("q", it)
                for it in ("", "a", "an na", "ä", "%", "_", "fi", "ss", "i̇", "0 1", "none", "𐐨")
            ]
        ),
        active=st.none() | st.booleans(),
    ),
    "contracts": st.builds(
        ContractCriteria,
        on=st.sampled_from([MARCH_2 + DAY * n for n in range(-5, 6)]),
        client_id=st.none() | st.sampled_from([client.id for client in CLIENTS[:4]]),
        state=st.none() | st.sampled_from(ContractState),
    ),
    "prices": st.builds(PriceCriteria, on_sale_on=any_day),
    "locations": st.builds(LocationCriteria, active=st.none() | st.booleans()),
}


def orders_of(kind: str) -> st.SearchStrategy[tuple[SortKey, ...]]:
    one = st.builds(SortKey, st.sampled_from(SORTS[kind]), st.booleans())
    return st.lists(one, max_size=3, unique_by=lambda order: order.field).map(tuple)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(80), deadline=None
)
@given(data=st.data(), kind=st.sampled_from([*THINGS]), limit=st.integers(1, 50), offset=st.integers(0, 45))
def test_a_cut_is_the_same_in_every_store(
    store: Store, data: st.DataObject, kind: str, limit: int, offset: int
) -> None:
    if not found(store, "clients"):
        put(store, *(thing for things in THINGS.values() for thing in things))
    criteria, order = data.draw(FILTERS[kind]), data.draw(orders_of(kind))
    model = MemoryStore()
    put(model, *THINGS[kind])
    whole = found(model, kind, criteria, *order)
    assert found(store, kind, criteria, *order) == whole
    with store.read() as work:
        assert repository(work, kind).count(criteria) == len(whole)
    assert found(store, kind, criteria, *order, limit=limit, offset=offset) == whole[offset : offset + limit]
    if whole:
        place = data.draw(st.integers(0, len(whole) - 1))
        rest = found(store, kind, criteria, *order, limit=limit, after=whole[place])
        assert rest == whole[place + 1 : place + 1 + limit]


@pytest.mark.plants
def test_nothing_that_comes_first_is_seen(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Left to themselves, each database puts it first one way or the other."""
    monkeypatch.setattr(listing, "_page", listing._page.__wrapped__)
    monkeypatch.setattr(
        listing, "_sorted", lambda column, descending: column.desc() if descending else column.asc()
    )
    with pytest.raises(AssertionError):
        finding.test_a_list_is_sorted_as_its_fields_are_with_nothing_last(
            SqlStore(primary=database, replica=database), "clients", "birthday"
        )


@pytest.mark.plants
def test_a_contract_that_ends_a_day_early_is_seen(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the last day on which it holds, the lists of states would be others."""

    def is_in_state(contract: Any, criteria: Any) -> bool:
        return contract.state(criteria.on + DAY) is criteria.state

    late = replace(REPOSITORIES["contracts"].resource, predicates={"state": is_in_state})
    monkeypatch.setattr(REPOSITORIES["contracts"], "resource", late)
    parameters = Listing.parameters
    monkeypatch.setattr(
        Listing, "parameters", lambda listing, it: parameters(listing, replace(it, on=it.on + DAY))
    )
    with pytest.raises(AssertionError):
        finding.test_a_contract_is_listed_in_the_state_it_has_on_the_date(store)


@pytest.mark.plants
def test_amounts_sorted_as_texts_are_seen(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    as_text = replace(REPOSITORIES["prices"].resource, keys={"amount": lambda price: str(price.amount)})
    monkeypatch.setattr(REPOSITORIES["prices"], "resource", as_text)
    by_name = replace(SqlPrices.mapper.resource, sort={"amount": "name_key"})
    monkeypatch.setattr(SqlPrices, "mapper", replace(SqlPrices.mapper, resource=by_name))
    with pytest.raises(AssertionError):
        finding.test_a_list_is_sorted_as_its_fields_are_with_nothing_last(store, "prices", "amount")
