"""What every store must do with groups and lessons."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, time
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings

from attendance.adapters.memory import MemoryStore
from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.club.groups import SqlGroups
from attendance.adapters.sql.club.lessons import SqlLessons
from attendance.adapters.sql.engine.databases import Database
from attendance.application.club.timetables.listing import ListAllLessons
from attendance.application.club.timetables.overviews import ListGroupOverviews, ListTeachers
from attendance.application.club.timetables.rosters import ShowRoster
from attendance.application.pagination import NumberedPage, PageRequest, SortKey
from attendance.application.ports import Store, UnitOfWork
from attendance.application.ports.club import GroupCriteria, LessonCriteria
from attendance.domain.club.groups import Teaching
from attendance.domain.club.lessons import Lesson
from attendance.domain.permissions.roles import Role
from attendance.testing import make
from attendance.testing.contract.groups_and_lessons.at_once import in_turn, joins, marks_held
from attendance.testing.contract.groups_and_lessons.scene import (
    DAY,
    EVERYTHING,
    HOUR,
    MARCH_2,
    Club,
    club_in,
    joined,
)
from tests.examples import examples
from tests.stores.attendance.test_subscriptions_and_attendance import plan_of
from tests.stores.test_statements import counted

NAMES = ["Anna", "anna", "Ä", "Öle", "zoe", "ﬁona", "𐐀", "\uffdc"]


@pytest.fixture
def club(store: Store) -> Club:
    return club_in(store)


@pytest.fixture
def other_thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(40), deadline=None
)
@given(data=st.data(), limit=st.integers(1, 30), offset=st.integers(0, 30))
@pytest.mark.parametrize("kind", ["groups", "lessons"])
def test_a_cut_is_the_same_in_every_store(
    store: Store, kind: str, data: st.DataObject, limit: int, offset: int
) -> None:
    """Names, dates and moments that coincide."""
    with store.transaction() as work:
        groups = work.groups.list(GroupCriteria(), EVERYTHING)
    if not groups:
        club = club_in(store)
        groups = tuple(
            make.group(club.location, name=NAMES[n % len(NAMES)], created_at=make.NOON + HOUR * (n % 3))
            for n in range(20)
        )
        lessons = [
            make.lesson(
                groups[n % 2],
                date=MARCH_2 + DAY * (n // 8),
                starts=time(7 + n // 2 % 4),
                created_at=make.NOON + HOUR * (n % 3),
            )
            for n in range(40)
        ]
        club.put(*groups, *lessons)
    group_id = min(group.id for group in groups)
    criteria: Any = (
        GroupCriteria()
        if kind == "groups"
        else LessonCriteria(
            group_id=group_id,
            at=make.NOON,
            since=data.draw(st.none() | st.just(MARCH_2 + DAY)),
            until=data.draw(st.none() | st.just(MARCH_2 + 2 * DAY)),
        )
    )
    fields = ["name", "created_at"] if kind == "groups" else ["date", "starts", "created_at"]
    one = st.builds(SortKey, st.sampled_from(fields), st.booleans())
    order = data.draw(st.lists(one, max_size=3, unique_by=lambda order: order.field).map(tuple))
    model = MemoryStore()
    with store.transaction() as work, model.transaction() as expected:
        for group in work.groups.list(GroupCriteria(), EVERYTHING):
            expected.groups.add(group)
        every = LessonCriteria(group_id=group_id, at=make.NOON)
        expected.lessons.add_all(work.lessons.list(every, EVERYTHING))
        found, model_of = getattr(work, kind), getattr(expected, kind)
        page_request: Any = PageRequest(order=order, limit=limit, offset=offset)
        assert found.list(criteria, page_request) == model_of.list(criteria, page_request)
        whole = found.list(criteria, replace(page_request, limit=1000, offset=0))
        assert found.count(criteria) == model_of.count(criteria) == len(whole)
        if whole:
            place = data.draw(st.integers(0, len(whole) - 1))
            rest = found.list(criteria, PageRequest(order=order, limit=limit, after=whole[place]))
            assert rest == whole[place + 1 : place + 1 + limit]


def test_groups_and_lessons_are_a_constant_number_of_statements(database: Database) -> None:
    store = SqlStore(primary=database, replica=database)
    club = club_in(store, clients=60)
    locking = database.engine.dialect.name == "postgresql"
    few = club.group(members=(joined(club.clients[0]),))
    many = club.group(members=tuple(map(joined, club.clients)))
    lessons = [make.lesson(many, date=MARCH_2 + DAY * n) for n in range(100)]

    def number(change: Callable[[UnitOfWork], object]) -> int:
        with counted(database) as statements, store.transaction() as work:
            change(work)
        return len(statements)

    assert number(lambda work: work.groups.list(GroupCriteria(), EVERYTHING)) == 1
    assert number(lambda work: work.groups.get(many.id)) == 1
    assert number(lambda work: work.groups.get_for_update(many.id)) == 1 + locking
    clients = [it.id for it in club.clients]
    assert number(lambda work: work.clients.get_all_for_update(clients)) == 1 + locking
    assert number(lambda work: work.lessons.add_all(lessons)) == 1
    assert number(lambda work: work.lessons.with_teachers(lessons[0].id, for_update=True)) == 1
    assert number(lambda work: work.lessons.next_of_groups([few.id, many.id], make.NOON)) == 1
    assert number(lambda work: work.lessons.slots_taken(many.id, date.min, date.max)) == 1
    assert number(lambda work: work.lessons.lock_held_dates(many.id, make.NOON)) == 2
    assert number(lambda work: work.lessons.lock_at_location(club.location.id, date.min, date.max)) == 2
    assert number(lambda work: work.groups.save(replace(few, name="B", version=2))) == 2
    joining = replace(few, members=many.members, version=3)
    assert number(lambda work: work.groups.save(joining)) == 3
    leaving = replace(joining, members=(joined(club.clients[1], MARCH_2 + DAY),), version=4)
    assert number(lambda work: work.groups.save(leaving)) == 4


@pytest.mark.parametrize("number_of_groups", [1, 30])
def test_lessons_of_all_groups_are_four_statements(database: Database, number_of_groups: int) -> None:
    """One for the lessons, one for what is around them, one for who teaches, one for how many there are."""
    store = SqlStore(primary=database, replica=database)
    club = club_in(store)
    members = tuple(map(joined, club.clients))
    groups = [club.group(members=members) for _ in range(number_of_groups)]
    club.put(*(make.lesson(group, teachers=(club.teacher.id,)) for group in groups))
    list_all = ListAllLessons(store=store, clock=lambda: make.NOON, today=lambda: MARCH_2)
    manager = make.actor(make.confirmed(role=Role.MANAGER))
    for asked in ({}, {"teacher_id": club.teacher.id, "location_id": club.location.id, "untaken": False}):
        for page in (None, 1):
            with counted(database) as statements:
                told = [*list_all(manager, page=page, **asked)]
            assert len(told) == min(number_of_groups, 20 if page else 30)
            assert {lesson.roster for lesson in told} == {3}
            assert len(statements) == (4 if number_of_groups > len(told) else 3)


@pytest.mark.parametrize("number_of_groups", [1, 30])
def test_groups_with_names_are_a_constant_number_of_statements(
    database: Database, number_of_groups: int
) -> None:
    """Groups, names of places and of teachers, next lessons, and how many groups are beyond the page."""
    store = SqlStore(primary=database, replica=database)
    club = club_in(store)
    members = tuple(map(joined, club.clients))
    teaching = Teaching(user_id=club.teacher.id, since=MARCH_2)
    groups = [club.group(members=members, teachers=(teaching,)) for _ in range(number_of_groups)]
    club.put(*(make.lesson(group) for group in groups))
    clock = {"clock": lambda: make.NOON - DAY, "today": lambda: MARCH_2}
    list_overviews = ListGroupOverviews(store=store, **clock)
    manager = make.actor(make.confirmed(role=Role.MANAGER))
    with counted(database) as statements:
        told = [*list_overviews(manager, page=1)]
    assert all(it.next_lesson and it.size == len(members) and it.teacher_names for it in told)
    assert len(statements) == (5 if number_of_groups > len(told) else 4)
    with counted(database) as statements:
        roster = ShowRoster(store=store, today=clock["today"])(manager, group_id=groups[0].id)
    assert (len(roster.entries), len(roster.teachers), len(statements)) == (len(members), 1, 4)
    with counted(database) as statements:
        ListTeachers(store=store)(manager, user_ids=[club.teacher.id])
    assert len(statements) == 2


def check_along_an_index_of_days(plan: str) -> None:
    """No lesson of another day is looked at."""
    assert "SCAN lessons" not in plan, plan
    assert "Seq Scan on lessons" not in plan, plan
    # in either shape that PostgreSQL has for it, and in SQLite's
    assert re.search(r"_lessons_\w+ (.*\s+Index Cond: )?.*\bdate ?>=? ?[?$]", plan), plan


@pytest.mark.parametrize("asked", ["nothing", "sort", "teacher_id", "untaken", "location_id"])
def test_lessons_of_a_day_are_read_along_an_index_of_days(database: Database, asked: str) -> None:
    club = club_in(SqlStore(primary=database, replica=database))
    club.put(*(make.lesson(club.group(), teachers=(club.teacher.id,)) for _ in range(2)))
    values = {
        "sort": "-date",
        "teacher_id": club.teacher.id,
        "untaken": False,
        "location_id": club.location.id,
    }
    list_all = ListAllLessons(store=club.store, clock=lambda: make.NOON, today=lambda: MARCH_2)
    given = {asked: values[asked]} if asked in values else {}
    with counted(database) as statements:
        page = NumberedPage(1, 1)
        assert len([*list_all(make.actor(make.confirmed(role=Role.MANAGER)), page=page, **given)]) == 1
    chosen, _, _, number = statements
    for statement in (chosen, number):
        check_along_an_index_of_days(plan_of(database, statement))


@pytest.mark.plants
@pytest.mark.parametrize("column", ["topic", "starts"])
def test_lessons_of_all_days_are_seen_to_be_read(database: Database, column: str) -> None:
    bound = {"sqlite": "?", "postgresql": "$1"}[database.engine.dialect.name]
    with pytest.raises(AssertionError):
        check_along_an_index_of_days(plan_of(database, f"SELECT id FROM lessons WHERE {column} > {bound}"))


@pytest.fixture
def nothing_locked_first(monkeypatch: pytest.MonkeyPatch) -> None:
    for repository in (SqlGroups, SqlLessons):
        monkeypatch.setattr(repository, "_lock", lambda *_: None)


@pytest.mark.plants
@pytest.mark.usefixtures("nothing_locked_first")
def test_one_who_joins_would_be_lost_were_the_group_not_locked_first(
    store: Store, store_url: str, other_thread: ThreadPoolExecutor
) -> None:
    if not store_url.startswith("postgresql"):
        return
    club = club_in(store)
    group = club.group()
    first, second, _ = club.clients
    in_turn(club.store, other_thread, joins(group, first), joins(group, second))
    assert club.groups()[0].members == (joined(second),)


@pytest.mark.usefixtures("nothing_locked_first")
def test_a_mark_would_be_missed_were_the_lesson_not_locked_first(
    store: Store, store_url: str, other_thread: ThreadPoolExecutor
) -> None:
    if not store_url.startswith("postgresql"):
        return
    club = club_in(store)
    lesson = make.lesson(club.group())
    club.put(lesson)

    def get_for_update(work: UnitOfWork) -> Lesson:
        return work.lessons.get_for_update(lesson.id)

    assert not in_turn(club.store, other_thread, marks_held(club, lesson), get_for_update).is_marked


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_others_may_point_to_what_is_held(store: Store, other_thread: ThreadPoolExecutor) -> None:
    """A store with one writer makes all others wait anyway."""
    club = club_in(store)
    client, signed = club.clients[0], make.contract(club.clients[0])

    def sign() -> None:
        with store.transaction() as work:
            work.contracts.add(signed)

    with store.transaction() as work:
        work.clients.get_for_update(client.id)
        other_thread.submit(sign).result(timeout=60)
        assert work.contracts.get(signed.id) == signed
