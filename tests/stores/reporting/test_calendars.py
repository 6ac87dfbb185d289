"""What every store must do with calendars and their tokens."""

from datetime import date

import pytest

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database
from attendance.application.ports import Store
from attendance.testing.contract.calendars import DAY, MARCH_2, Club
from tests.stores.test_statements import counted


@pytest.fixture
def club(store: Store) -> Club:
    return Club(store)


def test_each_question_is_one_statement(database: Database) -> None:
    club = Club(SqlStore(primary=database, replica=database))
    for number in range(20):
        club.lesson(club.group, MARCH_2 + number * DAY)
    with club.store.autocommit() as work:
        questions = {
            "holder": lambda: work.calendars.holder("x"),
            "groups": lambda: work.calendars.groups_taught(club.teacher.id, MARCH_2),
            "group": lambda: work.calendars.group(club.group.id, club.teacher.id, MARCH_2),
            "teacher": lambda: work.calendars.of_teacher(club.teacher.id, MARCH_2, date.max),
            "of group": lambda: work.calendars.of_group(club.group.id, MARCH_2, date.max),
        }
        for name, ask in questions.items():
            with counted(database) as statements:
                ask()
            assert len(statements) == 1, name
