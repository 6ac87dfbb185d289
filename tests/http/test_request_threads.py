"""The threads that answer requests: who runs where, what is cancelled, what is waited for."""

import asyncio
import gc
import math
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from functools import partial
from threading import Event
from typing import Any

import pytest

from attendance.adapters.http.server.operations import request_threads
from attendance.adapters.http.server.operations.request_threads import RequestThreads
from attendance.domain.errors import Unavailable

SECONDS = 30
told: ContextVar[str] = ContextVar("told", default="nothing")


def run(
    ask: Callable[[RequestThreads], Coroutine[Any, Any, Any]], most: int = 2, longest_wait: float = math.inf
) -> Any:
    """What comes of asking threads that are closed afterwards."""

    async def asked() -> Any:
        threads = RequestThreads(most, longest_wait=longest_wait)
        try:
            return await ask(threads)
        finally:
            await threads.close()

    return asyncio.run(asked())


def test_a_call_comes_back_with_its_answer_or_its_error() -> None:
    async def ask(threads: RequestThreads) -> None:
        assert await threads(divmod, 7, 2) == (3, 1)
        with pytest.raises(ZeroDivisionError):
            await threads(divmod, 7, 0)
        assert [piece async for piece in threads.iterate(iter("abc"))] == ["a", "b", "c"]

    run(ask)


def test_a_call_sees_the_context_of_who_asks_and_leaves_it_as_it_was() -> None:
    def look() -> str:
        seen = told.get()
        told.set("another")
        return seen

    async def ask(threads: RequestThreads) -> None:
        async def in_its_own(what: str) -> str:
            told.set(what)
            return await threads(look)

        asked = [asyncio.create_task(in_its_own(str(number))) for number in range(20)]
        assert await asyncio.gather(*asked) == [str(number) for number in range(20)]
        assert told.get() == "nothing"

    run(ask)


def test_little_load_is_for_few_threads_and_much_for_no_more_than_there_may_be() -> None:
    async def ask(threads: RequestThreads) -> None:
        meet = threading.Barrier(8)
        await asyncio.gather(*(threads(meet.wait, SECONDS) for _ in range(8)))
        done = await asyncio.gather(*(threads(threading.get_ident) for _ in range(200)))
        assert len({*done}) <= 8
        # who has just answered may still be on its way to where it waits, and then another one is next
        assert len({await threads(threading.get_ident) for _ in range(50)}) < 8

    run(ask, most=8)


def test_calls_begin_in_the_order_in_which_they_came() -> None:
    begun: list[int] = []

    async def ask(threads: RequestThreads) -> None:
        await asyncio.gather(*(threads(begun.append, number) for number in range(50)))

    run(ask, most=1)
    assert begun == [*range(50)]


