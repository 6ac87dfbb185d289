"""How many statements the four uses of lab attendance take: what costs is their number."""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from dependency_injector import providers
from litestar.testing import TestClient

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.drivers.postgres import PREPARED_AFTER
from attendance.adapters.sql.engine.statements import Prepared
from attendance.application.labs.marks import (
    DeleteLabAttendance,
    LabAttendanceByDate,
    LabAttendanceHistory,
    MarkLabAttendance,
)
from attendance.application.pagination import Page, PageRequest
from attendance.application.ports.events import EventCriteria
from attendance.domain.attendance.status import Status
from attendance.domain.events import Action, ChangeContext
from attendance.domain.ids import ClientId
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


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkedOverHttp:
    """A lab whose owner marks a member and reads the day, over HTTP."""

    client: TestClient[Any]
    database: Database
    url: str
    body: dict[str, str]
    headers: dict[str, str]

    @classmethod
    @contextmanager
    def over(cls, database_url: str) -> Iterator["MarkedOverHttp"]:
        container = Container(settings=settings_of({"database_url": database_url, "secret_key": "k" * 32}))
        database = container.primary()
        given = Given(SqlStore(primary=database, replica=database))
        session = make.session(given.owner)
        with container.store().transaction() as work:
            work.sessions.add(session)
        container.clock.override(providers.Object(lambda: make.NOON))
        with TestClient(application(container)) as client:
            yield cls(
                client=client,
                database=database,
                url=f"/labs/{given.lab.id}/attendance",
                body={"user_id": str(given.members[0].id), "date": DAY.isoformat()},
                headers={"authorization": f"Bearer {container.tokens().issue(session)}"},
            )

    def puts(self, status: str) -> None:
        answer = self.client.put(self.url, json=self.body | {"status": status}, headers=self.headers)
        assert answer.status_code == 200

    def reads(self) -> None:
        params = {"date": self.body["date"]}
        assert self.client.get(self.url, params=params, headers=self.headers).status_code == 200


def test_a_request_takes_one_statement_more_for_its_session(database_url: str) -> None:
    with MarkedOverHttp.over(database_url) as lab:
        writing = 1 if lab.database.engine.dialect.name == "postgresql" else 2
        with counted(lab.database) as statements:
            lab.puts("late")
        assert len(statements) == 2 + writing
        with counted(lab.database) as statements:
            lab.reads()
        assert len(statements) == 2


@contextmanager
def traced(database: Database, directory: Path) -> Iterator[Callable[[], int]]:
    """How often a block has waited for PostgreSQL so far, by libpq's own account of what it sends."""
    file = directory / "trace"

    def trace(connection: Any, *_: Any) -> None:
        connection.pgconn.trace(written.fileno())

    def untrace(connection: Any, *_: Any) -> None:
        connection.pgconn.untrace()

    with file.open("w") as written:
        sa.event.listen(database.engine, "checkout", trace)
        # what is traced is written to the file when that ends
        sa.event.listen(database.engine, "checkin", untrace)
        yield lambda: len(re.findall(r"\tF\t\d+\t(?:Sync|Query)\b", file.read_text()))
        sa.event.remove(database.engine, "checkout", trace)
        sa.event.remove(database.engine, "checkin", untrace)


@pytest.mark.parametrize("kept_database", ["postgresql"], indirect=True)
def test_a_request_waits_for_postgresql_less_often_than_it_has_statements(
    database_url: str, tmp_path: Path
) -> None:
    """Twice to mark in a lab, once to read a day: session with question, and the change with its event."""
    with MarkedOverHttp.over(database_url) as lab:
        # until the server keeps the statements
        for number in range(2 * PREPARED_AFTER):
            lab.puts("late" if number % 2 else "absent")
            lab.reads()
        with traced(lab.database, tmp_path) as waited:
            lab.puts("absent")
            assert waited() == 2
            lab.reads()
            assert waited() == 3


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


@pytest.mark.thorough
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


def test_the_events_of_one_subject_are_found_by_their_indexes(database: Database) -> None:
    """The log is not read backwards until there are enough."""
    store = SqlStore(primary=database, replica=database)
    context, clients = ChangeContext(None, make.NOON, make.new_id), [make.new_id() for _ in range(100)]
    with store.transaction() as work:
        work.events.add_all(
            [
                context.event(Action.ATTENDANCE_MARKED, make.new_id(), client_id=ClientId(clients[n % 100]))
                for n in range(5000)
            ]
        )
    criteria = EventCriteria(subject_id=clients[0])
    with counted(database) as statements, store.read() as work:
        assert len(work.events.list(criteria, PageRequest(order=(), limit=20))) == 20
        assert work.events.count(criteria) == 50
    with database.engine.connect() as connection:
        for statement in statements:
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql("ANALYZE events")
                subject = f"'{clients[0]}'::uuid"
                bound = {"$1": subject, "$2": "20", "$3": "0"}
                explained = re.sub(r"\$\d", lambda found, bound=bound: bound[found[0]], statement)
                plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN {explained}").scalars())
            else:
                bound = (clients[0].hex, clients[0].hex, 20, 0)[: statement.count("?")]
                rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", bound)
                plan = "\n".join(row[3] for row in rows)
            assert "ix_events_client_id_position" in plan
            assert "ix_events_subject_id_position" in plan
