"""How every store lists groups and lessons."""

from dataclasses import fields, replace
from datetime import date, time, timedelta
from itertools import product
from operator import attrgetter
from typing import Any

from attendance.application.pagination import PageRequest, SortKey
from attendance.application.ports.club import GROUPS, GroupCriteria, LessonCriteria
from attendance.domain.club.clients import Client
from attendance.domain.club.groups import Group, Teaching
from attendance.domain.club.lessons import LessonState
from attendance.domain.text import sort_key
from attendance.testing import make
from attendance.testing.contract.groups_and_lessons.scene import (
    DAY,
    EVERYTHING,
    HOUR,
    MARCH_2,
    PREDICATES,
    Club,
    joined,
)


def test_lessons_are_listed_by_the_state_that_they_have_at_a_moment(club: Club) -> None:
    group, other = club.group(), club.group()
    lessons = [
        make.lesson(
            group,
            date=MARCH_2 + DAY * n,
            cancelled=is_cancelled,
            reason="ill" if is_cancelled else "",
            timezone=zone,
        )
        for n, (is_cancelled, zone) in enumerate(
            product((False, True, False), ("Asia/Tokyo", "America/New_York"))
        )
    ]
    club.put(*lessons, make.lesson(other))
    club.mark(*lessons[:4])
    moments = [it.starts_at + late for it in lessons for late in (timedelta(microseconds=-1), 0 * DAY, HOUR)]
    with club.store.read() as work:
        for at, state in product(moments, [None, *LessonState]):
            criteria = LessonCriteria(group_id=group.id, at=at, state=state)
            everything = work.lessons.list(replace(criteria, state=None), EVERYTHING)
            expected = tuple(it for it in everything if state in (None, it.state(at=at)))
            assert work.lessons.list(criteria, EVERYTHING) == expected
            assert work.lessons.count(criteria) == len(expected)
        days = {it.date for it in lessons if it.starts_at <= moments[4] and it in lessons[:2]}
        assert work.lessons.lock_held_dates(group.id, moments[4]) == days == {MARCH_2, MARCH_2 + DAY}
        assert work.lessons.lock_held_dates(group.id, moments[0]) == frozenset()
        assert work.lessons.lock_held_dates(other.id, moments[-1]) == frozenset()


def test_lessons_of_all_groups_are_found_by_teacher_place_and_what_nobody_took(club: Club) -> None:
    elsewhere, other_teacher = make.location(), make.account()
    with club.store.transaction() as work:
        work.locations.add(elsewhere)
    groups = [club.group(), club.group()]
    both = (club.teacher.id, other_teacher.id)
    lessons = [
        make.lesson(group, date=MARCH_2 + DAY * day, teachers=both, location_id=elsewhere.id)
        for group, day in product(groups, (0, 3, 6))
    ]
    lessons += [
        make.lesson(groups[0], date=MARCH_2 + DAY, teachers=(other_teacher.id,)),
        make.lesson(groups[1], date=MARCH_2 + DAY, cancelled=True, reason="ill"),
    ]
    club.put(*lessons)
    club.mark(lessons[0], lessons[3])
    at = lessons[-1].starts_at
    questions: list[dict[str, Any]] = [
        {},
        {"group_id": groups[0].id},
        {"location_id": elsewhere.id},
        {"teacher_id": club.teacher.id},
        {"teacher_id": other_teacher.id, "location_id": club.location.id},
        {"teacher_id": make.new_id()},
        {"untaken": True},
        {"untaken": False, "teacher_id": other_teacher.id},
        {"untaken": True, "group_id": groups[1].id, "since": MARCH_2 + DAY},
        {"state": LessonState.HELD, "until": MARCH_2},
        {"over": True},
        {"over": False, "teacher_id": other_teacher.id},
    ]
    numbers = []
    with club.store.read() as work:
        for question in questions:
            criteria = LessonCriteria(at=at, **question)
            found = work.lessons.list(criteria, EVERYTHING)
            every = work.lessons.list(LessonCriteria(at=at), EVERYTHING)
            matching = [
                it
                for it in every
                if all(predicate(it, criteria) for name, predicate in PREDICATES.items() if name in question)
                and question.get("group_id", it.group_id) == it.group_id
                and question.get("location_id", it.location_id) == it.location_id
            ]
            assert found == (*matching,)
            assert work.lessons.count(criteria) == len(found)
            numbers.append(len(found))
    assert numbers == [8, 4, 6, 6, 1, 0, 1, 6, 0, 2, 2, 5]


