"""What every store must keep of groups and lessons."""

from dataclasses import replace

import pytest

from attendance.application.ports import Contended
from attendance.application.ports.club import LessonCriteria
from attendance.domain.club.groups import GroupNotFound
from attendance.domain.club.lessons import LessonNotFound
from attendance.domain.ids import LessonId
from attendance.testing import make
from attendance.testing.contract.groups_and_lessons.scene import (
    DAY,
    EVERYTHING,
    MARCH_2,
    Club,
    joined,
    whole_group,
    whole_lesson,
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