class Clock:
    """The time, which passes when it is told to."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(request_threads, "monotonic", clock)
    return clock


async def too_long_a_wait(clock: Clock, threads: RequestThreads) -> list[str]:
    """What is done of calls of which one is under way and others come four and two seconds later."""
    done: list[str] = []
    let, begun = Event(), Event()

    def slow() -> None:
        begun.set()
        assert let.wait(SECONDS)
        done.append("under way")

    asked = [threads(slow)]
    await asyncio.to_thread(begun.wait, SECONDS)
    asked.append(threads(done.append, "first"))
    clock.now += 4
    asked += [threads(done.append, "second"), threads.admitted(done.append, "going on")]
    clock.now += 2
    try:
        asked.append(threads(done.append, "third"))
    except Unavailable:
        done.append("third refused")
    let.set()
    for error in await asyncio.gather(*asked, return_exceptions=True):
        assert error is None or isinstance(error, Unavailable)
        done += ["refused"] if error else []
    await threads(done.append, "the next")
    return done


def test_who_has_waited_too_long_is_refused_and_who_comes_then_at_once(clock: Clock) -> None:
    done = run(partial(too_long_a_wait, clock), most=1, longest_wait=5)
    assert done == ["third refused", "under way", "second", "going on", "refused", "the next"]


def test_who_comes_when_as_many_wait_as_may_is_refused(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_threads, "MOST_WAITING", 3)
    done = run(partial(too_long_a_wait, clock), most=1, longest_wait=50)
    assert done == ["third refused", "under way", "first", "second", "going on", "the next"]


@pytest.mark.plants
def test_without_a_bound_nobody_is_refused(clock: Clock) -> None:
    done = run(partial(too_long_a_wait, clock), most=1)
    assert done == ["under way", "first", "second", "going on", "third", "the next"]


async def cancelled_while_it_waits(threads: RequestThreads) -> list[str]:
    """What was done of a call that is under way and of one that waits, when both are cancelled."""
    done: list[str] = []
    let, begun = Event(), Event()

    def slow() -> None:
        begun.set()
        assert let.wait(SECONDS)
        done.append("under way")

    under_way, waiting = threads(slow), threads(done.append, "waiting")
    await asyncio.to_thread(begun.wait, SECONDS)
    assert under_way.cancel()
    assert waiting.cancel()
    let.set()
    await threads(done.append, "the next")
    return done


def test_who_is_cancelled_before_it_begins_does_not_begin_and_what_has_begun_is_done() -> None:
    assert run(cancelled_while_it_waits, most=1) == ["under way", "the next"]


@pytest.mark.plants
def test_that_it_does_not_begin_is_seen_to_break(monkeypatch: pytest.MonkeyPatch) -> None:
    def regardless(completions: Any, future: Any, context: Any, call: Any, args: Any) -> None:
        completions.put(future, context.run(call, *args), None)

    monkeypatch.setattr(request_threads, "_run", regardless)
    assert run(cancelled_while_it_waits, most=1) == ["under way", "waiting", "the next"]


async def closed_amid(threads: RequestThreads) -> list[str]:
    """What is done when `close` comes back, of one call under way and one that waits."""
    done: list[str] = []
    let = Event()

    def slow() -> None:
        assert let.wait(SECONDS)
        done.append("under way")

    asked = [threads(slow), threads(done.append, "waiting")]
    threading.Timer(0.05, let.set).start()
    await threads.close()
    at_the_end = [*done]
    with pytest.raises(Unavailable):
        threads(done.append, "too late")
    await asyncio.gather(*asked)
    return at_the_end


def test_what_was_taken_is_done_when_the_threads_are_closed_and_nothing_more_is_taken() -> None:
    assert run(closed_amid, most=1) == ["under way", "waiting"]


@pytest.mark.plants
def test_that_it_is_done_is_seen_to_break_where_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    def finish(threads: RequestThreads) -> None:
        threads._is_closed = True

    monkeypatch.setattr(RequestThreads, "finish", finish)
    assert run(closed_amid, most=1) == []


@pytest.mark.slow
def test_who_waits_for_an_answer_keeps_nothing_of_the_last_one() -> None:
    class Thing:
        pass

    async def ask(threads: RequestThreads) -> None:
        thing = Thing()
        gone = weakref.ref(thing)
        await threads(partial(isinstance, thing), Thing)
        del thing
        # the thread may still be on its way to where it waits
        await threads(gc.collect)
        gc.collect()
        assert gone() is None

    run(ask, most=1)


ENDS_AMID = """
import asyncio, time
from attendance.adapters.http.server.operations.request_threads import RequestThreads

def slow():
    time.sleep(0.3)
    print("done")

async def ask():
    RequestThreads(1)(slow)

asyncio.run(ask())
"""


@pytest.mark.slow
def test_a_process_that_ends_without_closing_them_waits_for_what_is_under_way() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", ENDS_AMID], check=True, capture_output=True, text=True, timeout=60
    )
    assert (ended.stdout, ended.stderr) == ("done\n", "")
