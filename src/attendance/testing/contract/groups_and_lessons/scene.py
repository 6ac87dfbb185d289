"""What the tests of groups and lessons begin with."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, time, timedelta
from typing import Any, TypeVar

import pytest

from attendance.application.pagination import PageRequest
from attendance.application.ports import Store, UnitOfWork
from attendance.application.ports.club import LESSONS, GroupCriteria
from attendance.domain.accounts.accounts import Account
from attendance.domain.attendance.marks import Changed
from attendance.domain.club.clients import Client
from attendance.domain.club.groups import Group, GroupMembership, Slot, Teaching
from attendance.domain.club.lessons import Lesson, Scheduled
from attendance.domain.club.locations import Location
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
