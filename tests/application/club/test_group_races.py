"""A group and its lessons changed by several at once, over every store. Each test has a twin that fails."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import time
from functools import partial
from itertools import combinations
from threading import Barrier, BrokenBarrierError
from typing import Any

import pytest

from attendance.application.ports import Store, UnitOfWork
from attendance.domain.club.groups import Group, GroupFull, OutsideGroup
from attendance.domain.club.lessons import Lesson, LessonsPlanned
from attendance.domain.errors import AttendanceError
from tests.application.club.test_groups_and_lessons import DAY, EIGHT, FIRST, NINE, TODAY, TOMORROW, Club
from tests.fakes import replaced

ROUNDS, ROUNDS_UNTIL_SEEN = 10, 20
CAPACITY, CROWD = 3, 6


@dataclass
class Unheld(Store):
    """A store whose writing units do not line up: each call is by itself, and groups are saved unguarded.

    All who are `at_once` have read the group before one of them goes on, and are done with looking at its
    lessons before one of them adds some.
    """

    inner: Store
    at_once: int = 1

    def __post_init__(self) -> None:
        self.meet(self.at_once)

    def meet(self, number: int) -> None:
        self._read, self._looked = Barrier(number), Barrier(number)

    @contextmanager
    def transaction(self) -> Iterator[UnitOfWork]:
        with self.inner.autocommit() as work:
            groups, lessons = HastyGroups(work.groups, self._read), HastyLessons(work.lessons, self._looked)
            yield replaced(work, groups=groups, lessons=lessons)

    def autocommit(self) -> AbstractContextManager[UnitOfWork]:
        return self.inner.autocommit()

    def read(self) -> AbstractContextManager[UnitOfWork]:
        return self.inner.read()

    def ambient(self) -> AbstractContextManager[None]:
        return self.inner.ambient()

    def attempts(self) -> Iterator[None]:
        return self.inner.attempts()


@dataclass
class Hasty:
    repository: Any
    meeting: Barrier

    def __getattr__(self, name: str) -> Any:
        return getattr(self.repository, name)

    def meet(self) -> None:
        # one that is tried again finds nobody
        with suppress(BrokenBarrierError):
            self.meeting.wait(timeout=1)


class HastyGroups(Hasty):
    def get_for_update(self, group_id: Any) -> Group:
        found: Group = self.repository.get(group_id)
        self.meet()
        return found

    def save(self, group: Group) -> None:
        self.repository.save(replace(group, version=self.repository.get(group.id).version + 1))


class HastyLessons(Hasty):
    def lock_of_group(self, *about: Any) -> tuple[Lesson, ...]:
        found: tuple[Lesson, ...] = self.repository.lock_of_group(*about)
        self.meet()
        return found

    def add(self, lesson: Lesson) -> None:
        self.meet()
        self.repository.add(lesson)


def at_once(store: Store, *acts: Callable[[], object]) -> list[AttendanceError | None]:
    """What each was refused with, all of them begun in the same instant."""
    start = Barrier(len(acts))
    if isinstance(store, Unheld):
        store.meet(len(acts))

    def act(what: Callable[[], object]) -> AttendanceError | None:
        start.wait(10)
        try:
            what()
        except AttendanceError as refused:
            return refused
        return None

    with ThreadPoolExecutor(len(acts)) as pool:
        return [*pool.map(act, acts)]


def check_no_two_lessons_at_once(store: Store, rounds: int) -> None:
    """Two are added that overlap by half an hour: one of them is refused."""
    club = Club(store)
    for n in range(rounds):
        day = TODAY + n * DAY

        refused = at_once(store, *(partial(club.adds, day, time(8, minute), NINE) for minute in (0, 30)))
        lessons = club.lessons(since=day, until=day)
        overlapping = [it for it in combinations(lessons, 2) if it[0].starts_at < it[1].ends_at]
        assert not overlapping, "two lessons at once"
        assert sorted(type(it).__name__ for it in refused) == ["LessonsOverlap", "NoneType"]


def test_of_two_overlapping_lessons_added_at_once_one_is_refused(store: Store) -> None:
    check_no_two_lessons_at_once(store, ROUNDS)


@pytest.mark.plants
def test_without_the_lock_on_the_group_two_lessons_are_at_once(store: Store) -> None:
    with pytest.raises(AssertionError, match="two lessons at once"):
        check_no_two_lessons_at_once(Unheld(store), ROUNDS_UNTIL_SEEN)


def check_no_lesson_after_the_end(store: Store, rounds: int) -> None:
    """A group ends while a lesson is added after its end: one of the two is refused."""
    club = Club(store)
    for n in range(rounds):
        group = club.use.add_group(club.manager, name=f"{n}", location_id=club.location.id)
        times: dict[str, Any] = {"date": TOMORROW, "starts": EIGHT, "ends": NINE}
        refused = at_once(
            store,
            partial(club.use.add_lesson, club.head, group_id=group.id, **times),
            partial(club.use.edit_group, club.head, group_id=group.id, active_until=TODAY),
        )
        ended = club.use.show_group(club.head, group_id=group.id).active_until is not None
        lessons = club.use.list_lessons(club.head, group_id=group.id).total
        assert not (ended and lessons), "a lesson after the group's end"
        assert [type(it) for it in refused] in ([OutsideGroup, type(None)], [type(None), LessonsPlanned])


def test_no_lesson_is_added_to_a_group_while_it_ends(store: Store) -> None:
    check_no_lesson_after_the_end(store, ROUNDS)


@pytest.mark.plants
def test_without_the_lock_on_the_group_a_lesson_is_added_after_its_end(store: Store) -> None:
    with pytest.raises(AssertionError, match="a lesson after the group's end"):
        check_no_lesson_after_the_end(Unheld(store), ROUNDS_UNTIL_SEEN)


def check_as_many_members_as_places(store: Store, rounds: int) -> None:
    """Six are added one by one to a group of three: three are members, the others are told it is full."""
    club = Club(store)
    clients = [club.client(f"Client {n}") for n in range(CROWD)]
    for n in range(rounds):
        group = club.use.add_group(club.manager, name=f"{n}", location_id=club.location.id, capacity=CAPACITY)
        add = partial(club.use.add_member, club.manager, group_id=group.id, since=FIRST)
        refused = at_once(store, *(partial(add, client_id=it) for it in clients))
        joined = {it for it, why in zip(clients, refused, strict=True) if why is None}
        members = club.use.show_group(club.manager, group_id=group.id).members
        assert members is not None
        assert {it.client_id for it in members} == joined, "not everybody who joined is a member"
        assert len(members) == CAPACITY, f"{len(members)} members in {CAPACITY} places"
        assert all(isinstance(why, GroupFull | None) for why in refused)


def test_of_those_added_one_by_one_at_once_as_many_are_members_as_there_are_places(store: Store) -> None:
    check_as_many_members_as_places(store, ROUNDS)


@pytest.mark.plants
def test_without_the_lock_on_the_group_members_are_lost_or_too_many(store: Store) -> None:
    with pytest.raises(AssertionError, match=r"not everybody who joined|members in 3 places"):
        check_as_many_members_as_places(Unheld(store), ROUNDS_UNTIL_SEEN)
