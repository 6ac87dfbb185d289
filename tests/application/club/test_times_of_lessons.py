"""When lessons are: never two of a group at once, every n weeks, deleted, by a new schedule in mid-term."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, time, timedelta
from itertools import pairwise
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from attendance.adapters.sql.club.lessons import SqlLessons
from attendance.application.club import lessons as lessons_module, overlaps
from attendance.application.club.lessons import LessonDetails
from attendance.application.club.overlaps import LessonWarning, LessonWarningCode
from attendance.application.pagination import PageRequest
from attendance.application.ports import Store
from attendance.application.ports.club import LessonCriteria
from attendance.domain.attendance.marks import SentMark
from attendance.domain.attendance.status import Status
from attendance.domain.club.groups import Slot, Teaching
from attendance.domain.club.lessons import (
    LessonMarked,
    LessonNotFound,
    LessonsOverlap,
    LessonState,
    SlotTaken,
)
from attendance.domain.club.locations import Closure
from attendance.domain.errors import Forbidden, Invalid
from attendance.domain.events import Action
from tests import make
from tests.application.club.test_club_records import all_events, events
from tests.application.club.test_groups_and_lessons import (
    DAY,
    EIGHT,
    FIRST,
    MONDAYS,
    NINE,
    SEEN,
    SEVEN_PM,
    SIX_PM,
    TODAY,
    TOMORROW,
    YESTERDAY,
    Club,
    club,
    in_memory,
)

__all__ = ["club"]

MIDNIGHT = time(0)
WEEK = 7 * DAY


def deletes(club: Club, lesson: LessonDetails, by: Any = None) -> None:
    club.use.delete_lesson(by or club.clerk, group_id=lesson.group_id, lesson_id=lesson.id)


# At the same time


def test_no_two_lessons_of_a_group_are_at_the_same_time(club: Club) -> None:
    lesson, other = club.adds(TODAY, EIGHT, NINE), club.adds(TOMORROW, EIGHT, NINE)
    for starts, ends in ((time(8, 30), time(8, 40)), (time(7), time(8, 1)), (time(7), time(10))):
        with pytest.raises(LessonsOverlap):
            club.adds(TODAY, starts, ends)
        with pytest.raises(LessonsOverlap):
            club.changes(club.clerk, other, date=TODAY, starts=starts, ends=ends)
    with pytest.raises(SlotTaken):
        club.adds(TODAY, EIGHT, time(8, 5))
    for starts, ends in ((time(7), EIGHT), (NINE, time(10))):
        club.adds(TODAY, starts, ends)
    with pytest.raises(LessonsOverlap):
        club.changes(club.clerk, lesson, ends=time(9, 1))
    assert club.now(other) == other


@pytest.mark.plants
def test_two_lessons_are_seen_to_be_at_once_when_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lessons_module, "require_no_overlap", lambda *_: None)
    with pytest.raises(SEEN):
        test_no_two_lessons_of_a_group_are_at_the_same_time(in_memory())


def test_a_cancelled_lesson_is_no_obstacle_and_is_not_restored_into_one(club: Club) -> None:
    off = club.changes(club.clerk, club.adds(), cancelled=True, reason="snow")
    other = club.adds(TODAY, time(8, 30), NINE)
    with pytest.raises(LessonsOverlap):
        club.changes(club.clerk, off, cancelled=False)
    assert club.changes(club.clerk, off, starts=time(8, 15)).state is LessonState.CANCELLED
    club.changes(club.clerk, other, cancelled=True, reason="snow")
    assert club.changes(club.clerk, off, cancelled=False).state is LessonState.PLANNED


def test_a_closure_that_goes_restores_nothing_into_another_lesson(club: Club) -> None:
    lesson = club.adds(TOMORROW)
    club.closes(Closure(since=TOMORROW, until=TOMORROW))
    club.adds(TOMORROW, time(8, 30), NINE)
    club.closes()
    assert club.now(lesson).state is LessonState.CANCELLED


def test_a_slot_in_whose_way_a_lesson_is_is_not_made(club: Club) -> None:
    club.adds(TODAY, time(17), time(18, 30))
    made = club.makes(TODAY, TODAY + WEEK)
    assert ([it.date for it in made.lessons], made.existing) == ([TODAY + WEEK], 1)
    at_once = (MONDAYS, Slot(weekday=1, starts=time(18, 30), ends=time(20)))
    club.edits(club.manager, schedule=at_once)
    made = club.makes(TODAY + 2 * WEEK, TODAY + 2 * WEEK)
    assert ([it.starts for it in made.lessons], made.existing) == ([SIX_PM], 1)


def test_a_lesson_ends_at_midnight(club: Club) -> None:
    late = club.adds(TODAY, time(22), MIDNIGHT)
    assert late.ends_at - late.starts_at == timedelta(hours=2)
    whole = club.adds(TOMORROW, MIDNIGHT, MIDNIGHT)
    assert (whole.starts_at, whole.ends_at - whole.starts_at) == (late.ends_at, DAY)
    with pytest.raises(LessonsOverlap):
        club.adds(TOMORROW, time(23), MIDNIGHT)
    with pytest.raises(Invalid):
        club.adds(TODAY, NINE, EIGHT)
    club.marks(club.adds(YESTERDAY, time(22), MIDNIGHT), club.client())
    figures = club.use.show_statistics(club.head, since=YESTERDAY, until=YESTERDAY).figures
    assert figures.taught_hours == 2


# A teacher in two places


def test_a_teacher_in_two_places_is_told_and_not_refused(club: Club) -> None:
    other = club.use.add_group(
        club.manager,
        name="Other",
        location_id=club.location.id,
        teachers=(Teaching(user_id=club.clerk.id, since=FIRST), Teaching(user_id=club.other.id, since=FIRST)),
    )
    far = club.use.add_location(club.head, name="Far", address="Far", timezone="Asia/Tokyo")

    def adds(day: date, starts: time, ends: time, **more: Any) -> Any:
        times = {"date": day, "starts": starts, "ends": ends}
        return club.use.add_lesson(club.manager, group_id=other.id, **times, **more)

    first = club.adds(TOMORROW, SIX_PM, SEVEN_PM)
    there = adds(TOMORROW, time(18, 30), time(20))
    told = LessonWarning(
        code=LessonWarningCode.TEACHER_ELSEWHERE,
        lesson_id=there.id,
        user_id=club.clerk.id,
        with_lesson_id=first.id,
    )
    assert there.warnings == (told,)
    assert adds(TOMORROW, time(20), time(21)).warnings == ()
    on_the_next_date = adds(TOMORROW + DAY, time(2), time(2, 30), location_id=far.id)
    assert on_the_next_date.warnings == (replace(told, lesson_id=on_the_next_date.id),)

    def edits(lesson: Any, **changes: Any) -> Any:
        return club.use.edit_lesson(
            club.manager, group_id=lesson.group_id, lesson_id=lesson.id, **changes
        ).warnings

    back = replace(told, lesson_id=first.id, with_lesson_id=there.id)
    assert edits(first, topic="chess") == (replace(back, with_lesson_id=on_the_next_date.id), back)
    assert edits(there, teachers=(club.other.id,)) == ()
    assert edits(on_the_next_date, cancelled=True, reason="ill") == ()
    assert edits(first, topic="go") == ()
    assert edits(there, teachers=(club.clerk.id,)) == (told,)
    club.edits(club.manager, schedule=(replace(MONDAYS, weekday=3, starts=time(18, 15)),))
    wednesday = TOMORROW + DAY
    busy = adds(wednesday, SIX_PM, SEVEN_PM)
    made = club.makes(TODAY, TODAY + 2 * WEEK)
    assert made.warnings == (replace(told, lesson_id=made.lessons[0].id, with_lesson_id=busy.id),)


@pytest.mark.plants
def test_a_teacher_is_seen_to_be_in_two_places_when_nobody_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overlaps, "_days_around", lambda _: ())
    with pytest.raises(SEEN):
        test_a_teacher_in_two_places_is_told_and_not_refused(in_memory())


# Deleted


def test_an_unmarked_lesson_is_deleted_and_can_be_made_again(club: Club) -> None:
    (lesson,) = club.makes(TODAY, TODAY).lessons
    with pytest.raises(Forbidden):
        deletes(club, lesson, club.other)
    deletes(club, lesson)
    for gone in (lambda: club.now(lesson), lambda: deletes(club, lesson)):
        with pytest.raises(LessonNotFound):
            gone()
    told = events(club.world, lesson.id)[-1]
    assert (told.action, told.actor_id, told.after) == (Action.LESSON_DELETED, club.clerk.id, None)
    assert told.before is not None
    assert told.before["date"] == "2026-03-02"
    assert len(club.makes(TODAY, TODAY).lessons) == 1
    by_hand = club.adds()
    deletes(club, by_hand, club.manager)
    assert club.adds().version == 1


def test_a_lesson_with_marks_is_not_deleted_nor_one_of_another_group(club: Club) -> None:
    anna, lesson = club.client(), club.adds()
    club.marks(lesson, anna)
    before = all_events(club.world)
    with pytest.raises(LessonMarked):
        deletes(club, lesson, club.head)
    other = club.use.add_group(club.manager, name="Other", location_id=club.location.id)
    with pytest.raises(LessonNotFound):
        club.use.delete_lesson(club.head, group_id=other.id, lesson_id=lesson.id)
    assert club.now(lesson).state is LessonState.HELD
    club.marks(lesson, anna, None)
    deletes(club, lesson)
    assert all_events(club.world) == before + 3, "of the group, the mark and the lesson"


# Every n weeks


@pytest.mark.slow
@given(
    every=st.integers(1, 8),
    weekday=st.integers(1, 7),
    since=st.dates(date(2026, 1, 1), date(2026, 12, 31)),
    by_group=st.booleans(),
)
@settings(max_examples=50, deadline=None)
def test_a_group_meets_every_so_many_weeks_from_the_first_such_day_on(
    every: int, weekday: int, since: date, by_group: bool
) -> None:
    club = in_memory()
    slot = Slot(weekday=weekday, starts=SIX_PM, ends=SEVEN_PM, every=every, since=None if by_group else since)
    club.edits(club.manager, active_from=since if by_group else None, schedule=(slot,))
    made = club.makes(since - 30 * DAY, since + 300 * DAY)
    days = [it.date for it in made.lessons]
    assert since <= days[0] < since + WEEK
    assert {day.isoweekday() for day in days} == {weekday}
    assert {second - first for first, second in pairwise(days)} == {every * WEEK}
    assert club.makes(since - 30 * DAY, since + 300 * DAY).existing == len(days)


def test_weeks_are_counted_from_some_day(club: Club) -> None:
    fortnightly = replace(MONDAYS, every=2)
    with pytest.raises(Invalid) as refused:
        club.edits(club.manager, schedule=(MONDAYS, replace(fortnightly, weekday=2)))
    assert [it.field for it in refused.value.field_errors] == ["schedule[1].from"]
    with pytest.raises(Invalid):
        club.use.add_group(club.manager, name="x", location_id=club.location.id, schedule=(fortnightly,))
    club.edits(club.manager, active_from=TODAY, schedule=(fortnightly,))
    with pytest.raises(Invalid):
        club.edits(club.manager, active_from=None)
    for wrong in (replace(MONDAYS, every=0), replace(MONDAYS, every=9, since=TODAY)):
        with pytest.raises(Invalid):
            club.edits(club.manager, schedule=(wrong,))


def test_two_slots_at_one_time_are_in_different_weeks(club: Club) -> None:
    first = replace(MONDAYS, every=2, since=TODAY)
    second = replace(first, since=TODAY + WEEK, ends=time(20))
    club.edits(club.manager, schedule=(second, first))
    made = club.makes(TODAY, TODAY + 3 * WEEK)
    assert [it.ends for it in made.lessons] == [SEVEN_PM, time(20)] * 2
    for other in (replace(first, every=4), replace(second, since=TODAY + 2 * WEEK), MONDAYS):
        with pytest.raises(Invalid):
            club.edits(club.manager, schedule=(first, other))


# A new schedule in mid-term


def test_a_new_schedule_replaces_what_nobody_touched(club: Club) -> None:
    anna = club.client()
    made = club.makes(TODAY, TODAY + 6 * WEEK).lessons
    marked, moved, off, plain, _, outside = made[:6]
    club.marks(marked, anna, Status.EXCUSED)
    moved = club.changes(club.clerk, moved, date=moved.date + DAY)
    club.changes(club.clerk, off, cancelled=True, reason="snow")
    by_hand = club.adds(plain.date, EIGHT, NINE)
    club.edits(club.manager, schedule=(replace(MONDAYS, starts=time(17), ends=time(18)),))
    replaced = club.use.make_lessons(
        club.clerk, group_id=club.group.id, since=TODAY, until=TODAY + 4 * WEEK, replace=True
    )
    assert (len(replaced.lessons), replaced.existing, replaced.removed) == (5, 0, 3)
    now = club.lessons()
    assert {marked.id, moved.id, by_hand.id, outside.id} <= {it.id for it in now}
    assert {off.id, plain.id}.isdisjoint(it.id for it in now)
    assert events(club.world, plain.id)[-1].action is Action.LESSON_DELETED
    again = club.use.make_lessons(
        club.clerk, group_id=club.group.id, since=TODAY, until=TODAY + 4 * WEEK, replace=True
    )
    assert (again.lessons, again.existing, again.removed) == ((), 5, 0)
    assert club.makes(TODAY, TODAY + 6 * WEEK).removed == 0


def test_a_schedule_that_ends_later_now_replaces_what_nobody_edited(club: Club) -> None:
    first, second = club.makes(TODAY, TODAY + WEEK).lessons
    second = club.changes(club.clerk, second, ends=time(19, 15))
    club.edits(club.manager, schedule=(replace(MONDAYS, ends=time(19, 30)),))
    made = club.use.make_lessons(
        club.clerk, group_id=club.group.id, since=TODAY, until=TODAY + WEEK, replace=True
    )
    assert ([it.ends for it in made.lessons], made.existing, made.removed) == ([time(19, 30)], 1, 1)
    assert club.now(second) == second
    with pytest.raises(LessonNotFound):
        club.now(first)


def marks_lost_by(store: Store, rounds: int) -> int:
    """How often something is wrong after a lesson was marked while the schedule was replaced.

    Its mark is gone, or one of the two was refused for what is no reason.
    """
    club, wrong = Club(store), 0
    anna = club.client()
    sent = [SentMark(client_id=anna, status=Status.PRESENT)]
    for n in range(rounds):
        day = TODAY - (n + 1) * WEEK
        club.edits(club.head, schedule=(MONDAYS,))
        (lesson,) = club.makes(day, day).lessons
        club.edits(club.head, schedule=(replace(MONDAYS, starts=time(12), ends=time(13)),))
        barrier = Barrier(2)

        def mark(lesson: LessonDetails = lesson, barrier: Barrier = barrier) -> None:
            barrier.wait(10)
            club.use.mark_attendance(club.head, lesson_id=lesson.id, attendances=sent)

        def put(day: date = day, barrier: Barrier = barrier) -> int:
            barrier.wait(10)
            group_id = club.group.id
            return club.use.make_lessons(
                club.head, group_id=group_id, since=day, until=day, replace=True
            ).removed

        with ThreadPoolExecutor(2) as pool:
            marking, putting = pool.submit(mark), pool.submit(put)
            refused, failed = marking.exception(60), putting.exception(60)
        if failed is not None:
            wrong += 1
        elif putting.result() == 1:
            wrong += not isinstance(refused, LessonNotFound)
        else:
            wrong += refused is not None or club.now(lesson).state is not LessonState.HELD
    return wrong


def test_no_mark_is_lost_while_the_schedule_is_replaced(store: Store) -> None:
    assert marks_lost_by(store, 15) == 0


@pytest.mark.plants
@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
def test_a_mark_is_seen_to_be_in_the_way_when_lessons_are_not_locked(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlocked(lessons: SqlLessons, group_id: Any, since: date, until: date) -> Any:
        criteria = LessonCriteria(at=make.NOON, group_id=group_id, since=since, until=until)
        return lessons.list(criteria, PageRequest(order=(), limit=1000))

    monkeypatch.setattr(SqlLessons, "lock_of_group", unlocked)
    assert marks_lost_by(store, 60)
