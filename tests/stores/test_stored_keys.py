"""Stored keys: those of a former shape, and those another Python or release made, are made anew."""

import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from threading import Barrier, Thread
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.adapters.sql.schema import stored_keys, upgrading
from attendance.adapters.sql.schema.migrating import migrate, migrate_back
from attendance.adapters.sql.schema.stored_keys import STORED_KEYS, has_current_keys, renew_keys
from attendance.adapters.sql.schema.upgrading import bring_up_to_date
from attendance.adapters.sql.tables import metadata
from attendance.adapters.sql.tables.columns import Facts, Key, UtcDateTime
from attendance.application.pagination import Page, PageRequest
from attendance.application.ports.club import ClientCriteria
from attendance.domain.text import KEYS_VERSION, folded, search_key, words_of
from attendance.testing import make
from tests.databases import PostgresDatabases

ELSEWHERE = "1 with Unicode 3.2.0"


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    database = open_database(empty_database_url, pool_size=4)
    yield database
    database.engine.dispose()


def store_of(database: Database) -> SqlStore:
    return SqlStore(primary=database, replica=database)


def keys(database: Database) -> dict[str, list[dict[str, Any]]]:
    """All stored keys, by table, in the order of ids."""
    found = {}
    with database.engine.connect() as connection:
        for table in STORED_KEYS:
            columns = ", ".join(table.keys)
            rows = connection.exec_driver_sql(f"SELECT {columns} FROM {table.table} ORDER BY id")
            found[table.table] = [dict(row) for row in rows.mappings()]
    return found


def say(database: Database, *statements: str) -> None:
    with database.engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def fill(database: Database, clients: int = 3) -> None:
    """Something of every kind that has keys."""
    owner, hall = (
        make.account(username="Ägidius", name="Ägidius Öl"),
        make.location(name="Höhle", address="Örtli 1"),
    )
    children = [
        make.client(name=f"José {n}", guardian_name="Łukasz", email="a@b.example", phone="0170 1")
        for n in range(clients)
    ]
    with store_of(database).transaction() as work:
        work.accounts.add(owner)
        work.locations.add(hall)
        work.groups.add(make.group(hall, name="Ölmalen"))
        work.prices.add(make.price(name="Zehnerkärtli"))
        for child in children:
            work.clients.add(child)
        work.contracts.add(make.contract(children[0], number="Ä/1"))
        work.labs.add(make.lab(owner, name="Ölmühle", description="Späne"))


OLD_KEYS = [
    f"UPDATE {table.table} SET " + ", ".join(f"{column} = '?' || id" for column in table.keys)
    for table in STORED_KEYS
]
"""As no rule of ours makes them; each row has its own, as some are unique."""

OF_ANOTHER_VERSION = f"UPDATE key_version SET version = '{ELSEWHERE}'"


def plant_old_keys(database: Database) -> None:
    say(database, *(it.replace("|| id", "|| CAST(id AS TEXT)") for it in OLD_KEYS), OF_ANOTHER_VERSION)


def found(database: Database, q: str) -> int:
    with store_of(database).read() as work:
        return work.clients.count(ClientCriteria(words=words_of("q", q)))


def test_every_stored_key_can_be_made_anew() -> None:
    known = {(table.table, column) for table in STORED_KEYS for column in table.keys}
    stored = {
        (table.name, column.name)
        for table in metadata.tables.values()
        for column in table.c
        if column.type is Key
    }
    assert known == stored


def test_keys_made_anew_are_those_that_are_stored(database: Database) -> None:
    fill(database)
    before = keys(database)
    plant_old_keys(database)
    assert keys(database) != before
    renew_keys(database)
    assert keys(database) == before


def test_keys_of_another_version_are_renewed_at_the_next_start(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_keys, "BATCH", 2)
    fill(database, clients=5)
    before = keys(database)
    plant_old_keys(database)
    assert not has_current_keys(database)
    assert found(database, "jose") == 0
    bring_up_to_date(database)
    assert has_current_keys(database)
    assert keys(database) == before
    assert found(database, "jose lukasz") == 5
    with store_of(database).read() as work:
        assert work.accounts.search(search_key("gidiu"), Page()).total == 1
        assert work.labs.search(search_key("späne"), Page()).total == 1
        assert work.accounts.find_by_username(folded("ägidius"))


