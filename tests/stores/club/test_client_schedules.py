"""The lessons of one client among those of many groups: its groups are looked up, and theirs are read."""

import re
from collections.abc import Callable, Iterator
from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.club.lessons import SqlLessons
from attendance.adapters.sql.engine.databases import open_database
from attendance.adapters.sql.tables import lessons
from attendance.application.pagination import PageRequest
from attendance.application.ports import UnitOfWork
from attendance.application.ports.club import ClientCriteria, GroupCriteria
from attendance.domain.ids import ClientId, GroupId
from attendance.testing import make
from attendance.testing.contract.groups_and_lessons.scene import club_in, joined
from tests.conftest import DATABASES, databases
from tests.stores.club.test_far_pages import explained

GROUPS, LESSONS = 60, 100
FIRST, LAST = date(2026, 3, 2), date(2026, 4, 1)
READS: dict[str, Callable[[UnitOfWork, ClientId, GroupId], object]] = {
    "lessons": lambda work, client_id, _: work.lessons.of_member(client_id, FIRST, LAST),
    "calendar": lambda work, client_id, _: work.calendars.of_client(client_id, FIRST, LAST),
    "groups": lambda work, client_id, _: work.groups.list(
        GroupCriteria(member_id=client_id, member_after=FIRST), PageRequest(order=(), limit=500)
    ),
    "members": lambda work, _, group_id: work.clients.list(
        ClientCriteria(group_id=group_id, member_on=FIRST), PageRequest(order=(), limit=20)
    ),
}


@pytest.fixture(scope="module", params=DATABASES)
def filled(request: pytest.FixtureRequest) -> Iterator[tuple[SqlStore, ClientId, GroupId]]:
    """Each client is in one of many groups, each of which meets every day."""
    database = open_database(databases(request, request.param).fresh(), pool_size=1)
    store = SqlStore(primary=database, replica=database)
    club = club_in(store, clients=GROUPS)
    groups = [club.group(members=(joined(client, date(2026, 1, 1)),)) for client in club.clients]
    made = [make.lesson(group, date=FIRST + timedelta(days=n)) for n in range(LESSONS) for group in groups]
    with database.engine.connect() as connection:
        with database.transaction(connection.connection.dbapi_connection):
            connection.execute(sa.insert(lessons), [*map(SqlLessons.mapper.row, made)])
        connection.exec_driver_sql("ANALYZE")
    yield store, club.clients[7].id, groups[7].id
    database.engine.dispose()


@pytest.mark.parametrize("read", READS)
@pytest.mark.thorough
def test_what_is_of_one_client_or_group_is_sought(
    filled: tuple[SqlStore, ClientId, GroupId], read: str
) -> None:
    store, client_id, group_id = filled
    with store.read() as work, explained(store.primary) as plans:
        READS[read](work, client_id, group_id)
    (plan, _) = plans[0]
    assert not re.search(r"Seq Scan on lessons|SCAN lessons|SCAN groups|SCAN clients", plan), plan
