"""What every store must do with the list of all marks: their order, parts of it, which are in it."""

import pytest

from attendance.adapters.sql import SqlStore, tables
from attendance.adapters.sql.attendance import marks as module
from attendance.adapters.sql.engine.databases import Database
from attendance.application.ports.attendance import MarkCriteria
from attendance.domain.ids import GroupId
from attendance.testing import make
from attendance.testing.contract.marks import SORTS, found
from tests.stores.attendance.test_subscriptions_and_attendance import plan_of
from tests.stores.test_statements import counted


@pytest.mark.parametrize("groups", [None, 1, 50])
def test_a_part_is_read_along_the_index_of_lessons_in_their_order(
    database: Database, groups: int | None
) -> None:
    """By one of groups each part would be sorted out of all marks that are to come."""
    check_part(database, groups, "enable_sort", "enable_bitmapscan")


def check_part(database: Database, groups: int | None, *avoided: str) -> None:
    ids = None if groups is None else frozenset(GroupId(make.new_id()) for _ in range(groups))
    with counted(database) as statements:
        found(SqlStore(database, database), MarkCriteria(group_ids=ids), limit=500)
    [statement] = statements
    plan = plan_of(database, statement, *avoided)
    assert "SCAN attendance" not in plan
    assert "Seq Scan on" not in plan
    if database.engine.dialect.name == "sqlite":
        assert "((date,starts,id)>(?,?,?) AND date<?)" in plan
        assert plan.count("USE TEMP B-TREE") == 1, "of the part itself"
    else:
        assert "lessons_group_id" not in plan
        # with groups it depends on how many lessons there are, and here are none
        assert groups or ("uq_lessons_date_starts_id" in plan and "Incremental Sort" in plan)


@pytest.mark.plants
def test_a_part_that_is_read_along_an_index_of_groups_is_seen(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisguised = dict.fromkeys(module.DISGUISED, tables.lessons.c.group_id)
    monkeypatch.setattr(module, "DISGUISED", undisguised)
    module._marks.cache_clear()
    # whatever the server knows of how many lessons there are: in the order of dates there is nothing to gain
    with pytest.raises(AssertionError):
        check_part(database, 1, "enable_incremental_sort")
    module._marks.cache_clear()


def test_the_newest_first_are_read_along_the_same_index(database: Database) -> None:
    """Backwards; only lessons that begin at the same time are sorted among themselves."""
    plan = plan_of_marks(database, MarkCriteria(), "-date")
    if database.engine.dialect.name == "sqlite":
        assert "(date>? AND (date,starts)<(?,?))" in plan
        assert "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY" in plan
    else:
        assert "Index Scan Backward using uq_lessons_date_starts_id" in plan
        assert "Presorted Key: lessons.date, lessons.starts" in plan


@pytest.mark.parametrize("sort", SORTS)
def test_what_is_unpaid_is_read_along_an_index_of_that(database: Database, sort: str) -> None:
    plan = plan_of_marks(database, MarkCriteria(unpaid=True), sort)
    assert "ix_attendance_unpaid_date" in plan


@pytest.mark.plants
@pytest.mark.parametrize("sort", SORTS)
def test_what_is_unpaid_without_its_index_is_seen(
    database: Database, sort: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(module.OF_MARKS, "unpaid", tables.attendance.c.unpaid == tables.attendance.c.unpaid)
    module._marks.cache_clear()
    with pytest.raises(AssertionError):
        test_what_is_unpaid_is_read_along_an_index_of_that(database, sort)
    module._marks.cache_clear()


def plan_of_marks(database: Database, criteria: MarkCriteria, sort: str) -> str:
    with counted(database) as statements:
        found(SqlStore(database, database), criteria, limit=500, sort=sort)
    [statement] = statements
    plan = plan_of(database, statement, "enable_sort", "enable_bitmapscan")
    assert "SCAN attendance" not in plan
    assert "Seq Scan on" not in plan
    return plan
