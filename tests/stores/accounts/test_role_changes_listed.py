"""Role changes are listed with the names of everybody concerned in as many statements, however many."""

import pytest

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database
from attendance.domain.permissions.roles import Role
from tests.fakes import World
from tests.stores.test_statements import counted


@pytest.mark.parametrize("number", [1, 15])
def test_a_page_of_role_changes_takes_three_statements(database: Database, number: int) -> None:
    world = World(SqlStore(primary=database, replica=database))
    cases, admin = world.use_cases, world.having(Role.ADMIN, username="admin")
    world.having(Role.OWNER, username="stays")
    for n in range(number):
        owner = world.having(Role.OWNER, username=f"owner{n}")
        cases.change_role(admin, user_id=owner.id, role=Role.USER)
    with counted(database) as statements:
        listed = [*cases.list_role_changes(admin, page=1)]
    assert len(statements) == 3
    assert {change.requested_by_name for change in listed} == {"admin"}
    assert all(change.user_name and change.user_name.startswith("owner") for change in listed)
