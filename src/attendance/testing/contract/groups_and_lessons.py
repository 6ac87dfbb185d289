"""What every store must do with groups and lessons."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, fields, replace
from datetime import date, time, timedelta
from itertools import product
from typing import Any, TypeVar

import pytest

from attendance.application.pagination import PageRequest
from attendance.application.ports import Contended, LessonWithTeachers, Store, UnitOfWork
from attendance.application.ports.club import GROUPS, LESSONS, CalledLesson, GroupCriteria, LessonCriteria
from attendance.domain.accounts.accounts import Account
from attendance.domain.attendance.marks import Changed
from attendance.domain.club.clients import Client
from attendance.domain.club.groups import Group, GroupMembership, GroupNotFound, Slot, Teaching
from attendance.domain.club.lessons import Lesson, LessonNotFound, LessonState, Scheduled, SlotTaken
from attendance.domain.club.locations import Location
from attendance.domain.events import Action, Event
from attendance.domain.ids import AccountId, EventId, LessonId
from attendance.testing import make

T = TypeVar("T")

MARCH_2 = date(2026, 3, 2)

DAY = timedelta(days=1)

HOUR = timedelta(hours=1)

PREDICATES = LESSONS.predicates

EVERYTHING: Any = PageRequest(order=(), limit=1000)


@dataclass(frozen=True)
class Club:
    """A location, somebody who teaches and some clients, in a store."""

    store: Store
    location: Location
    teacher: Account
    clients: tuple[Client, ...]

    def put(self, *groups_and_lessons: Group | Lesson) -> None:
        with self.store.transaction() as work:
            for thing in groups_and_lessons:
                work.groups.add(thing) if isinstance(thing, Group) else work.lessons.add(thing)

    def group(self, **changes: Any) -> Group:
        group = make.group(self.location, **changes)
        self.put(group)
        return group

    def mark(self, *lessons: Lesson) -> None:
        marks = [make.mark(lesson, self.clients[0], self.teacher) for lesson in lessons]
        with self.store.transaction() as work:
            work.attendance.save([Changed(before=None, after=mark) for mark in marks])

    def unmark(self, lesson: Lesson) -> None:
        with self.store.transaction() as work:
            (mark,) = work.attendance.of_lesson(lesson.id)
            work.attendance.save([Changed(before=mark, after=None)])

    def ask(self, question: Callable[[UnitOfWork], T]) -> T:
        with self.store.read() as work:
            return question(work)

    def groups(self) -> tuple[Group, ...]:
        return self.ask(lambda work: work.groups.list(GroupCriteria(), EVERYTHING))


def club_in(store: Store, clients: int = 3) -> Club:
    club = Club(store, make.location(), make.account(), tuple(make.client() for _ in range(clients)))
    with store.transaction() as work:
        work.locations.add(club.location)
        work.accounts.add(club.teacher)
        for client in club.clients:
            work.clients.add(client)
    return club


@pytest.fixture
def club(store: Store) -> Club:
    return club_in(store)


@pytest.fixture
def other_thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def joined(client: Client, since: date = MARCH_2, until: date | None = None) -> GroupMembership:
    return GroupMembership(client_id=client.id, since=since, until=until)


def whole_group(club: Club) -> Group:
    first, second, third = club.clients
    return make.group(
        club.location,
        name="Ännchen\u202f𐐀",
        capacity=2,
        active_from=date.min,
        active_until=date.max,
        teachers=(Teaching(user_id=club.teacher.id, since=date.min, until=date.max),),
        members=(
            joined(first, MARCH_2, MARCH_2),
            joined(first, MARCH_2 + 7 * DAY),
            joined(second, date.min, date.max),
            joined(third, MARCH_2 + DAY, MARCH_2 + 2 * DAY),
        ),
        schedule=(
            Slot(weekday=7, starts=time(23), ends=time(23, 59, 59, 1)),
            Slot(weekday=1, starts=time.min, ends=time(1)),
        ),
        updated_at=make.NOON + timedelta(microseconds=1),
    )


def whole_lesson(club: Club, group: Group) -> Lesson:
    return make.lesson(
        group,
        timezone="Asia/Kathmandu",
        starts=time(0, 0, 0, 1),
        ends=time(23, 59, 59, 999999),
        capacity=1,
        teachers=(club.teacher.id, make.account().id),
        topic="Clay ä 𐐀",
        cancelled=True,
        reason='"ill"',
        closed=True,
        scheduled=Scheduled(date=MARCH_2 - DAY, starts=time(17)),
    )


def test_a_group_is_read_as_it_was_kept_and_becomes_another(club: Club) -> None:
    whole = whole_group(club)
    club.put(whole)
    first = club.clients[0]
    bare = replace(make.group(club.location), id=whole.id)
    ended = tuple(replace(it, until=MARCH_2 + 30 * DAY) for it in whole.members if it.until is None)
    moved = joined(first, MARCH_2 - 9 * DAY, MARCH_2 - 8 * DAY)
    before = whole
    for changes in (
        {"members": (*(it for it in whole.members if it.until), *ended), "name": "B"},
        {"members": (moved,), "teachers": ()},
        {"members": whole.members, "teachers": whole.teachers, "capacity": None},
        {name: getattr(bare, name) for name in ("name", "active_from", "members", "teachers", "schedule")},
    ):
        assert club.groups() == (before,)
        assert club.ask(lambda work: work.groups.find(whole.id)) == before
        with club.store.transaction() as work:
            assert work.groups.get_for_update(whole.id) == before
            before = replace(before, **changes, version=before.version + 1)
            work.groups.save(before)
            assert work.groups.get(whole.id) == before
    assert club.groups() == (before,)


def test_a_lesson_is_read_as_it_was_kept_and_becomes_another(club: Club) -> None:
    group = club.group()
    whole = whole_lesson(club, group)
    after = replace(make.lesson(group), id=whole.id, version=2)
    club.put(whole)
    for lesson in (whole, after):
        if lesson.version > 1:
            with club.store.transaction() as work:
                work.lessons.save(lesson)
        criteria = LessonCriteria(group_id=group.id, at=make.NOON)
        with club.store.read() as work:
            assert work.lessons.list(criteria, EVERYTHING) == (lesson,)
        with club.store.transaction() as work:
            assert work.lessons.get(whole.id) == work.lessons.get_for_update(whole.id) == lesson


def test_what_is_not_there_is_not_found(club: Club) -> None:
    nowhere = make.new_id()
    with club.store.transaction() as work:
        assert work.groups.find(nowhere) is None
        assert work.lessons.find(nowhere) is None
        for get in (work.groups.get, work.groups.get_for_update):
            with pytest.raises(GroupNotFound):
                get(nowhere)
        for look in (
            work.lessons.get,
            work.lessons.get_for_update,
            lambda it: work.lessons.with_teachers(it, for_update=True),
        ):
            with pytest.raises(LessonNotFound):
                look(LessonId(nowhere))


def test_only_the_next_version_is_saved(club: Club) -> None:
    group = club.group(members=(joined(club.clients[0]),))
    lesson = make.lesson(group)
    club.put(lesson)
    for version in (1, 3):
        with pytest.raises(Contended), club.store.transaction() as work:
            work.groups.save(replace(group, members=(), version=version))
        with pytest.raises(Contended), club.store.transaction() as work:
            work.lessons.save(replace(lesson, topic="Clay", version=version))
    assert club.groups() == (group,)
    assert club.ask(lambda work: work.lessons.get(lesson.id)) == lesson


def test_those_of_some_ids_are_held_in_their_order_and_known(club: Club) -> None:
    groups = [club.group() for _ in range(4)]
    lessons = [make.lesson(group) for group in groups]
    club.put(*lessons)
    nowhere = make.new_id()
    with club.store.transaction() as work:
        assert work.groups.get_all_for_update([it.id for it in reversed(groups[1:])] + [nowhere]) == (
            *groups[1:],
        )
        assert work.lessons.get_all_for_update({it.id for it in lessons}) == (*lessons,)
        assert work.clients.get_all_for_update([it.id for it in reversed(club.clients)]) == club.clients
        assert work.groups.existing_ids([groups[0].id, groups[0].id, nowhere]) == {groups[0].id}
        assert work.clients.lock_existing([nowhere, club.clients[0].id]) == {club.clients[0].id}
        assert work.lessons.get_all_for_update([]) == ()
        assert work.groups.get_all_for_update([nowhere]) == ()
        assert work.clients.existing_ids([]) == frozenset()


def test_a_lesson_is_marked_by_its_marks_alone(club: Club) -> None:
    group = club.group()
    lesson, other = make.lesson(group), make.lesson(group, date=MARCH_2 + DAY)
    club.put(replace(lesson, is_marked=True), other)
    assert club.ask(lambda work: work.lessons.get(lesson.id)) == lesson
    club.mark(lesson)
    marked = replace(lesson, is_marked=True)
    with club.store.transaction() as work:
        assert work.lessons.get(lesson.id) == work.lessons.get_for_update(lesson.id) == marked
        assert work.lessons.get_all_for_update([lesson.id, other.id]) == (marked, other)
        assert work.lessons.with_teachers(lesson.id, for_update=False).lesson == marked
        work.lessons.save(replace(marked, topic="Clay", version=2))
    club.unmark(lesson)
    assert club.ask(lambda work: work.lessons.get(lesson.id)) == replace(lesson, topic="Clay", version=2)


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


def test_lessons_of_a_group_are_locked_by_date(club: Club) -> None:
    group, other = club.group(), club.group()
    lessons = [make.lesson(group, date=MARCH_2 + DAY * n) for n in range(4)]
    club.put(*reversed(lessons), make.lesson(other))
    club.mark(lessons[1])
    with club.store.transaction() as work:
        found = work.lessons.lock_of_group(group.id, MARCH_2 + DAY, MARCH_2 + 2 * DAY)
        assert found == (replace(lessons[1], is_marked=True), lessons[2])
        assert work.lessons.lock_of_group(group.id, MARCH_2 + 4 * DAY, date.max) == ()


def test_lessons_are_removed_with_their_place_in_time(club: Club) -> None:
    group = club.group()
    lessons = [make.lesson(group, date=MARCH_2 + DAY * n) for n in range(3)]
    place = Scheduled(date=MARCH_2 + 9 * DAY, starts=time(9))
    scheduled = make.lesson(group, starts=time(9), scheduled=place)
    club.put(*lessons, scheduled)
    with pytest.raises(ZeroDivisionError), club.store.transaction() as work:
        work.lessons.remove_all(lessons)
        raise ZeroDivisionError
    with club.store.transaction() as work:
        work.lessons.remove_all([])
        work.lessons.remove_all([lessons[0], lessons[2], scheduled])
        assert work.lessons.list(LessonCriteria(at=make.NOON), EVERYTHING) == (lessons[1],)
        assert work.lessons.slots_taken(group.id, date.min, date.max) == {(lessons[1].date, time(17))}
    club.put(make.lesson(group), make.lesson(group, starts=time(9), scheduled=place))


def test_lessons_at_a_time_are_found_by_group_and_by_teacher(club: Club) -> None:
    group, other, teacher = club.group(), club.group(), make.account()
    by = {"teachers": (club.teacher.id, teacher.id)}
    first, second = make.lesson(group, **by), make.lesson(group, starts=time(18), ends=time(0), **by)
    night = make.lesson(
        other, timezone="Asia/Tokyo", date=MARCH_2 + DAY, starts=time(1, 30), ends=time(2), **by
    )
    off = make.lesson(group, starts=time(20), ends=time(21), cancelled=True, reason="ill", **by)
    ends = make.lesson(other, date=date.max, starts=time(1), ends=time(2), timezone="UTC")
    club.put(off, second, first, night, ends)
    club.mark(first)
    first = replace(first, is_marked=True)
    tick = timedelta(microseconds=1)
    with club.store.read() as work:
        for since, until, expected in (
            (first.starts_at, second.ends_at, (first, second)),
            (first.ends_at, second.ends_at, (second,)),
            (first.ends_at - tick, first.ends_at, (first,)),
            (first.ends_at - tick, first.ends_at + tick, (first, second)),
            (second.ends_at, second.ends_at + DAY, ()),
            (first.starts_at - DAY, first.starts_at, ()),
            (make.NOON.replace(year=1), ends.starts_at, (first, second)),
        ):
            assert work.lessons.of_group_between(group.id, since, until) == expected
        assert work.lessons.of_group_between(other.id, ends.starts_at, ends.ends_at) == (ends,)
        dates = [MARCH_2, MARCH_2 + DAY]
        nobody = AccountId(make.new_id())
        for teachers, days, found in (
            ([teacher.id], dates, (first, night, second)),
            ([club.teacher.id, teacher.id, nobody], dates, (first, night, second)),
            ([teacher.id], dates[1:], (night,)),
            ([nobody], dates, ()),
            ([teacher.id], [], ()),
            ([], dates, ()),
        ):
            assert work.lessons.taught_on(teachers, days) == found


def test_a_group_has_one_lesson_at_a_time(club: Club) -> None:
    group, other = club.group(), club.group()
    first, second = make.lesson(group), make.lesson(group, starts=time(16))
    club.put(first, second, make.lesson(other))
    third = make.lesson(group, date=MARCH_2 + DAY)
    with pytest.raises(SlotTaken), club.store.transaction() as work:
        work.lessons.add(make.lesson(group, ends=time(19)))
    with pytest.raises(SlotTaken), club.store.transaction() as work:
        work.lessons.add_all([third, make.lesson(group)])
    with pytest.raises(SlotTaken), club.store.transaction() as work:
        work.lessons.add_all([third, make.lesson(group, date=third.date)])
    with pytest.raises(SlotTaken), club.store.transaction() as work:
        work.lessons.save(replace(second, starts=first.starts, version=2))
    criteria = LessonCriteria(group_id=group.id, at=make.NOON)
    assert {*club.ask(lambda work: work.lessons.list(criteria, EVERYTHING))} == {first, second}
    club.put(third)
    with club.store.transaction() as work:
        work.lessons.save(replace(first, starts=time(17, 30), version=2))
        work.lessons.save(replace(second, starts=first.starts, ends=first.ends, version=2))


def test_a_place_in_the_schedule_has_one_lesson_wherever_it_was_moved(club: Club) -> None:
    group, other = club.group(), club.group()
    place = Scheduled(date=MARCH_2 + DAY, starts=time(9))
    first, second = make.lesson(group, scheduled=place), make.lesson(group, starts=time(16))
    club.put(first, second, make.lesson(other, scheduled=place), make.lesson(group, starts=time(15)))
    again = make.lesson(group, date=place.date, starts=place.starts, scheduled=place)
    for refused in (again, replace(again, starts=time(10))):
        with pytest.raises(SlotTaken), club.store.transaction() as work:
            work.lessons.add(refused)
        with pytest.raises(SlotTaken), club.store.transaction() as work:
            work.lessons.add_all([refused])
    with pytest.raises(SlotTaken), club.store.transaction() as work:
        work.lessons.save(replace(second, scheduled=place, version=2))
    with club.store.read() as work:
        assert work.lessons.slots_taken(group.id, place.date, date.max) == {(place.date, place.starts)}
        assert work.lessons.slots_taken(group.id, MARCH_2, MARCH_2) == {
            (MARCH_2, time(hour)) for hour in (15, 16, 17)
        }
        assert len(work.lessons.slots_taken(group.id, date.min, date.max)) == 4
        assert work.lessons.slots_taken(group.id, MARCH_2 + 2 * DAY, date.max) == frozenset()


def test_lessons_of_a_location_are_held_by_date(club: Club) -> None:
    elsewhere = make.location()
    with club.store.transaction() as work:
        work.locations.add(elsewhere)
    groups = [club.group(), club.group()]
    lessons = [make.lesson(group, date=MARCH_2 + DAY * n) for n, group in product(range(4), groups)]
    away = make.lesson(groups[0], starts=time(9), location_id=elsewhere.id)
    club.put(*reversed(lessons), away)
    club.mark(lessons[2])
    with club.store.transaction() as work:
        found = work.lessons.lock_at_location(club.location.id, MARCH_2 + DAY, MARCH_2 + 2 * DAY)
        assert found == (replace(lessons[2], is_marked=True), *lessons[3:6])
        assert work.lessons.lock_at_location(elsewhere.id, date.min, date.max) == (away,)
        assert work.lessons.lock_at_location(elsewhere.id, MARCH_2 + DAY, date.max) == ()


@pytest.mark.parametrize("for_update", [False, True])
def test_a_lesson_is_taught_by_its_own_teachers_and_its_groups_on_its_date(
    club: Club, *, for_update: bool
) -> None:
    others = [make.account() for _ in range(4)]
    with club.store.transaction() as work:
        for other in others:
            work.accounts.add(other)
    spans = [(MARCH_2, MARCH_2), (date.min, None), (MARCH_2 + DAY, None), (date.min, MARCH_2 - DAY)]
    teachings = tuple(
        Teaching(user_id=who.id, since=since, until=until)
        for who, (since, until) in zip(others, spans, strict=True)
    )
    group, another = club.group(teachers=teachings), club.group()
    elsewhere = make.location()
    with club.store.transaction() as work:
        work.locations.add(elsewhere)
    lesson = make.lesson(group, teachers=(club.teacher.id, others[0].id), location_id=elsewhere.id)
    bare = make.lesson(another)
    club.put(lesson, bare)
    with club.store.transaction() as work:
        assert work.lessons.with_teachers(lesson.id, for_update=for_update) == LessonWithTeachers(
            lesson=lesson,
            teachers=frozenset({club.teacher.id, others[0].id, others[1].id}),
            group_name=group.name,
            location_name=elsewhere.name,
        )
        assert work.lessons.with_teachers(bare.id, for_update=for_update) == LessonWithTeachers(
            lesson=bare, teachers=frozenset(), group_name=another.name, location_name=club.location.name
        )


def test_lessons_are_called_by_their_group_day_and_time(club: Club, store: Store) -> None:
    clay, judo = club.group(name="Clay"), club.group(name="Judo")
    lessons = [
        make.lesson(clay, date=MARCH_2),
        make.lesson(judo, date=MARCH_2 + DAY, starts=time(8), ends=time(9)),
    ]
    club.put(*lessons)
    with store.read() as work:
        found = work.lessons.called([LessonId(make.new_id()), *(lesson.id for lesson in lessons)])
        assert work.lessons.called([]) == {}
    assert found == {
        lessons[0].id: CalledLesson(group_name="Clay", date=MARCH_2, starts=lessons[0].starts),
        lessons[1].id: CalledLesson(group_name="Judo", date=MARCH_2 + DAY, starts=time(8)),
    }


def test_events_are_numbered_by_subject(store: Store) -> None:
    one, other, none = (make.new_id() for _ in range(3))
    with store.transaction() as work:
        for subject_id in (one, other, one, one):
            work.events.add(
                Event(
                    id=EventId(make.new_id()),
                    at=make.NOON,
                    actor_id=None,
                    action=Action.ATTENDANCE_MARKED,
                    subject_id=subject_id,
                )
            )
        assert work.events.numbers_of([one, none]) == {one: 3}
        assert work.events.numbers_of([other, one]) == {one: 3, other: 1}
        assert work.events.numbers_of([]) == {}


def test_events_of_many_subjects_are_found_by_what_happened(store: Store) -> None:
    one, other, none = (make.new_id() for _ in range(3))
    events = [
        Event(
            id=EventId(make.new_id()),
            at=make.NOON,
            actor_id=None,
            action=action,
            subject_id=subject_id,
            before={"date": "2026-03-02"},
        )
        for subject_id in (one, other, one)
        for action in (Action.LESSON_EDITED, Action.LESSON_DELETED)
    ]
    with store.transaction() as work:
        work.events.add_all(events)
        deleted = Action.LESSON_DELETED
        assert work.events.of_all([other, none, one], deleted) == tuple(events[1::2])
        assert work.events.of_all([other], deleted) == (events[3],)
        assert work.events.of_all([none], deleted) == work.events.of_all([], deleted) == ()


def test_many_events_are_kept_in_their_order(store: Store) -> None:
    subject = make.new_id()
    events = [
        Event(
            id=EventId(make.new_id()),
            at=make.NOON - HOUR * n,
            actor_id=None,
            action=Action.ATTENDANCE_MARKED,
            subject_id=subject,
            before=None if n % 2 else {"note": "ä", "minutes_late": None},
            after={"trial": True},
        )
        for n in range(50)
    ]
    with store.transaction() as work:
        work.events.add(events[0])
        work.events.add_all(events[1:])
        work.events.add_all([])
        assert work.events.of(subject) == (*events,)


def in_turn(
    store: Store,
    pool: ThreadPoolExecutor,
    first: Callable[[UnitOfWork], None],
    then: Callable[[UnitOfWork], T],
) -> T:
    """What the second finds that begins before the first has ended."""

    def run() -> T:
        with store.transaction() as work:
            return then(work)

    with store.transaction() as work:
        first(work)
        other: Future[T] = pool.submit(run)
        wait([other], timeout=0.3)
    return other.result()


def joins(group: Group, client: Client) -> Callable[[UnitOfWork], None]:
    def join(work: UnitOfWork) -> None:
        before = work.groups.get_for_update(group.id)
        after = replace(before, members=(*before.members, joined(client)), version=before.version + 1)
        work.groups.save(after)

    return join


def test_two_who_join_at_once_both_do(club: Club, other_thread: ThreadPoolExecutor) -> None:
    group = club.group()
    first, second, _ = club.clients
    in_turn(club.store, other_thread, joins(group, first), joins(group, second))
    assert club.groups()[0].members == (joined(first), joined(second))


def marks_held(club: Club, lesson: Lesson) -> Callable[[UnitOfWork], None]:
    def mark(work: UnitOfWork) -> None:
        work.lessons.with_teachers(lesson.id, for_update=True)
        mark = make.mark(lesson, club.clients[0], club.teacher)
        work.attendance.save([Changed(before=None, after=mark)])

    return mark


def test_a_lesson_that_is_held_is_known_to_be_marked(club: Club, other_thread: ThreadPoolExecutor) -> None:
    lesson = make.lesson(club.group())
    club.put(lesson)
    for question in (
        lambda work: work.lessons.get_for_update(lesson.id),
        lambda work: work.lessons.get_all_for_update([lesson.id])[0],
        lambda work: work.lessons.lock_at_location(club.location.id, MARCH_2, MARCH_2)[0],
    ):
        assert in_turn(club.store, other_thread, marks_held(club, lesson), question).is_marked
        club.unmark(lesson)


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