def test_lessons_are_shown_with_what_is_around_them(club: Club) -> None:
    first, second, third = club.clients
    members = (joined(first, MARCH_2, MARCH_2), joined(second), joined(third, MARCH_2 + DAY))
    group, empty = club.group(name="Chess", members=members), club.group(name="Go")
    lessons = [make.lesson(group, date=MARCH_2 + DAY * n) for n in (-1, 0, 1)]
    other = make.lesson(empty)
    club.put(*lessons, other)
    club.mark(lessons[1], other)
    place = club.location.name
    with club.store.read() as work:
        asked = [work.lessons.get(it.id) for it in (lessons[2], other, lessons[0], lessons[1])]
        told = work.lessons.in_context(asked)
        assert [it.lesson for it in told] == asked
        assert [(it.group_name, it.location_name, it.roster, it.unmarked, it.marked) for it in told] == [
            ("Chess", place, 2, 2, 0),
            ("Go", place, 0, 0, 1),
            ("Chess", place, 0, 0, 0),
            ("Chess", place, 2, 1, 1),
        ]
        assert work.lessons.in_context([]) == ()
    with club.store.transaction() as work:
        work.lessons.remove_all([lessons[2]])
    with club.store.read() as work:
        assert [it.lesson for it in work.lessons.in_context(asked)] == asked[1:]


def test_of_each_group_the_next_lesson_is_found(club: Club) -> None:
    first, second, empty, cancelled, asked_for_by_nobody = (club.group() for _ in range(5))
    of_first = [make.lesson(first, date=MARCH_2 + DAY * n) for n in (0, 1, 2)]
    of_first[1] = replace(of_first[1], cancelled=True, reason="ill")
    of_second = [make.lesson(second, date=MARCH_2 + DAY * n) for n in (3, 1)]
    over = [make.lesson(cancelled, cancelled=True, reason="ill"), make.lesson(asked_for_by_nobody)]
    club.put(*of_first, *of_second, *over)
    club.mark(of_first[0])
    asked = [second.id, first.id, empty.id, cancelled.id]
    begun = of_first[0].starts_at
    with club.store.read() as work:
        for at, expected in (
            (begun - DAY, (of_first[0], of_second[1])),
            (of_first[0].ends_at - timedelta(microseconds=1), (of_first[0], of_second[1])),
            (of_first[0].ends_at, (of_first[2], of_second[1])),
            (of_second[1].ends_at, (of_first[2], of_second[0])),
            (of_second[0].ends_at, ()),
        ):
            found = work.lessons.next_of_groups(asked, at)
            assert found == tuple(work.lessons.get(it.id) for it in expected)
        assert work.lessons.next_of_groups([], begun) == ()


def test_groups_are_found_by_who_is_still_in_them(club: Club) -> None:
    first, second, _ = club.clients
    runs, ends = (
        club.group(members=(joined(first),)),
        club.group(members=(joined(first, until=MARCH_2 + DAY),)),
    )
    begins = club.group(members=(joined(first, MARCH_2 + 9 * DAY), joined(second)))
    club.group()
    with club.store.read() as work:
        for client, after, expected in (
            (first, date.min, (runs, ends, begins)),
            (first, MARCH_2, (runs, ends, begins)),
            (first, MARCH_2 + DAY, (runs, begins)),
            (first, date.max, (runs, begins)),
            (second, MARCH_2, (begins,)),
            (club.clients[2], date.min, ()),
        ):
            criteria = GroupCriteria(member_id=client.id, member_after=after)
            assert work.groups.list(criteria, EVERYTHING) == expected
            assert work.groups.count(criteria) == len(expected)


