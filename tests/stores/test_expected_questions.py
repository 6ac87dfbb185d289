"""A question that is expected goes with the one before; its answer is not older than what is done since."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine import connection as connections
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.drivers.postgres import PREPARED_AFTER, Postgres
from attendance.adapters.sql.labs.marks import SHEET
from attendance.application.ports import Store, UnitOfWork
from attendance.domain.accounts.sessions import Session
from attendance.domain.attendance.status import Status
from attendance.domain.errors import Unavailable
from attendance.domain.events import ChangeContext
from attendance.domain.ids import LabMarkId
from attendance.domain.labs.marks import LabEntry
from attendance.testing import make
from attendance.testing.contract.labs import DAY, Given


class Asked:
    """A session, and the marks of a lab on a day, asked for one after the other."""

    def __init__(self, store: Store) -> None:
        self.store, self.given = store, Given(store, members=2)
        self.session: Session = make.session(self.given.owner)
        with store.transaction() as work:
            work.sessions.add(self.session)

    def sheet(self, work: UnitOfWork) -> Any:
        return work.lab_attendance.sheet(self.given.lab.id, DAY)

    def marked(self) -> int:
        """How many marks are found, by a unit of work of its own."""
        with self.store.autocommit() as work:
            return len(self.sheet(work).attendances)

    def mark(self, member: int) -> None:
        user_id, owner_id = self.given.members[member].id, self.given.owner.id
        context = ChangeContext(owner_id, make.NOON, make.new_id)
        with self.store.autocommit() as work:
            place = work.lab_attendance.place(self.given.lab.id, user_id, DAY)
            entry = LabEntry(status=Status.PRESENT)
            marked = place.marked(entry, context, by=owner_id, mark_id=LabMarkId(make.new_id()))
            assert marked.event
            work.lab_attendance.save(marked.mark, marked.event)

    def signed_in(self) -> bool:
        with self.store.autocommit() as work:
            return work.sessions.find(self.session.id) is not None

    def prepare(self) -> None:
        """Ask until the server keeps the statements."""
        for _ in range(2 * PREPARED_AFTER):
            self.signed_in()
            self.marked()


@pytest.fixture
def asked(store: Store) -> Asked:
    asked = Asked(store)
    asked.prepare()
    return asked


@pytest.fixture
def on_postgresql(database: Database) -> Iterator[Asked]:
    asked = Asked(SqlStore(primary=database, replica=database))
    asked.prepare()
    yield asked
    # whatever happened, the connection is as good as new
    assert asked.signed_in()


on_postgresql_alone = pytest.mark.parametrize("kept_database", ["postgresql"], indirect=True)


def test_what_is_expected_is_answered(asked: Asked) -> None:
    asked.mark(0)
    with asked.store.expecting(asked.sheet):
        assert asked.signed_in()
        assert asked.marked() == 1
        asked.mark(1)
        # an answer is for once
        assert asked.marked() == 2


def test_an_answer_is_not_older_than_what_is_done_in_between(asked: Asked) -> None:
    with asked.store.expecting(asked.sheet):
        assert asked.signed_in()
        asked.mark(0)
        assert asked.marked() == 1


@pytest.mark.plants
@on_postgresql_alone
def test_the_check_catches_an_answer_that_is_kept(
    on_postgresql: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = connections.Expecting.run

    def keeping(self: Any, connection: Any, statement: Any, parameters: Any) -> Any:
        kept = self._answer
        answer = run(self, connection, statement, parameters)
        self._answer = self._answer or kept
        return answer

    monkeypatch.setattr(connections.Expecting, "run", keeping)
    with pytest.raises(AssertionError):
        test_an_answer_is_not_older_than_what_is_done_in_between(on_postgresql)


def test_what_is_not_asked_in_the_end_is_of_no_concern(asked: Asked) -> None:
    with asked.store.expecting(asked.sheet):
        assert asked.signed_in()
    with asked.store.expecting(asked.sheet):
        pass
    with asked.store.expecting(asked.sheet), asked.store.transaction() as work:
        assert work.sessions.find(asked.session.id)
        assert len(asked.sheet(work).attendances) == 0


@on_postgresql_alone
def test_what_is_wrong_with_it_is_told_to_whoever_asks(
    on_postgresql: Asked, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a statement takes too long: what comes before is answered all the same."""
    asked = on_postgresql
    assert isinstance(database, Postgres)
    with database.connection() as connection:
        uses = database._uses[connection]
        ((key, use),) = ((key, use) for key, use in uses.items() if key[0] is database._compiled[SHEET])
        uses[key] = replace(use, name=b"nobody knows it")
    with asked.store.expecting(asked.sheet):
        assert asked.signed_in()
        with pytest.raises(psycopg.errors.InvalidSqlStatementName):
            asked.marked()
    uses[key] = use
    assert asked.marked() == 0


@on_postgresql_alone
def test_a_connection_that_ends_meanwhile_is_not_used_again(on_postgresql: Asked, database: Database) -> None:
    asked = on_postgresql
    with database.connection() as connection:
        pid = connection.info.backend_pid
    with psycopg.connect(
        database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False),
        autocommit=True,
    ) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
    with asked.store.expecting(asked.sheet), pytest.raises(Unavailable):
        asked.signed_in()
    assert asked.marked() == 0
