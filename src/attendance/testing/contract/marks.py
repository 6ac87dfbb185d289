"""What every store must do with the list of all marks: their order, parts of it, which are in it."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import date, time
from itertools import combinations, product
from random import Random
from typing import Any
from uuid import UUID

import pytest

from attendance.application.attendance.marks import marks_order
from attendance.application.pagination import PageRequest
from attendance.application.ports import Store
from attendance.application.ports.attendance import MarkCriteria, MarkRow
from attendance.domain.attendance.charging import UNPAID, Charge
from attendance.domain.attendance.marks import Changed
from attendance.domain.attendance.status import Status
from attendance.domain.club.clients import Client
from attendance.domain.club.groups import Group
from attendance.domain.club.lessons import Lesson
from attendance.domain.ids import LessonId
from attendance.testing import make
from attendance.testing.contract.attendance.scene import Club

ALL = MarkCriteria()
SORTS = ("date", "-date")


def found(
    store: Store, criteria: MarkCriteria = ALL, *, sort: str = "", limit: int = 1000, **page_request: Any
) -> tuple[MarkRow, ...]:
    with store.read() as work:
        return work.marks.list(criteria, PageRequest(order=marks_order(sort), limit=limit, **page_request))


def in_parts(store: Store, criteria: MarkCriteria, length: int, sort: str = "") -> list[MarkRow]:
    rows: list[MarkRow] = []
    part = found(store, criteria, limit=length, sort=sort)
    while part:
        assert len(part) <= length
        rows += part
        part = found(store, criteria, limit=length, after=part[-1], sort=sort)
    return rows


def in_order(rows: Iterable[MarkRow], sort: str) -> list[MarkRow]:
    """By date and start in the direction of `sort`, ties by lesson and client."""
    by_ids = sorted(rows, key=lambda it: (it.mark.lesson_id, it.mark.client_id))
    return sorted(by_ids, key=lambda it: (it.date, it.starts), reverse=sort.startswith("-"))


@pytest.fixture
def club(store: Store) -> Club:
    return Club(store)


@pytest.fixture
def ties(club: Club) -> list[MarkRow]:
    """Marks in lessons that begin at the same time, of clients whose ids are in no order, by their turn."""
    random = Random(7)

    def new_id() -> Any:
        return UUID(int=random.getrandbits(128))

    groups = [club.group(), club.group()]
    clients = [make.client(id=new_id(), name=f"Client {n}") for n in range(3)]
    with club.store.transaction() as work:
        for client in clients:
            work.clients.add(client)
    places = [*product(groups, (1, 2), (time(9), time(9, 30)))]
    random.shuffle(places)
    lessons = [
        club.lesson(group, date(2026, 3, day), starts, id=LessonId(new_id()), ends=time(10, 30))
        for group, day, starts in places
    ]
    # between others, whichever way it is gone through
    club.lesson(club.group(), date(2026, 3, 1), time(9))
    pairs = [*product(lessons, clients)]
    random.shuffle(pairs)
    rows = [row_of(club, lesson, client, random.choice([*Status])) for lesson, client in pairs]
    return sorted(rows, key=lambda it: (it.date, it.starts, it.mark.lesson_id, it.mark.client_id))


def row_of(club: Club, lesson: Lesson, client: Client, status: Status = Status.PRESENT) -> MarkRow:
    mark = club.mark(lesson, client, status, note=str(lesson.starts))
    return MarkRow(
        mark=mark, group_id=lesson.group_id, date=lesson.date, starts=lesson.starts, name=client.name
    )


def test_marks_are_sorted_by_date_start_lesson_and_client(club: Club, ties: list[MarkRow]) -> None:
    assert found(club.store) == found(club.store, sort="+date") == tuple(ties)
    assert found(club.store, sort="-date") == tuple(in_order(ties, "-date"))


@pytest.mark.parametrize("sort", SORTS)
@pytest.mark.parametrize("length", [1, 5, 1000])
def test_parts_of_any_length_are_the_whole(club: Club, ties: list[MarkRow], length: int, sort: str) -> None:
    assert in_parts(club.store, ALL, length, sort) == in_order(ties, sort)
    of_one = MarkCriteria(group_ids=frozenset({ties[0].group_id}), since=date(2026, 3, 2))
    chosen = [it for it in ties if it.group_id == ties[0].group_id and it.date.day == 2]
    assert in_parts(club.store, of_one, length, sort) == in_order(chosen, sort)
    assert len(chosen) == 6


@pytest.mark.parametrize("sort", SORTS)
def test_marks_are_the_same_wherever_they_are_cut(club: Club, ties: list[MarkRow], sort: str) -> None:
    rows = in_order(ties, sort)
    for place, row in enumerate(rows):
        assert found(club.store, limit=4, after=row, sort=sort) == tuple(rows[place + 1 : place + 5])
        assert found(club.store, limit=4, offset=place, sort=sort) == tuple(rows[place : place + 4])
    assert found(club.store, offset=len(ties), sort=sort) == ()


@pytest.mark.parametrize("sort", SORTS)
def test_marks_are_of_a_client_with_a_status_and_paid_or_not(
    club: Club, ties: list[MarkRow], sort: str
) -> None:
    """Each by itself, with others, and in a range."""
    unpaid = [it.mark for place, it in enumerate(ties) if place % 3 == 0 or place % 5 == 1]
    changes = [Changed(before=mark, after=replace(mark, charge=UNPAID)) for mark in unpaid]
    with club.store.transaction() as work:
        work.attendance.save(changes)
    rows = found(club.store, sort=sort)
    client_id, group_id = ties[0].mark.client_id, ties[0].group_id
    meant: dict[str, tuple[Any, Callable[[MarkRow], bool]]] = {
        "client_id": (client_id, lambda it: it.mark.client_id == client_id),
        "status": (Status.LATE, lambda it: it.mark.status is Status.LATE),
        "unpaid": (True, lambda it: it.mark.charge.unpaid),
        "group_ids": (frozenset({group_id}), lambda it: it.group_id == group_id),
        "since": (date(2026, 3, 2), lambda it: it.date.day >= 2),
        "until": (date(2026, 3, 1), lambda it: it.date.day <= 1),
    }
    for names in (*combinations(meant, 1), *combinations(meant, 2)):
        criteria = MarkCriteria(**{name: meant[name][0] for name in names})
        chosen = [it for it in rows if all(meant[name][1](it) for name in names)]
        assert in_parts(club.store, criteria, 2, sort) == chosen, names
        assert found(club.store, criteria, sort=sort, offset=1, limit=3) == tuple(chosen[1:4]), names
        with club.store.read() as work:
            assert work.marks.count(criteria) == len(chosen), names
    paid = MarkCriteria(unpaid=False)
    assert in_parts(club.store, paid, 5, sort) == [it for it in rows if not it.mark.charge.unpaid]


def test_a_part_goes_on_where_the_last_ended_whatever_is_gone(club: Club, ties: list[MarkRow]) -> None:
    """Neither twice nor left out, though the mark it ended with is no more, nor others of its lesson."""
    last = ties[4]
    with club.store.transaction() as work:
        lesson = work.lessons.get_for_update(last.mark.lesson_id)
        gone = [it.mark for it in ties if it.mark.lesson_id == lesson.id]
        work.attendance.save([Changed(before=it, after=None) for it in gone])
    rest = [it for it in ties[5:] if it.mark.lesson_id != lesson.id]
    assert found(club.store, after=last) == tuple(rest)


def test_marks_are_of_groups_and_a_range_and_of_lessons_not_cancelled(club: Club) -> None:
    (ada,) = club.clients("Ada")
    chess, judo, empty = club.group(), club.group(), club.group()
    for group, day in product((chess, judo), range(1, 6)):
        club.mark(club.lesson(group, date(2026, 3, day)), ada)
    cancelled = club.lesson(chess, date(2026, 3, 3), time(18), cancelled=True, reason="ill")
    club.mark(cancelled, ada)
    club.lesson(chess, date(2026, 3, 4), time(18))

    def days(*groups: Group, **criteria: Any) -> list[int]:
        ids = frozenset(it.id for it in groups) if groups else None
        asked = MarkCriteria(group_ids=ids, **criteria)
        rows = found(club.store, asked)
        with club.store.read() as work:
            assert work.marks.count(asked) == len(rows)
        assert ids is None or {it.group_id for it in rows} <= ids
        return [row.date.day for row in rows]

    assert days() == days(chess, judo) == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert days(chess) == days(judo, empty) == [1, 2, 3, 4, 5]
    assert days(chess, since=date(2026, 3, 2), until=date(2026, 3, 4)) == [2, 3, 4]
    assert days(since=date(2026, 3, 5)) == [5, 5]
    assert days(until=date(2026, 3, 1)) == [1, 1]
    assert days(empty) == days(since=date(2026, 3, 6)) == days(until=date(2026, 2, 28)) == []
    assert days(since=date.min, until=date.max) == days()
    nothing = MarkCriteria(group_ids=frozenset())
    assert found(club.store, nothing) == ()
    with club.store.read() as work:
        assert work.marks.count(nothing) == 0


def test_a_mark_comes_whole_with_the_clients_name_of_now(club: Club) -> None:
    (ada,) = club.clients("Ada")
    lesson, paid = club.lesson(club.group(), starts=time(7, 5)), club.sell(ada)
    late = club.mark(lesson, ada, Status.LATE, note="Bus\n", minutes_late=5, charge=Charge(paid.id))
    tried = club.mark(club.lesson(club.group(), date(2026, 3, 4)), ada, note="Ä", trial=True, charge=UNPAID)
    with club.store.transaction() as work:
        work.clients.save(replace(ada, name="Zoe", version=2))
    rows = found(club.store)
    assert [it.mark for it in rows] == [late, tried]
    assert {it.name for it in rows} == {"Zoe"}
    assert (rows[0].group_id, rows[0].date, rows[0].starts) == (lesson.group_id, lesson.date, lesson.starts)


def test_a_lesson_that_is_moved_takes_its_marks_along(club: Club, ties: list[MarkRow]) -> None:
    first = ties[0].mark.lesson_id
    with club.store.transaction() as work:
        lesson, days = work.lessons.get_for_update(first), date(2026, 3, 20) - ties[0].date
        later: dict[str, Any] = {"starts_at": lesson.starts_at + days, "ends_at": lesson.ends_at + days}
        work.lessons.save(replace(lesson, date=lesson.date + days, version=2, **later))
    rows = found(club.store)
    assert [it.mark.lesson_id for it in rows[-3:]] == [first] * 3
    assert {it.date for it in rows[-3:]} == {date(2026, 3, 20)}
    assert len(rows) == len(ties)
