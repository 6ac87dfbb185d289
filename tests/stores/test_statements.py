"""How many statements the four uses of lab attendance take: what costs is their number."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from dependency_injector import providers
from litestar.testing import TestClient

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.statements import Prepared
from attendance.application.labs.marks import (
    DeleteLabAttendance,
    LabAttendanceByDate,
    LabAttendanceHistory,
    MarkLabAttendance,
)
from attendance.application.pagination import Page
from attendance.domain.attendance.status import Status
from attendance.entrypoints.asgi import application
from attendance.entrypoints.container import Container
from attendance.entrypoints.settings import settings_of
from attendance.testing import make
from attendance.testing.contract.labs import DAY, Given


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements a block runs, as the database is told them."""
    statements: list[str] = []
    values = Prepared.values

    def noted(self: Prepared, parameters: Mapping[str, Any]) -> list[Any]:
        statements.append(self.sql)
        return values(self, parameters)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Prepared, "values", noted)
        yield statements


@pytest.mark.parametrize("members", [1, 30])
def test_lab_attendance_takes_one_statement_to_ask_and_one_to_write(database: Database, members: int) -> None:
    """On SQLite the event is a statement of its own: it has no way to write two tables at once."""
    store = SqlStore(primary=database, replica=database)
    given = Given(store, members=members)
    owner, lab_id = make.actor(given.owner), given.lab.id
    parts = {"store": store, "clock": lambda: make.NOON, "new_id": make.new_id}
    mark, delete = MarkLabAttendance(**parts), DeleteLabAttendance(**parts)
    writing = 1 if database.engine.dialect.name == "postgresql" else 2
    user_id = given.members[0].id

    with counted(database) as statements:
        first = mark(owner, lab_id=lab_id, user_id=user_id, date=DAY, status=Status.PRESENT)
    assert len(statements) == 1 + writing
    with counted(database) as statements:
        mark(owner, lab_id=lab_id, user_id=user_id, date=DAY, status=Status.LATE)
    assert len(statements) == 1 + writing
    with counted(database) as statements:
        mark(owner, lab_id=lab_id, user_id=user_id, date=DAY, status=Status.LATE)
    assert len(statements) == 1
    with counted(database) as statements:
        LabAttendanceByDate(store=store)(owner, lab_id=lab_id, date=DAY)
    assert len(statements) == 1
    with counted(database) as statements:
        LabAttendanceHistory(store=store)(owner, lab_id=lab_id, user_id=user_id)
    assert len(statements) == 1
    with counted(database) as statements:
        delete(owner, lab_id=lab_id, attendance_id=first.id)
    assert len(statements) == 1 + writing


def test_a_request_takes_one_statement_more_for_its_session(database_url: str) -> None:
    container = Container(settings=settings_of({"database_url": database_url, "secret_key": "k" * 32}))
    database = container.primary()
    given = Given(SqlStore(primary=database, replica=database))
    session = make.session(given.owner)
    with container.store().transaction() as work:
        work.sessions.add(session)
    container.clock.override(providers.Object(lambda: make.NOON))
    headers = {"authorization": f"Bearer {container.tokens().issue(session)}"}
    body = {"user_id": str(given.members[0].id), "date": DAY.isoformat(), "status": "late"}
    url = f"/labs/{given.lab.id}/attendance"
    writing = 1 if database.engine.dialect.name == "postgresql" else 2
    with TestClient(application(container)) as client:
        with counted(database) as statements:
            assert client.put(url, json=body, headers=headers).status_code == 200
        assert len(statements) == 2 + writing
        with counted(database) as statements:
            assert client.get(url, params={"date": DAY.isoformat()}, headers=headers).status_code == 200
        assert len(statements) == 2


def test_a_session_is_one_statement(database: Database) -> None:
    store = SqlStore(primary=database, replica=database)
    account = make.account()
    session = make.session(account)
    with store.transaction() as work:
        work.accounts.add(account)
        work.sessions.add(session)
    with counted(database) as statements, store.autocommit() as work:
        assert work.sessions.find(session.id)
    assert len(statements) == 1


@pytest.mark.parametrize("part", ["", "us", "user"])
def test_a_search_is_one_statement(database: Database, part: str) -> None:
    store = SqlStore(primary=database, replica=database)
    Given(store, members=5)
    with counted(database) as statements, store.read() as work:
        assert work.accounts.search(part, Page(limit=2)).total == 6
        work.labs.search(part, Page(limit=2))
    assert len(statements) == 2


def test_a_search_by_part_uses_its_index(database: Database) -> None:
    """Among thousands of rows, the plan names the index of parts and not a scan of the table."""
    store = SqlStore(primary=database, replica=database)
    with store.transaction() as work:
        for _ in range(3000):
            work.accounts.add(make.account(username=f"somebody-{make.new_id().hex}"))
    with counted(database) as statements, store.read() as work:
        work.accounts.search("nobody-here", Page())
    with database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("ANALYZE accounts")
            bound = {"$1": "'{nob,obo,bod}'", "$2": "'nobody'", "$3": "10", "$4": "0"}
            statement = re.sub(r"\$\d", lambda found: bound[found[0]], statements[0])
            plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}").scalars())
            assert "ix_accounts_grams" in plan
        else:
            bound = ("nobody", '"nobody"', 10, 0)[: statements[0].count("?")]
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statements[0]}", bound)
            plan = "\n".join(row[3] for row in rows)
            assert "accounts_search VIRTUAL TABLE INDEX" in plan
            assert "SCAN accounts\n" not in plan
