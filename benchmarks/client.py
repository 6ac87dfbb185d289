"""The least of an HTTP client: one request at a time over a connection that is kept."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any


def request(
    method: str, path: str, token: str | None, body: Any = None, *, forwarded_for: str | None = None
) -> bytes:
    content = b"" if body is None else json.dumps(body).encode()
    head = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(content)}"]
    if content:
        head.append("Content-Type: application/json")
    if token:
        head.append(f"Authorization: Bearer {token}")
    if forwarded_for:
        head.append(f"X-Forwarded-For: {forwarded_for}")
    return "\r\n".join([*head, "", ""]).encode() + content


@dataclass(frozen=True, slots=True)
class Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    @classmethod
    @asynccontextmanager
    async def opened(cls, port: int) -> AsyncIterator["Connection"]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()
            await writer.wait_closed()

    async def ask(self, request: bytes) -> int:
        """The status of the answer, once all of it has arrived."""
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        await self.reader.readexactly(_length(head))
        return int(head.split(b" ", 2)[1])

    async def pieces(self, request: bytes) -> AsyncIterator[bytes]:
        """The body of an answer that is streamed, as it comes."""
        self.writer.write(request)
        head = await self.reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), head
        assert b"transfer-encoding: chunked" in head.lower(), head
        while length := int(await self.reader.readline(), 16):
            yield (await self.reader.readexactly(length + 2))[:-2]
        await self.reader.readline()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0
