"""What every store must know of lessons in time: which are locked, removed, at once, and whose they are."""

from dataclasses import replace
from datetime import date, time, timedelta
from itertools import product

import pytest

from attendance.application.ports import LessonWithTeachers, Store
from attendance.application.ports.club import LessonCriteria, LessonLabel
from attendance.domain.club.groups import Teaching
from attendance.domain.club.lessons import Scheduled, SlotTaken
from attendance.domain.ids import AccountId, LessonId
from attendance.testing import make
from attendance.testing.contract.groups_and_lessons.scene import DAY, EVERYTHING, MARCH_2, Club


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
        found = work.lessons.labels_of([LessonId(make.new_id()), *(lesson.id for lesson in lessons)])
        assert work.lessons.labels_of([]) == {}
    assert found == {
        lessons[0].id: LessonLabel(group_name="Clay", date=MARCH_2, starts=lessons[0].starts),
        lessons[1].id: LessonLabel(group_name="Judo", date=MARCH_2 + DAY, starts=time(8)),
    }
