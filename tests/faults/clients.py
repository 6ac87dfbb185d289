"""Clients on real sockets, light enough that 200 of them can be let go in one instant."""

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")

# nobody waits that long unless something hangs
PATIENCE_SECONDS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    path: str
    body: Any = None
    token: str | None = None
    forwarded_for: str | None = None
    if_match: str | None = None
    key: str | None = None

    def encoded(self) -> bytes:
        headers = {
            "authorization": self.token and f"Bearer {self.token}",
            "x-forwarded-for": self.forwarded_for,
            "if-match": self.if_match,
            "idempotency-key": self.key,
        }
        sent = {name: value for name, value in headers.items() if value is not None}
        return encoded(self.method, self.path, sent, self.body)


def encoded(method: str, path: str, headers: Mapping[str, str], body: Any) -> bytes:
    """A request as it is sent; a body that is not None is JSON."""
    lines = [f"{method} {path} HTTP/1.1", "host: localhost"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    content = b""
    if body is not None:
        content = json.dumps(body).encode()
        lines += ["content-type: application/json", f"content-length: {len(content)}"]
    return "\r\n".join([*lines, "", ""]).encode() + content


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: Any

    @property
    def error(self) -> str:
        return self.body["error"]


@dataclass(frozen=True, slots=True)
class Client:
    """One connection, kept alive."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, part: bytes) -> None:
        self.writer.write(part)
        await self.writer.drain()

    async def answer(self) -> Answer:
        """The answer to what was sent. Raises OSError or EOFError when the connection ends before it does."""
        status = int((await self._line()).split()[1])
        headers: dict[str, str] = {}
        while line := await self._line():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        body = b"" if status == 204 else await self.reader.readexactly(int(headers["content-length"]))
        return Answer(status, headers, json.loads(body) if body else None)

    async def ask(self, request: Request) -> Answer:
        await self.send(request.encoded())
        return await self.answer()

    async def _line(self) -> str:
        return (await self.reader.readuntil(b"\r\n")).decode().rstrip("\r\n")


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield Client(reader, writer)
    finally:
        # no lingering: what is left of a conversation with a killed service is of no interest
        writer.transport.abort()


def patiently(work: Coroutine[Any, Any, T]) -> T:
    """Run it to its end; an AssertionError when it hangs."""

    async def bounded() -> T:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                return await work
        except TimeoutError as error:
            raise AssertionError(f"no end within {PATIENCE_SECONDS} s") from error

    return asyncio.run(bounded())


async def at_once(port: int, requests: Sequence[Request]) -> list[Answer]:
    """Each on a connection of its own, complete but for the last byte, which they send when all are there."""
    start = asyncio.Barrier(len(requests))

    async def run(request: Request) -> Answer:
        async with connected(port) as client:
            message = request.encoded()
            await client.send(message[:-1])
            await start.wait()
            await client.send(message[-1:])
            return await client.answer()

    async with asyncio.TaskGroup() as group:
        clients = [group.create_task(run(request)) for request in requests]
    return [client.result() for client in clients]


def race(port: int, requests: Sequence[Request]) -> list[Answer]:
    return patiently(at_once(port, requests))
