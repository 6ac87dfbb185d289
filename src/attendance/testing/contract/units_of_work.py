"""What a unit of work promises, of one inside another, and of several use cases in one transaction."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import Any, get_type_hints

import pytest

from attendance.application.forms.retrying import retried
from attendance.application.pagination import Page
from attendance.application.ports import (
    Contended,
    DuplicateId,
    LeftElsewhere,
    NestedUnitOfWork,
    Store,
    UnitOfWork,
)
from attendance.domain.accounts.accounts import UsernameTaken, UserNotFound
from attendance.domain.errors import Unavailable
from attendance.domain.ids import AccountId
from attendance.testing import make
from attendance.testing.contract.labs import DAY, Given, marked

UNITS = ("transaction", "autocommit", "read")


def number(store: Store) -> int:
    """How many accounts there are."""
    with store.read() as work:
        return work.accounts.search("", Page()).total


def add(store: Store, **changes: Any) -> None:
    with store.transaction() as work:
        work.accounts.add(make.account(**changes))


def test_a_unit_has_every_repository(store: Store) -> None:
    for unit in UNITS:
        with getattr(store, unit)() as work:
            for name in get_type_hints(UnitOfWork):
                assert getattr(work, name) is getattr(work, name), (unit, name)


@pytest.mark.parametrize("inner", [*UNITS, "ambient"])
@pytest.mark.parametrize("outer", UNITS)
def test_a_unit_inside_a_unit_is_refused(store: Store, outer: str, inner: str) -> None:
    with getattr(store, outer)() as work:
        with pytest.raises(NestedUnitOfWork), getattr(store, inner)():
            pass
        # and the outer one is as good as before
        assert work.accounts.search("", Page()).total == 0
    add(store)
    assert number(store) == 1


def test_what_an_outer_unit_did_is_undone_whatever_was_refused_inside(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.transaction() as work:
        work.accounts.add(make.account())
        with pytest.raises(NestedUnitOfWork), store.transaction():
            pass
        raise ZeroDivisionError
    assert number(store) == 0


def test_an_ambient_transaction_commits_all_or_nothing(store: Store) -> None:
    with store.ambient():
        add(store)
        assert number(store) == 1
        with store.autocommit() as work:
            work.accounts.add(make.account())
        assert number(store) == 2
    assert number(store) == 2
    with pytest.raises(ZeroDivisionError), store.ambient():
        add(store)
        add(store)
        raise ZeroDivisionError
    assert number(store) == 2


def refused_inside(store: Store) -> None:
    """What is refused inside an ambient transaction leaves no trace; what is done before and after stays."""
    add(store, username="ada")
    with store.ambient():
        add(store)
        with pytest.raises(UsernameTaken), store.transaction() as work:
            work.accounts.add(make.account())
            work.accounts.add(make.account(username="ada"))
        with pytest.raises(ZeroDivisionError), store.autocommit() as work:
            work.accounts.add(make.account())
            raise ZeroDivisionError
        assert number(store) == 2
        add(store)
    assert number(store) == 3


def test_what_is_refused_and_caught_leaves_no_trace(store: Store) -> None:
    refused_inside(store)


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_inside_one_that_joined_is_refused(store: Store, unit: str) -> None:
    with store.ambient():
        with store.transaction() as work:
            work.accounts.add(make.account())
            with pytest.raises(NestedUnitOfWork), getattr(store, unit)():
                pass
        assert number(store) == 1
    assert number(store) == 1


def test_an_ambient_transaction_inside_another_is_refused(store: Store) -> None:
    with store.ambient():
        add(store)
        with pytest.raises(NestedUnitOfWork), store.ambient():
            pass
        add(store)
    assert number(store) == 2


def test_an_ambient_transaction_that_is_left_in_another_context_is_rolled_back(store: Store) -> None:
    for raised in (None, ZeroDivisionError()):
        context, block = copy_context(), store.ambient()
        context.run(block.__enter__)
        context.run(add, store)
        with pytest.raises(LeftElsewhere):
            block.__exit__(type(raised) if raised else None, raised, None)
    assert number(store) == 0


class Losing:
    """A use case that is always Contended."""

    def __init__(self, store: Store) -> None:
        self.store, self.tries = store, 0

    @retried
    def __call__(self) -> None:
        with self.store.transaction() as work:
            self.tries += 1
            work.accounts.add(make.account())
            raise Contended


def test_what_is_contended_is_not_tried_again_inside_an_ambient_transaction(store: Store) -> None:
    losing = Losing(store)
    with store.ambient():
        add(store)
        with pytest.raises(Unavailable):
            losing()
    assert (losing.tries, number(store)) == (1, 1)
    with pytest.raises(Unavailable), store.ambient():
        add(store)
        raise Contended
    assert number(store) == 1


def test_other_threads_do_not_join(store: Store) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def roll_back() -> None:
        with store.ambient():
            add(store)
            begun.set()
            go_on.wait(5)
            raise ZeroDivisionError

    with ThreadPoolExecutor(2) as pool:
        rolled_back = pool.submit(roll_back)
        begun.wait(5)
        added = pool.submit(add, store)
        wait([added], timeout=0.1)
        go_on.set()
        added.result()
        with pytest.raises(ZeroDivisionError):
            rolled_back.result()
    assert number(store) == 1


def test_what_was_started_inside_and_goes_on_afterwards_has_units_of_its_own(store: Store) -> None:
    with store.ambient():
        context = copy_context()
        assert context.run(number, store) == 0
        add(store)
    with pytest.raises(ZeroDivisionError), store.ambient():
        add(store)
        raise ZeroDivisionError
    context.run(add, store)
    assert context.run(number, store) == number(store) == 2


def test_a_statement_that_fails_does_not_end_the_transaction_around_it(store: Store) -> None:
    """On PostgreSQL nothing more could be said in it, were there no savepoint."""
    with store.ambient():
        add(store)
        with pytest.raises(UserNotFound), store.autocommit() as work:
            work.accounts.get(AccountId(make.new_id()))
        with pytest.raises(UsernameTaken), store.autocommit() as work:
            work.accounts.add(make.account(username="ada"))
            work.accounts.add(make.account(username="ada"))
        add(store)
    assert number(store) == 2


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


def test_a_change_and_its_event_are_stored_together_or_not_at_all(store: Store) -> None:
    """The same event id twice: the second mark must go with the event that could not be added."""
    given = Given(store, members=2)
    first, event = marked(given, given.members[0])
    second, _ = marked(given, given.members[1])
    with store.autocommit() as work:
        work.lab_attendance.save(first, event)
    with pytest.raises(DuplicateId), store.autocommit() as work:
        work.lab_attendance.save(second, event)
    with store.autocommit() as work:
        assert work.lab_attendance.find(given.lab.id, second.id) == (given.owner.id, None)
