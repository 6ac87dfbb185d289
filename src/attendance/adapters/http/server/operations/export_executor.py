"""Threads for files and whole lists alone: whoever asks for many of them leaves others their threads."""

import asyncio
import sys
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Hashable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, TypeVar, TypeVarTuple, Unpack

from litestar.types import Receive

from attendance.adapters.http.server.operations.request_threads import RequestThreads
from attendance.domain.accounts.rate_limits import LimitReached

R = TypeVar("R")
A = TypeVarTuple("A")

LONGEST_WAIT_SECONDS = 10.0
MOST_WAITING = 64
"""Of one person: those who wait cost little but their connections."""

SWITCH_INTERVAL_SECONDS = 0.001
"""After so long another thread is let in while files are made, which is computing without a pause.

An answer takes several turns of threads, so this is what each of them waits.
"""


@dataclass(slots=True)
class Places:
    """How many files of a person are under way, and who waits for that, in order."""

    taken: int = 0
    waiting: deque["asyncio.Future[None]"] = field(default_factory=deque)


class ExportExecutor:
    """Makes files and whole lists on `width` threads, a piece at a time, `per_person` for one at once.

    One's further requests wait until an earlier one has been sent, without a thread, for `longest_wait`
    seconds. Refusing them at once would have programs that do not wait ask again at once, which costs more
    than waiting does.
    """

    def __init__(self, width: int, per_person: int, *, longest_wait: float = LONGEST_WAIT_SECONDS) -> None:
        self._threads = RequestThreads(width, "attendance-export")
        self._per_person = per_person
        self._longest_wait = longest_wait
        self._switch_interval = sys.getswitchinterval()
        self._places: defaultdict[Hashable, Places] = defaultdict(Places)

    def __call__(self, call: Callable[[Unpack[A]], R], *args: *A) -> "asyncio.Future[R]":
        """Run a call after those that came before. Raises Unavailable once it is closed."""
        return self._threads(call, *args)

    def iterate(self, pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
        """The pieces, each made by a call of its own, between which there are those of others."""
        return self._threads.iterate(pieces)

    @asynccontextmanager
    async def place(self, person: Hashable) -> AsyncIterator[None]:
        """One of the person's places, for as long as something is made and sent. For the event loop alone.

        Raises LimitReached for a person whose own files take all their places for too long.
        """
        places = self._places[person]
        try:
            if places.taken < self._per_person:
                places.taken += 1
            else:
                await self._waited(places)
            try:
                sys.setswitchinterval(SWITCH_INTERVAL_SECONDS)
                yield
            finally:
                self._leave(places)
        finally:
            if not places.taken:
                self._places.pop(person, None)
            if not self._places:
                sys.setswitchinterval(self._switch_interval)

    async def _waited(self, places: Places) -> None:
        """Wait for a place that who leaves it hands on."""
        if len(places.waiting) >= MOST_WAITING:
            raise self._refusal()
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        places.waiting.append(place)
        try:
            async with asyncio.timeout(self._longest_wait):
                await place
        except BaseException as error:
            if place.cancelled():
                with suppress(ValueError):
                    places.waiting.remove(place)
            else:
                # handed on in the same moment
                self._leave(places)
            if isinstance(error, TimeoutError):
                raise self._refusal() from None
            raise

    def _refusal(self) -> LimitReached:
        return LimitReached(retry_after=max(1, round(self._longest_wait)))

    def _leave(self, places: Places) -> None:
        while places.waiting:
            place = places.waiting.popleft()
            if not place.done():
                place.set_result(None)
                return
        places.taken -= 1

    async def close(self) -> None:
        """Take no more, and wait until the pieces under way are made."""
        await self._threads.close()


async def first_of(pieces: AsyncIterator[bytes]) -> bytes:
    """The first piece that is not empty, b"" where there is none."""
    async for piece in pieces:
        if piece:
            return piece
    return b""


async def begun_with(first: bytes, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The first piece, then the others."""
    yield first
    async for piece in pieces:
        yield piece


async def unless_gone(receive: Receive, made: Coroutine[Any, Any, R]) -> R | None:
    """What is made; None where the client leaves before, and then it is not made to its end."""
    making, leaving = asyncio.ensure_future(made), asyncio.ensure_future(_gone(receive))
    try:
        await asyncio.wait({making, leaving}, return_when=asyncio.FIRST_COMPLETED)
        if making.done():
            return await making
        # raises what is wrong with a request that is not sent to its end
        leaving.result()
        return None
    finally:
        for task in (making, leaving):
            task.cancel()
        await asyncio.wait({making, leaving})


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
