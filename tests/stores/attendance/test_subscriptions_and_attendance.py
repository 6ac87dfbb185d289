"""What every store must do with passes and marks: what is counted, listed and told of them."""

import re
from typing import Any

import pytest

from attendance.adapters.clock import IanaZones
from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database
from attendance.application.attendance.sheets import MarkAttendance, ShowSheet
from attendance.application.ports import Store
from attendance.application.ports.attendance import VisitCriteria
from attendance.domain.attendance.charging import UNPAID, Charge
from attendance.domain.attendance.marks import Changed, MarkingRules
from attendance.domain.attendance.status import Status
from attendance.domain.permissions.roles import Role
from attendance.testing import make
from attendance.testing.contract.attendance.scene import DAY, MARCH_1, Club, paid_by
from tests.stores.test_statements import counted


@pytest.fixture
def club(store: Store) -> Club:
    return Club(store)


@pytest.mark.parametrize("number", [1, 150])
def test_marks_of_many_take_as_few_statements_as_one(database: Database, number: int) -> None:
    club = Club(SqlStore(primary=database, replica=database))
    clients = club.clients(*(str(n) for n in range(2 * number)))
    lesson = club.lesson(club.group(*clients))
    marked = [make.mark(lesson, it, club.teacher, charge=UNPAID) for it in clients]
    half = marked[:number]
    with counted(database) as statements:
        club.change(*(Changed(before=None, after=it) for it in half))
    assert len(statements) == 1
    with counted(database) as statements:
        club.change(
            *(Changed(before=it, after=None) for it in half),
            *(Changed(before=None, after=it) for it in marked[number:]),
        )
    assert len(statements) == 2
    with counted(database) as statements:
        club.change(*(Changed(before=it, after=it) for it in marked[number:]))
    assert statements == []
    with counted(database) as statements:
        club.sheet(lesson)
        club.marks(lesson, *clients)
        club.of_clients(MARCH_1, *clients)
        club.summary(clients[0])
        club.visits(clients[0])
        with club.store.transaction() as work:
            work.subscriptions.clients_between(MARCH_1, MARCH_1, limit=number)
            work.subscriptions.days_charged_between([], MARCH_1, MARCH_1)
    assert len(statements) == 7


@pytest.mark.parametrize("number", [5, 60])
def test_a_sheet_with_all_it_shows_takes_three_statements(database: Database, number: int) -> None:
    """To mark takes as many each time too: two more for the marks and their events, one for who is new."""
    store = SqlStore(primary=database, replica=database)
    club = Club(store)
    clients = club.clients(*(str(n) for n in range(number)))
    group = club.group(*clients)
    before, lesson = club.lesson(group, MARCH_1 - DAY), club.lesson(group)
    for client in clients:
        club.sell(client, visits=8)
        club.mark(before, client, charge=UNPAID)
    parts: dict[str, Any] = {
        "store": store,
        "clock": lambda: make.NOON,
        "zones": IanaZones("UTC"),
        "marking_rules": MarkingRules(),
    }
    show, mark = ShowSheet(**parts), MarkAttendance(new_id=make.new_id, **parts)
    head = make.actor(make.confirmed(role=Role.HEAD_MANAGER))
    with counted(database) as statements:
        shown = show(head, lesson_id=lesson.id)
    assert len(statements) == 3
    assert {(it.unpaid_visits, it.payer and it.payer.visits_left) for it in shown.attendances} == {(1, 8)}
    sent: Any = [{"client_id": client.id, "status": Status.PRESENT} for client in clients]
    for status, expected in ((Status.PRESENT, 9), (Status.LATE, 8)):
        with counted(database) as statements:
            mark(head, lesson_id=lesson.id, attendances=[entry | {"status": status} for entry in sent])
        assert len(statements) == expected


def plan_of(database: Database, statement: str, *but: str) -> str:
    """How a statement is to be carried out for any values, without a scan wherever an index will do.

    On PostgreSQL without what else is named either: how many rows it believes there are is left from others.
    """
    with database.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            nothing = (None,) * statement.count("?")
            rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", nothing)
            return "\n".join(row[3] for row in rows)
        avoided = [f"{it} = off" for it in ("enable_seqscan", *but)]
        for word in (*avoided, "plan_cache_mode = force_generic_plan"):
            connection.exec_driver_sql(f"SET {word}")
        nothings = ", ".join(["NULL"] * len({*re.findall(r"\$\d+", statement)}))
        connection.exec_driver_sql(f"PREPARE asked AS {statement}")
        plan = "\n".join(connection.exec_driver_sql(f"EXPLAIN EXECUTE asked ({nothings})").scalars())
        connection.exec_driver_sql("DEALLOCATE asked")
        connection.exec_driver_sql("RESET ALL")
        return plan


def test_marking_and_showing_look_up_what_they_need_by_indexes(database: Database) -> None:
    club = Club(SqlStore(primary=database, replica=database))
    (ada,) = club.clients("Ada")
    lesson, sold = club.lesson(club.group(ada)), club.sell(ada)
    mark = club.mark(lesson, ada, charge=paid_by(sold))
    with counted(database) as statements:
        club.sheet(lesson)
        club.marks(lesson)
        club.marks(lesson, ada)
        club.of_clients(MARCH_1, ada)
        club.visits(ada)
        club.summary(ada)
        with club.store.read() as work:
            work.subscriptions.covering([ada.id], MARCH_1)
            work.events.numbers_of([mark.id])
        club.change(Changed(before=mark, after=None))
        with club.store.transaction() as work:
            work.subscriptions.get_for_update(sold.id)
            work.subscriptions.days_charged(sold.id)
            work.subscriptions.days_charged_between([sold.id], MARCH_1, MARCH_1)
            work.attendance.count(VisitCriteria(client_id=ada.id))
            work.attendance.unpaid_of(ada.id)
    kept = "accounts|attendance|clients|events|group_members|lessons|prices|subscriptions"
    for statement in statements:
        plan = plan_of(database, statement)
        assert not re.search(rf"(Seq Scan on|SCAN) ({kept})\b", plan), (statement, plan)
        # going through all lessons of some dates is little better; PostgreSQL may as long as there are few
        assert "SEARCH lessons USING INDEX ix_lessons" not in plan, (statement, plan)
    assert "ix_attendance_unpaid" in plan_of(database, statements[-1])


def test_a_database_refuses_a_visit_both_paid_and_unpaid(database: Database) -> None:
    club = Club(SqlStore(primary=database, replica=database))
    (ada,) = club.clients("Ada")
    lesson, sold = club.lesson(club.group()), club.sell(ada)
    with pytest.raises(Exception, match="ck_attendance_charge"):
        club.mark(lesson, ada, charge=Charge(sold.id, unpaid=True))
    assert club.marks(lesson) == ()