@pytest.mark.plants
def test_keys_that_nobody_renews_are_seen(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upgrading, "has_current_keys", lambda _: True)
    with pytest.raises(AssertionError):
        test_keys_of_another_version_are_renewed_at_the_next_start(database, monkeypatch)


def test_current_keys_are_left_alone(database: Database) -> None:
    fill(database)
    say(database, "UPDATE clients SET searched_text = 'planted'")
    bring_up_to_date(database)
    assert found(database, "planted") == 3


def test_several_that_start_at_once_come_to_the_same(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_keys, "BATCH", 2)
    fill(database, clients=12)
    before = keys(database)
    plant_old_keys(database)
    barrier, failed = Barrier(4), []

    def start() -> None:
        barrier.wait()
        try:
            bring_up_to_date(database)
        except BaseException as error:
            failed.append(error)

    threads = [Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert has_current_keys(database)
    assert keys(database) == before


def test_a_name_that_is_being_changed_while_keys_are_renewed_has_its_own(database: Database) -> None:
    fill(database)
    plant_old_keys(database)
    with store_of(database).read() as work:
        child = work.clients.list(ClientCriteria(), PageRequest(order=(), limit=1))[0]
    renewing = Thread(target=renew_keys, args=(database,))
    with store_of(database).transaction() as work:
        work.clients.save(replace(child, name="Renée", version=child.version + 1))
        renewing.start()
        time.sleep(0.5)
    renewing.join()
    assert has_current_keys(database)
    assert found(database, "renee") == 1
    assert found(database, "jose") == 2


@pytest.mark.plants
def test_a_key_of_a_former_name_is_seen(postgres: PostgresDatabases, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where rows are not locked as they are read. SQLite lets nobody else write at all."""
    database = open_database(postgres.empty(), pool_size=4)
    migrate(database)
    monkeypatch.setattr(sa.Select, "with_for_update", lambda select, **_: select)
    with pytest.raises(AssertionError):
        test_a_name_that_is_being_changed_while_keys_are_renewed_has_its_own(database)
    database.engine.dispose()


def test_whoever_began_last_with_other_rules_has_its_way(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(database)
    plant_old_keys(database)
    require, asked = stored_keys._require, []

    def overtaken(connection: sa.Connection, version: str) -> None:
        if not asked:
            asked.append(version)
            connection.exec_driver_sql("UPDATE key_version SET version = 'being renewed: 2'")
        require(connection, version)

    monkeypatch.setattr(stored_keys, "_require", overtaken)
    before = keys(database)
    renew_keys(database)
    assert keys(database) == before
    assert not has_current_keys(database)
    monkeypatch.undo()
    # the other one never ended: the next start does it
    bring_up_to_date(database)
    assert has_current_keys(database)
    assert found(database, "jose") == 3


def test_a_key_that_another_row_has_stays_as_it_was(database: Database) -> None:
    """Two addresses that other rules told apart: both locations stay, the second by its old key."""
    with store_of(database).transaction() as work:
        for n, address in enumerate(("Street 1", "Street 2")):
            work.locations.add(make.location(name=f"{n}", address=address))
    say(
        database,
        "UPDATE locations SET address = 'STREET 1', address_key = 'other' WHERE address = 'Street 2'",
        OF_ANOTHER_VERSION,
    )
    bring_up_to_date(database)
    assert has_current_keys(database)
    stored = sorted(row["address_key"] for row in keys(database)["locations"])
    assert stored == ["other", "street 1"]


# The migration


KINDS: dict[type, Any] = {UUID: sa.Uuid, datetime: UtcDateTime, list: Facts}
ROW = {"created_at": make.NOON, "updated_at": make.NOON, "version": 3}
OLD = "old"
CHILD = {**ROW, "name_key": OLD, "guardian_name_key": OLD, "phone": "+49 170 1", "email": "jose@example.org"}
CHILD |= {"address": "", "notes": " note ", "active": True}
CLOSURES = [{"since": "2026-01-01", "until": "2026-01-02", "reason": " snow "}]
PLACE = {
    **ROW,
    "closures": CLOSURES,
    "name": "Höhle",
    "name_key": OLD,
    "url": "",
    "timezone": "UTC",
    "active": True,
}


def before_the_migration(database: Database) -> dict[str, UUID]:
    """Rows as the migration before allowed them."""
    migrate(database, "0007")
    ids = {key: UUID(f"01a21d00-0000-7000-8000-00000000000{key}") for key in "abcdef"}
    account = {"username": "Ägidius", "username_key": "ägidius", "name": " Ägidius\u200e Öl ", "role": "user"}
    rows: list[tuple[str, str, dict[str, Any]]] = [
        ("accounts", "a", {**ROW, **account, "name_key": OLD, "active": True}),
        ("clients", "b", {**CHILD, "name": "José  Müller ", "guardian_name": "Zoë"}),
        ("clients", "c", {**CHILD, "name": " \u3000", "guardian_name": "\u200b"}),
        ("clients", "d", {**CHILD, "name": "a\u2028b\u202e", "guardian_name": ""}),
        ("locations", "e", {**PLACE, "address": "Weg 1", "address_key": "weg 1"}),
        ("locations", "f", {**PLACE, "address": "Weg 1 ", "address_key": "weg 1 "}),
        (
            "contracts",
            "a",
            {**ROW, "number": " \u200b", "number_key": OLD, "client_id": ids["b"], "notes": ""},
        ),
    ]
    lab = {
        "name": " Ölmühle",
        "name_key": OLD,
        "description": " Späne ",
        "search_key": OLD,
        "created_at": make.NOON,
    }
    rows.append(("labs", "b", {**lab, "owner_id": ids["a"]}))
    with database.engine.begin() as connection:
        for name, key, values in rows:
            row = {"id": ids[key], **values}
            columns = (sa.column(column, KINDS.get(type(value))) for column, value in row.items())
            connection.execute(sa.insert(sa.table(name, *columns)).values(row))
    return ids


def test_the_migration_makes_keys_and_names_of_what_is_stored(empty: Database) -> None:
    ids = before_the_migration(empty)
    bring_up_to_date(empty)
    assert has_current_keys(empty)
    assert found(empty, "muller jose") == found(empty, "zoe 49170") == 1
    with store_of(empty).read() as work:
        children = work.clients.list(ClientCriteria(), PageRequest(order=(), limit=9))
        names = {it.id: it.name for it in children}
        assert names == {ids["b"]: "José  Müller", ids["c"]: "clients 0000000c", ids["d"]: "ab"}
        second = work.clients.get(ids["c"])
        assert (second.guardian_name, second.notes, second.version) == ("", " note ", 3)
        account = work.accounts.find_by_username("ägidius")
        assert account is not None
        assert account.name == "Ägidius Öl"
        assert work.accounts.search("agid", Page()).total == 1
        [lab] = work.labs.search("spane", Page()).labs
        assert (lab.name, lab.description) == ("Ölmühle", " Späne ")
        places = [work.locations.get(ids[key]) for key in "ef"]
        assert [it.address for it in places] == ["Weg 1", "Weg 1 0000000f"]
        assert [it.closures[0].reason for it in places] == ["snow", "snow"]
        assert work.contracts.get(ids["a"]).number == "contracts 0000000a"
    made = keys(empty)
    renew_keys(empty)
    assert keys(empty) == made, "the migration makes the keys that a start makes"


def test_the_migration_back_makes_the_keys_there_were(empty: Database) -> None:
    before_the_migration(empty)
    migrate(empty)
    migrate_back(empty, "0007")
    with empty.engine.connect() as connection:
        told = connection.exec_driver_sql("SELECT name_key, guardian_name_key FROM clients ORDER BY id").all()
        assert tuple(told[0]) == ("josé  müller", "zoë")
        accounts = connection.exec_driver_sql("SELECT username_key, name_key FROM accounts").all()
        assert [tuple(row) for row in accounts] == [("ägidius", "ägidius öl")]
        labs = connection.exec_driver_sql("SELECT name_key, search_key FROM labs").all()
        assert [tuple(row) for row in labs] == [("ölmühle", "ölmühle\x1f späne ")]
    migrate(empty)
    assert found(empty, "muller jose") == 1


def test_a_new_database_has_current_keys(empty: Database) -> None:
    migrate(empty)
    assert has_current_keys(empty)
    with empty.engine.connect() as connection:
        assert list(connection.exec_driver_sql("SELECT version FROM key_version").scalars()) == [KEYS_VERSION]
