"""A page far behind: the same rows whatever way leads there, and no way that reads and sorts them all."""

import random
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from itertools import permutations, product
from typing import Any

import psycopg
import pytest
import sqlalchemy as sa

from attendance.adapters.memory import MemoryStore
from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.accounts.accounts import SqlAccounts
from attendance.adapters.sql.club.clients import SqlClients
from attendance.adapters.sql.engine import listing
from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.adapters.sql.engine.statements import Prepared
from attendance.adapters.sql.tables import accounts, client_accounts, clients
from attendance.application.pagination import PageRequest, SortKey, parse_sort
from attendance.application.ports import Store
from attendance.application.ports.club import ClientCriteria
from attendance.domain.club.clients import Client
from attendance.domain.ids import AccountId
from attendance.domain.text import words_of
from attendance.testing import make
from tests.conftest import DATABASES, databases

FIELDS = ("name", "birthday", "created_at")
SORTS = [
    ",".join(sign + field for sign, field in zip(signs, fields, strict=True))
    for number in (1, 2, 3)
    for fields in permutations(FIELDS, number)
    for signs in product(("", "-"), repeat=number)
]
CRITERIA = [ClientCriteria(), ClientCriteria(active=True), ClientCriteria(words=words_of("q", "b"))]
SOME_OR_ALL = pytest.mark.parametrize(
    "sorts",
    [pytest.param(SORTS[::7], id="some"), pytest.param(SORTS, id="all", marks=pytest.mark.thorough)],
)
MANY = 30_000
DAYS = 400


def some_clients(number: int = 40) -> list[Client]:
    """Few names, birthdays and moments, so that most are alike in some of them."""
    rng = random.Random(2026)
    return [
        make.client(
            name=rng.choice("abc"),
            birthday=None if rng.random() < 0.3 else make.NOON.date() - timedelta(days=rng.randrange(4)),
            created_at=make.NOON + timedelta(seconds=rng.randrange(4)),
            active=rng.random() < 0.6,
        )
        for _ in range(number)
    ]


def stored(store: Store, those: list[Client]) -> Store:
    with store.transaction() as work:
        for client in those:
            work.clients.add(client)
    return store


def wrong_pages(store: Store, sorts: list[str]) -> list[tuple[str, ClientCriteria, int]]:
    """Those that are not what the list in memory has there: sort, criteria and offset of each."""
    those = some_clients()
    model = stored(MemoryStore(), those)
    stored(store, those)
    wrong = []
    with store.read() as work, model.read() as expected:
        for sort, criteria, offset in product(sorts, CRITERIA, range(0, len(those) + 3, 3)):
            page_request: PageRequest[Client] = PageRequest(
                order=parse_sort(sort, FIELDS), limit=5, offset=offset
            )
            pages = [it.clients.list(criteria, page_request) for it in (work, expected)]
            if pages[0] != pages[1]:
                wrong.append((sort, criteria, offset))
    return wrong


@pytest.mark.slow
@SOME_OR_ALL
def test_every_page_of_every_order_is_what_it_must_be(
    store: Store, monkeypatch: pytest.MonkeyPatch, sorts: list[str]
) -> None:
    monkeypatch.setattr(listing, "FAR", 6)
    assert wrong_pages(store, sorts) == []


