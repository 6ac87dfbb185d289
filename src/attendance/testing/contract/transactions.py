"""What a unit of work promises, on every store; and what a database connection is set to."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait

import pytest

from attendance.application.pagination import Page
from attendance.application.ports import Store
from attendance.testing import make
from attendance.testing.contract.labs import DAY, Given, marked


@pytest.fixture
def other_thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as pool:
        yield pool


def test_nobody_sees_what_is_not_committed(store: Store, other_thread: ThreadPoolExecutor) -> None:
    def total() -> int:
        with store.read() as work:
            return work.accounts.search("", Page()).total

    with store.transaction() as work:
        work.accounts.add(make.account())
        seen = other_thread.submit(total)
        # a store may make readers wait; none may let them see
        wait([seen], timeout=0.2)
        early = seen.result() if seen.done() else None
    assert early in (None, 0)
    assert seen.result() == early or seen.result() == 1
    assert total() == 1


def test_two_writers_at_once_both_get_through(store: Store, other_thread: ThreadPoolExecutor) -> None:
    def add() -> None:
        with store.transaction() as work:
            work.accounts.add(make.account())

    with store.transaction() as work:
        work.accounts.add(make.account())
        other = other_thread.submit(add)
        wait([other], timeout=0.1)
    other.result()
    with store.read() as work:
        assert work.accounts.search("", Page()).total == 2


def test_many_threads_lose_nothing(store: Store) -> None:
    barrier = threading.Barrier(16)

    def add_ten() -> None:
        barrier.wait()
        for _ in range(10):
            with store.transaction() as work:
                work.accounts.add(make.account())

    with ThreadPoolExecutor(16) as pool:
        for done in [pool.submit(add_ten) for _ in range(16)]:
            done.result()
    with store.read() as work:
        assert work.accounts.search("", Page()).total == 160


def test_each_call_stands_by_itself(store: Store) -> None:
    given = Given(store)
    mark, event = marked(given, given.members[0])
    with pytest.raises(ZeroDivisionError), store.autocommit() as work:
        work.lab_attendance.save(mark, event)
        raise ZeroDivisionError
    with store.autocommit() as work:
        assert work.lab_attendance.place(given.lab.id, mark.user_id, DAY).mark == mark
