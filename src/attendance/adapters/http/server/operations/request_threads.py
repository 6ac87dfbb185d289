"""The threads that answer requests: there and back at the least cost, as each request goes there once."""

import asyncio
import atexit
import math
from asyncio import AbstractEventLoop, Future
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from contextvars import Context, copy_context
from threading import Lock, Thread
from time import monotonic
from typing import Any, TypeAlias, TypeVar, TypeVarTuple, Unpack

from attendance.domain.errors import Unavailable

MOST_WAITING = 4096
"""Each with its body, which may have a MiB."""

R = TypeVar("R")
A = TypeVarTuple("A")
T = TypeVar("T")


class CompletionQueue:
    """What is done, on its way back to a loop: it is woken once for all that is done until it looks."""

    def __init__(self, loop: AbstractEventLoop) -> None:
        self.loop = loop
        self._done: deque[tuple[Future[Any], Any, BaseException | None]] = deque()
        self._is_woken = False

    def put(self, future: "Future[Any]", result: Any, error: BaseException | None) -> None:
        """Called from any thread."""
        self._done.append((future, result, error))
        if not self._is_woken:
            self._is_woken = True
            # where the loop is closed nobody waits any more
            with suppress(RuntimeError):
                self.loop.call_soon_threadsafe(self._deliver)

    def _deliver(self) -> None:
        # before looking: whoever puts something in later wakes the loop again
        self._is_woken = False
        while self._done:
            future, result, error = self._done.popleft()
            if future.done():
                continue
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)


Task: TypeAlias = tuple[CompletionQueue, "Future[Any]", Context, Callable[..., Any], tuple[Any, ...]]


class Worker:
    """A thread that waits for its next task, None for the end."""

    __slots__ = ("next", "wake")

    def __init__(self) -> None:
        self.next: Task | None = None
        self.wake = Lock()
        self.wake.acquire()


class RequestThreads:
    """Runs calls on at most `most` threads, in the order in which they came; others wait.

    A call that has waited for `longest_wait` seconds is refused, and so is one that comes while somebody has
    waited for so long, or MOST_WAITING wait, at once: their answers would come when nobody waits for them any
    more, and those of whoever comes later, too.

    Whoever idles for the shortest time is next: its stack and its connection are warm, and under little load
    it is always the same one. A call sees the context variables of whoever asks. One that is cancelled before
    it has begun does not begin; one that has begun is done, whether or not somebody still waits for it.
    Called from the thread of an event loop.
    """

    def __init__(
        self, most: int, name: str = "attendance-request", *, longest_wait: float = math.inf
    ) -> None:
        self._most = most
        self._longest_wait = longest_wait
        self._name = name
        self._lock = Lock()
        self._waiting: deque[tuple[float, Task]] = deque()
        self._idle: list[Worker] = []
        self._threads: list[Thread] = []
        self._is_closed = False
        self._completions: CompletionQueue | None = None

    def __call__(self, call: Callable[[Unpack[A]], R], *args: *A) -> "Future[R]":
        """Raises Unavailable once it is closed, and where others wait for too long, it itself included."""
        return self._taken(self._longest_wait, call, args)

    def admitted(self, call: Callable[[Unpack[A]], R], *args: *A) -> "Future[R]":
        """The same for what goes on with something that was let in, however long that waits.

        Raises Unavailable once it is closed.
        """
        return self._taken(math.inf, call, args)

    def _taken(self, longest_wait: float, call: Callable[..., R], args: tuple[Any, ...]) -> "Future[R]":
        loop = asyncio.get_running_loop()
        completions = self._completions
        if completions is None or completions.loop is not loop:
            completions = self._completions = CompletionQueue(loop)
        future: Future[R] = loop.create_future()
        task: Task = completions, future, copy_context(), call, args
        with self._lock:
            if self._is_closed:
                raise Unavailable
            worker = self._idle.pop() if self._idle else None
            if worker is None:
                if len(self._threads) < self._most:
                    self._start(task)
                else:
                    self._wait(task, longest_wait)
        if worker is not None:
            worker.next = task
            worker.wake.release()
        return future

    def _wait(self, task: Task, longest_wait: float) -> None:
        """Line up, unless others have waited too long. Holds the lock."""
        now = monotonic()
        if longest_wait < math.inf and self._waiting:
            until, _ = self._waiting[0]
            if until < now or len(self._waiting) >= MOST_WAITING:
                raise Unavailable
        self._waiting.append((now + longest_wait, task))

    def _next(self) -> Task | None:
        """The next that waits and has not waited too long; those that have are refused. Holds the lock."""
        while self._waiting:
            until, task = self._waiting.popleft()
            if until >= monotonic():
                return task
            completions, future, *_ = task
            completions.put(future, None, Unavailable())
        return None

    @property
    def waiting(self) -> int:
        """How many calls wait for a thread."""
        return len(self._waiting)

    async def iterate(self, pieces: Iterable[T]) -> AsyncIterator[T]:
        """The pieces, each made by a call of its own; none of them is None."""
        iterator = iter(pieces)
        while True:
            piece: T | None = await self.admitted(next, iterator, None)
            if piece is None:
                return
            yield piece

    def _start(self, task: Task) -> None:
        if not self._threads:
            # the threads die with the process, so what they do is to be waited for before
            atexit.register(self.finish)
        worker = Worker()
        worker.next = task
        name = f"{self._name}-{len(self._threads)}"
        # not the task itself: a thread keeps its arguments as long as it lives
        thread = Thread(target=self._work, args=(worker,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self, worker: Worker) -> None:
        task, worker.next = worker.next, None
        while task is not None:
            _run(*task)
            # who waits for the next keeps nothing of the last
            task = None
            with self._lock:
                task = self._next()
                if task is not None:
                    continue
                if self._is_closed:
                    return
                self._idle.append(worker)
            worker.wake.acquire()
            task, worker.next = worker.next, None

    async def close(self) -> None:
        """Take no more calls, and wait until those that were taken are done."""
        await asyncio.to_thread(self.finish)

    def finish(self) -> None:
        """The same, for a thread that no loop runs on."""
        atexit.unregister(self.finish)
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
        for worker in idle:
            worker.wake.release()
        for thread in self._threads:
            thread.join()


def _run(
    completions: CompletionQueue,
    future: "Future[Any]",
    context: Context,
    call: Callable[..., Any],
    args: tuple[Any, ...],
) -> None:
    if future.cancelled():
        return
    try:
        result = context.run(call, *args)
    except BaseException as error:
        completions.put(future, None, error)
    else:
        completions.put(future, result, None)
