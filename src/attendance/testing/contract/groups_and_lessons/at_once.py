"""What every store must do where two work on one group or lesson at once."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import replace

from attendance.application.ports import Store, UnitOfWork
from attendance.domain.attendance.marks import Changed
from attendance.domain.club.clients import Client
from attendance.domain.club.groups import Group
from attendance.domain.club.lessons import Lesson
from attendance.testing import make
from attendance.testing.contract.groups_and_lessons.scene import MARCH_2, Club, T, joined


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
