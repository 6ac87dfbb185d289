"""What every store must do with the list of all marks: their order, parts of it, which are in it."""

import pytest

from attendance.adapters.sql import SqlStore, tables
from attendance.adapters.sql.attendance import marks as module
from attendance.adapters.sql.engine.bulk import among
from attendance.adapters.sql.engine.databases import Database
from attendance.application.ports.attendance import MarkCriteria
from attendance.domain.ids import GroupId
from attendance.testing import make
from attendance.testing.contract.marks import found
from tests.stores.attendance.test_subscriptions_and_attendance import plan_of
from tests.stores.test_statements import counted


@pytest.mark.parametrize("groups", [None, 1, 50])
def test_a_part_is_read_along_the_index_of_lessons_in_their_order(
    database: Database, groups: int | None
) -> None:
    """By one of groups each part would be sorted out of all marks that are to come."""
    ids = None if groups is None else frozenset(GroupId(make.new_id()) for _ in range(groups))
    with counted(database) as statements:
        found(SqlStore(database, database), MarkCriteria(group_ids=ids), limit=500)
    [statement] = statements
    plan = plan_of(database, statement)
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
    monkeypatch.setattr(module, "OF_GROUPS", among(tables.lessons.c.group_id, "group_ids"))
    module._marks.cache_clear()
    with pytest.raises(AssertionError):
        test_a_part_is_read_along_the_index_of_lessons_in_their_order(database, 1)
    module._marks.cache_clear()