def test_groups_are_by_words_place_teacher_and_whether_they_are_active(club: Club) -> None:
    other = make.location(address="elsewhere")
    with club.store.transaction() as work:
        work.locations.add(other)
    ends = (None, MARCH_2 - DAY, MARCH_2, MARCH_2 + DAY)
    for number, (since, until) in enumerate(product(ends, ends)):
        if since and until and until < since:
            continue
        teaching = Teaching(user_id=club.teacher.id, since=since or date.min, until=until)
        club.put(
            make.group(
                (club.location, other)[number % 2],
                name=f"Chör {number:02}",
                active_from=since,
                active_until=until,
                teachers=(teaching,) if number % 3 else (),
            )
        )
    words, days = (("chor", "chor"), ("0", "0")), [MARCH_2 + n * DAY for n in range(-2, 3)]
    questions: list[dict[str, Any]] = [
        {"words": words},
        {"location_id": other.id},
        {"words": words, "location_id": other.id, "active": True, "on": MARCH_2},
        *({"teacher_id": club.teacher.id, "on": day} for day in days),
        *({"active": active, "on": day} for active, day in product((True, False), days)),
        # on the days before, none has ended
        *({"ended": ended, "on": day} for ended, day in product((True, False), days[2:])),
    ]
    every, numbers = club.groups(), []
    for question in questions:
        criteria = GroupCriteria(**question)
        meant = tuple(it for it in every if is_meant(it, criteria))
        with club.store.read() as work:
            assert work.groups.list(criteria, EVERYTHING) == meant, question
            assert work.groups.count(criteria) == len(meant), question
        numbers.append(len(meant))
    assert 0 < min(numbers) <= max(numbers) < len(every)


def is_meant(group: Group, criteria: GroupCriteria) -> bool:
    """By the predicates of the resource, and the one field that is compared."""
    asked = [
        name for name, value in vars_of(criteria).items() if value is not None and name in GROUPS.predicates
    ]
    is_there = criteria.location_id in (None, group.location_id)
    return is_there and all(GROUPS.predicates[name](group, criteria) for name in asked)


def vars_of(criteria: GroupCriteria) -> dict[str, Any]:
    return {field.name: getattr(criteria, field.name) for field in fields(criteria)}


def test_lessons_are_found_by_who_is_in_their_group_on_their_date(club: Club) -> None:
    first, second, third = club.clients
    group = club.group(
        members=(
            joined(first, MARCH_2, MARCH_2 + DAY),
            joined(first, MARCH_2 + 4 * DAY),
            joined(second, MARCH_2 + 2 * DAY),
        )
    )
    other = club.group(members=(joined(second),))
    lessons = [make.lesson(group, date=MARCH_2 + n * DAY) for n in range(-1, 6)]
    elsewhere = make.lesson(
        other, date=MARCH_2 + 3 * DAY, starts=time(9), ends=time(10), cancelled=True, reason="ill"
    )
    club.put(*lessons, elsewhere)

    def days(of: Client, since: date = date.min, until: date = date.max) -> list[int]:
        found = club.ask(lambda work: work.lessons.of_member(of.id, since, until))
        assert [*found] == sorted(found, key=lambda it: (it.date, it.starts, it.id))
        assert {it.id: it.is_marked for it in found} == {it.id: it.id == lessons[1].id for it in found}
        return [(it.date - MARCH_2).days for it in found]

    club.mark(lessons[1])
    assert days(first) == [0, 1, 4, 5]
    assert days(second) == [2, 3, 3, 4, 5]
    assert days(first, MARCH_2 + DAY, MARCH_2 + 4 * DAY) == [1, 4]
    assert days(third) == days(make.client()) == []


def test_lessons_and_groups_are_sorted_as_it_is_asked_for(club: Club) -> None:
    groups = [club.group(name=name) for name in ("Clay", "choir", "Átelier")]
    club.put(
        *(make.lesson(groups[n % 2], date=MARCH_2 + DAY * (n % 3), starts=time(8 + n)) for n in range(8))
    )
    starts, name = attrgetter("date", "starts"), lambda group: sort_key(group.name)
    with club.store.read() as work:
        for is_descending in (False, True):
            order = (SortKey("date", descending=is_descending), SortKey("starts", descending=is_descending))
            request: PageRequest[Any] = PageRequest(order=order, limit=100)
            lessons = work.lessons.list(LessonCriteria(at=make.NOON), request)
            assert len(lessons) == 8
            assert [*lessons] == sorted(lessons, key=starts, reverse=is_descending)
            request = PageRequest(order=(SortKey("name", descending=is_descending),), limit=100)
            listed = work.groups.list(GroupCriteria(), request)
            assert len(listed) == 3
            assert [*listed] == sorted(listed, key=name, reverse=is_descending)
