"""Load on a service by real sockets: as fast as it answers, or at a pace that does not wait for it."""

import asyncio
import json
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from statistics import quantiles
from types import TracebackType
from typing import Any, Self

from tests.faults.clients import encoded


@dataclass(frozen=True, slots=True)
class Asked:
    """A request; `kind` is what it is counted under, `about` what it is to have done."""

    method: str
    path: str
    kind: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    about: Any = None

    def encoded(self) -> bytes:
        return encoded(self.method, self.path, self.headers, self.body)


@dataclass(frozen=True, slots=True)
class Answered:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


class Connection:
    """A connection that is kept, and opened anew where the service has closed it."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None

    async def ask(self, asked: Asked) -> Answered:
        """Raises OSError or EOFError where there is no answer.

        A connection that was kept may have been closed meanwhile: then the request goes over a new one.
        """
        was_kept = self._reader is not None
        try:
            return await self._ask(asked)
        except (OSError, EOFError) as error:
            if not was_kept or (isinstance(error, asyncio.IncompleteReadError) and error.partial):
                raise
        return await self._ask(asked)

    async def _ask(self, asked: Asked) -> Answered:
        try:
            if self._reader is None or self._writer is None:
                self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
            self._writer.write(asked.encoded())
            await self._writer.drain()
            return await self._answer(self._reader)
        except BaseException:
            self.close()
            raise

    async def _answer(self, reader: asyncio.StreamReader) -> Answered:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        status = int(head[0].split()[1])
        pairs = (line.partition(":") for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        if headers.get("transfer-encoding") == "chunked":
            body = b"".join([piece async for piece in _chunks(reader)])
        else:
            body = await reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("connection") == "close":
            self.close()
        return Answered(status, headers, body)


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")


@dataclass
class Outcome:
    """What came of a load. `statuses` by kind and status, 0 where there was no answer."""

    seconds: float = 0.0
    statuses: Counter[tuple[str, int]] = field(default_factory=Counter)
    accepted: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    refused: list[float] = field(default_factory=list)
    without_retry_after: int = 0
    late: int = 0
    """How many were not even sent, as more were under way than anybody would open connections for."""

    def note(self, asked: Asked, answer: Answered | None, seconds: float) -> None:
        status = answer.status if answer else 0
        self.statuses[asked.kind, status] += 1
        if 200 <= status < 400:
            self.accepted[asked.kind].append(seconds)
        elif answer and status in (429, 503):
            self.refused.append(seconds)
            self.without_retry_after += "retry-after" not in answer.headers

    @property
    def by_status(self) -> dict[int, int]:
        found: Counter[int] = Counter()
        for (_, status), number in self.statuses.items():
            found[status] += number
        return dict(sorted(found.items()))

    @property
    def all_accepted(self) -> list[float]:
        return [seconds for taken in self.accepted.values() for seconds in taken]

    @property
    def rate(self) -> float:
        """Accepted answers a second."""
        return len(self.all_accepted) / self.seconds if self.seconds else 0.0


def percentile(taken: list[float], hundredth: int) -> float:
    """In milliseconds; 0 of nothing."""
    if len(taken) < 2:
        return 1e3 * sum(taken)
    return 1e3 * quantiles(taken, n=100, method="inclusive")[hundredth - 1]


Draw = Callable[[], Asked]
Told = Callable[[Asked, Answered | None], None]


def nobody_told(_: Asked, __: Answered | None) -> None: ...


async def ask_on(
    port: int,
    draw: Draw,
    *,
    clients: int,
    seconds: float,
    requests: int | None = None,
    told: Told = nobody_told,
    patience: float = 60.0,
) -> Outcome:
    """So many clients, each asking as soon as it has its answer: for so long, or for so many requests."""
    outcome, began = Outcome(), time.monotonic()
    left = requests

    async def client() -> None:
        nonlocal left
        async with Connection(port) as connection:
            while time.monotonic() < began + seconds and left != 0:
                if left is not None:
                    left -= 1
                await _asked(connection, draw(), outcome, told, patience)

    async with asyncio.TaskGroup() as group:
        for _ in range(clients):
            group.create_task(client())
    outcome.seconds = time.monotonic() - began
    return outcome


async def ask_at(
    port: int,
    draw: Draw,
    *,
    rate: float,
    seconds: float,
    told: Told = nobody_told,
    most_under_way: int = 2000,
    patience: float = 60.0,
) -> Outcome:
    """So many requests a second, whether or not earlier ones have been answered.

    A connection for each of those under way, at most `most_under_way`: what is due beyond that is `late`.
    """
    outcome, began = Outcome(), time.monotonic()
    idle: list[Connection] = []
    under_way: set[asyncio.Task[None]] = set()

    async def one(asked: Asked) -> None:
        connection = idle.pop() if idle else Connection(port)
        await _asked(connection, asked, outcome, told, patience)
        idle.append(connection)

    due = 0
    while (now := time.monotonic()) < began + seconds:
        while due < (now - began) * rate:
            due += 1
            if len(under_way) >= most_under_way:
                outcome.late += 1
                continue
            task = asyncio.create_task(one(draw()))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        await asyncio.sleep(0.005)
    if under_way:
        await asyncio.wait(under_way)
    outcome.seconds = time.monotonic() - began
    for connection in idle:
        connection.close()
    return outcome


async def _asked(connection: Connection, asked: Asked, outcome: Outcome, told: Told, patience: float) -> None:
    at, answer = time.monotonic(), None
    with suppress(OSError, EOFError, TimeoutError):
        async with asyncio.timeout(patience):
            answer = await connection.ask(asked)
    outcome.note(asked, answer, time.monotonic() - at)
    told(asked, answer)
