"""`Idempotency-Key`: a request that is sent again gets the answer of the first time, and does nothing."""

import asyncio
import re
import zlib
from collections.abc import Awaitable, Callable
from hashlib import sha256
from typing import Any, TypeVar, get_origin

import msgspec
from litestar import Response
from litestar.openapi.spec import Parameter, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.types import HTTPScope

from attendance.adapters.http.server.operations.declaration import API, Access, Operation
from attendance.adapters.http.server.wire import Headers, Reply, header_values
from attendance.application.forms.answering_once import KeyedRequest
from attendance.domain.accounts.kept_answers import IdempotencyKeyInUse
from attendance.domain.errors import FieldError
from attendance.domain.permissions.table import Permission

HEADER = "Idempotency-Key"
REPLAYED = (b"idempotency-replayed", b"true")
KEY = re.compile(r"[!-~]{1,255}")
LONGEST_WAIT_SECONDS = 5.0
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.01, 0.16

R = TypeVar("R")

DESCRIPTION = Parameter(
    name=HEADER,
    param_in="header",
    required=False,
    schema=Schema(type=OpenAPIType.STRING, pattern=f"^{KEY.pattern}$"),
    description="Any text that is new for each thing to be done. Who sends the request again under its key "
    "within 24 hours gets the first answer, with `Idempotency-Replayed: true`, and nothing is done again. "
    "422 with another request, 409 while the first is still under way; refusals are not kept. A key is the "
    "account's, whichever session.",
)
_ENCODER, _DECODER = msgspec.msgpack.Encoder(), msgspec.msgpack.Decoder(tuple[int, list[list[bytes]], bytes])


def is_kept(operation: Operation, access: Access, answer: Any) -> bool:
    """Whether the answers of an operation are kept: of POSTs of the club protocol by who is signed in.

    Without those that say otherwise, and those that answer with a file or piece by piece.
    """
    return (
        operation.method == "POST"
        and operation.path.startswith(API)
        and bool(access.schemes)
        and operation.keeps_answer
        and get_origin(answer) is not Response
    )


def key_sent(headers: Headers) -> tuple[str | None, list[FieldError]]:
    """The key of a request, None for none, and what is wrong with it."""
    sent = header_values(headers, HEADER.lower().encode())
    if not sent:
        return None, []
    if len(sent) > 1:
        return None, [FieldError(HEADER, "is repeated")]
    if not KEY.fullmatch(sent[0]):
        return None, [FieldError(HEADER, "must have 1 to 255 visible ASCII characters")]
    return sent[0], []


def keyed_request(
    key: str, scope: HTTPScope, raw: bytes, permission: Permission | None, answer: Callable[[], Reply]
) -> KeyedRequest[Reply]:
    """A request under a key: the same where method, path, query and body are."""
    parts = (scope["method"].encode(), scope["path"].encode(), scope["query_string"], raw)
    fingerprint = sha256(b"\0".join(sha256(part).digest() for part in parts)).hexdigest()
    return KeyedRequest(
        key=key, fingerprint=fingerprint, permission=permission, answer=answer, written=_written, read=_read
    )


async def retry_while_in_use(ask: Callable[[], Awaitable[R]]) -> R:
    """What `ask` returns, asked again while another request with the key is under way.

    Meanwhile no thread waits. Raises IdempotencyKeyInUse after 5 seconds.
    """
    loop = asyncio.get_running_loop()
    deadline, pause = loop.time() + LONGEST_WAIT_SECONDS, FIRST_PAUSE_SECONDS
    while True:
        try:
            return await ask()
        except IdempotencyKeyInUse:
            if loop.time() + pause > deadline:
                raise
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_SECONDS)


def replayed(reply: Reply) -> Reply:
    """A kept answer, which says that it is one."""
    return Reply(reply.status, [*reply.headers, REPLAYED], reply.body)


def _written(reply: Reply) -> bytes:
    # a list of lessons is a tenth of its length then
    return zlib.compress(_ENCODER.encode((reply.status, reply.headers, reply.body)), 1)


def _read(content: bytes) -> Reply:
    status, headers, body = _DECODER.decode(zlib.decompress(content))
    return Reply(status, [(name, value) for name, value in headers], body)