@pytest.mark.plants
def test_a_seek_that_begins_at_the_wrong_row_is_caught(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    seek = listing._seek

    def forgetful(parts: listing.Parts) -> listing.Seek:
        right = seek(parts)
        return listing.Seek(right.first, right.known, right.rows, right.known, right.missing)

    monkeypatch.setattr(listing, "_seek", forgetful)
    assert wrong_pages(SqlStore(primary=database, replica=database), ["-birthday,name"])


def fill(database: Database) -> None:
    """Many clients, each with one of a tenth as many accounts, past the use cases."""
    rng = random.Random(2026)
    parents = [make.account() for _ in range(MANY // 10)]
    rows = [SqlClients.mapper.row(client_of(rng, n)) for n in range(MANY)]
    linked = [
        {"client_id": row["id"], "account_id": parents[n % len(parents)].id} for n, row in enumerate(rows)
    ]
    with database.engine.connect() as connection:
        with database.transaction(connection.connection.dbapi_connection):
            connection.execute(sa.insert(accounts), [*map(SqlAccounts.mapper.row, parents)])
            connection.execute(sa.insert(clients), rows)
            connection.execute(sa.insert(client_accounts), linked)
        connection.exec_driver_sql("ANALYZE")


def client_of(rng: random.Random, n: int) -> Client:
    return make.client(
        name=f"{rng.randrange(MANY)}",
        birthday=None if n % 10 == 0 else make.NOON.date() - timedelta(days=rng.randrange(DAYS)),
        created_at=make.NOON + timedelta(seconds=rng.randrange(MANY)),
        active=n % 5 > 0,
    )


@contextmanager
def explained(database: Database) -> Iterator[list[tuple[str, int]]]:
    """The plans of the statements a block runs, and how many rows each passes over."""
    plans: list[tuple[str, int]] = []
    run = type(database).run
    is_sqlite = database.engine.dialect.name == "sqlite"

    def noted(self: Any, connection: Any, statement: Any, parameters: Mapping[str, Any]) -> Any:
        prepared: Prepared = self._prepared(statement, parameters)
        values = prepared.values(parameters)
        if is_sqlite:
            rows = connection.execute("EXPLAIN QUERY PLAN " + prepared.sql, values).fetchall()
            # what is inside something else is indented, as PostgreSQL does it
            plan = "\n".join("  " * bool(parent) + detail for _, parent, _, detail in rows)
        else:
            cursor = psycopg.RawCursor(connection)
            cursor.execute(("EXPLAIN " + prepared.sql).encode(), values)
            plan = "\n".join(row[0] for row in cursor.fetchall())
        plans.append((plan, parameters.get("offset", 0)))
        return run(self, connection, statement, parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(database), "run", noted)
        yield plans


def far_plans(database: Database, sort: str, criteria: ClientCriteria) -> list[tuple[str, int]]:
    order: tuple[SortKey, ...] = parse_sort(sort, FIELDS)
    store = SqlStore(primary=database, replica=database)
    with store.read() as work, explained(database) as plans:
        page = work.clients.list(criteria, PageRequest(order=order, limit=20, offset=MANY // 2))
    assert len(page) == 20
    return plans


@pytest.fixture(scope="module", params=DATABASES)
def filled(request: pytest.FixtureRequest) -> Iterator[Database]:
    """A database with many clients, to look at alone."""
    database = open_database(databases(request, request.param).fresh(), pool_size=1)
    fill(database)
    yield database
    database.engine.dispose()


def check_plans(database: Database) -> None:
    for sort, criteria in product(SORTS, CRITERIA[:2]):
        for plan, offset in far_plans(database, sort, criteria):
            assert is_cheap(database, plan, is_far=offset > MANY // DAYS * 2), f"{sort} {criteria}\n{plan}"


def is_cheap(database: Database, plan: str, *, is_far: bool) -> bool:
    """No table is read as a whole, and nothing but rows alike in the first field, or a page, is sorted.

    Rows that are passed over by the thousand are those of an index, in its own order.
    """
    first, *lines = plan.split("\n")
    if database.engine.dialect.name == "sqlite":
        is_page = "LIST SUBQUERY" in plan
        sorts = [line for line in lines if line.endswith("USE TEMP B-TREE FOR ORDER BY")]
        if is_page:
            sorts = [line for line in sorts if line.startswith(" ")]
        if is_far:
            sorts += [
                line
                for line in lines
                if "LAST" in line or ("INDEX" in line and "autoindex" not in line and "COVERING" not in line)
            ]
        return not sorts and all("INDEX" in line for line in [first, *lines] if "SCAN" in line)
    sorts = [line for line in lines if "Sort  (" in line and "Incremental" not in line]
    return "Seq Scan" not in plan and not sorts


@pytest.mark.thorough
def test_no_far_page_reads_or_sorts_all(filled: Database) -> None:
    check_plans(filled)


def check_linked(database: Database, parent: AccountId) -> None:
    """Whose clients somebody's are is looked up, and their clients by their ids."""
    store = SqlStore(primary=database, replica=database)
    with store.read() as work, explained(database) as plans:
        page_request: PageRequest[Client] = PageRequest(order=parse_sort("name", FIELDS), limit=20)
        found = work.clients.list(ClientCriteria(user_id=parent), page_request)
        assert len(found) == work.clients.count(ClientCriteria(user_id=parent)) == 10
    for plan, _ in plans:
        assert "ix_client_accounts_account_id" in plan, plan
        assert not re.search("Seq Scan|SCAN clients", plan), plan


@pytest.mark.thorough
def test_the_clients_of_an_account_are_found_without_reading_others(filled: Database) -> None:
    with SqlStore(primary=filled, replica=filled).read() as work:
        (first,) = work.clients.list(ClientCriteria(), PageRequest(order=(), limit=1))
    check_linked(filled, first.user_ids[0])


@pytest.mark.plants
def test_a_list_that_is_sorted_anew_for_each_page_is_caught(
    filled: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing.Parts, "is_sought", False)
    with pytest.raises(AssertionError):
        check_plans(filled)
