"""What every answer has, whatever made it: around the application, where Litestar's own 404 passes too."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from time import perf_counter

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, HTTPScope, Message, Receive, Scope, Send
from uuid_utils import uuid7

from attendance.adapters.http.server.callers.addresses import TrustedProxies, address_of
from attendance.adapters.http.server.callers.deadlines import InTime
from attendance.adapters.http.server.requests.base_path import ROOT, BasePath
from attendance.adapters.http.server.requests.observing import REQUEST_ID, Observer, served

IS_HEAD = "attendance.is_head"
"""In a request's scope where its method was HEAD, for whatever does more than show."""

SANE_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")

HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
]
UNLESS_SET = [
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
]
LOOKED_AT = frozenset({b"allow", *(name for name, _ in UNLESS_SET)})
PREFLIGHT = [
    (
        b"access-control-allow-headers",
        b"Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match",
    ),
    (b"access-control-max-age", b"600"),
]
EXPOSED = (
    b"access-control-expose-headers",
    (
        b"Content-Disposition, ETag, Idempotency-Replayed, Location, Retry-After, WWW-Authenticate, "
        b"X-Error-Code, X-Request-Id"
    ),
)


@dataclass(frozen=True, slots=True)
class Middleware:
    """Answers HEAD like GET without the body, and adds a request id and the headers browsers heed.

    What a Location leads to here begins with `base_path`. A body that is not sent within `receive_seconds` is
    answered 408; an answer of which the client takes nothing for so long is given up. `observers` are told of
    each request once it is answered, whatever became of it. Pages of `origins` (`*`: all) may read the
    answers. OPTIONS is answered the same to everybody, with or without the headers that tell a browser to go
    on.
    """

    app: ASGIApp
    origins: frozenset[str] = frozenset()
    observers: tuple[Observer, ...] = ()
    trusted: TrustedProxies = ()
    base_path: BasePath = ROOT
    receive_seconds: float = 20.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self.app(scope, receive, send)
            return
        began, status = perf_counter(), 0
        method = scope["method"]
        is_head = method == "HEAD"
        if is_head:
            scope["method"] = "GET"
            scope[IS_HEAD] = True  # type: ignore[literal-required]
        request_id = _request_id(scope["headers"])
        in_time = InTime(receive, send, self.receive_seconds)
        headers = [*HEADERS, (b"x-request-id", request_id), *self._shared(scope)]

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _complete(message, headers)
                if self.base_path:
                    _lead(message, self.base_path)
            elif is_head and message["type"] == "http.response.body":
                message["body"] = b""
            await in_time.send(message)

        under_way = REQUEST_ID.set(request_id.decode())
        try:
            await self.app(scope, in_time.receive, sent)
        finally:
            REQUEST_ID.reset(under_way)
            if self.observers:
                known = served(
                    scope,
                    request_id=request_id.decode(),
                    method=method,
                    status=status,
                    seconds=perf_counter() - began,
                    address=address_of(scope, self.trusted),
                )
                for observer in self.observers:
                    observer(known)

    def _shared(self, scope: HTTPScope) -> list[tuple[bytes, bytes]]:
        """What tells a browser whether a page from elsewhere may read the answer."""
        if not self.origins:
            return []
        varies = (b"vary", b"Origin")
        origin = next((value for name, value in scope["headers"] if name == b"origin"), b"")
        if not origin or not {origin.decode("latin-1"), "*"} & self.origins:
            return [varies]
        preflight = PREFLIGHT if scope["method"] == "OPTIONS" else []
        return [varies, (b"access-control-allow-origin", origin), EXPOSED, *preflight]


def _request_id(headers: Iterable[tuple[bytes, bytes]]) -> bytes:
    for name, value in headers:
        if name == b"x-request-id" and SANE_REQUEST_ID.fullmatch(value):
            return value
    return uuid7().hex.encode()


def _complete(message: HTTPResponseStartEvent, headers: list[tuple[bytes, bytes]]) -> None:
    given = message["headers"]
    for name, _ in given:
        if name in LOOKED_AT:
            message["headers"] = [*_looked_at(given, headers), *headers]
            return
    message["headers"] = [*given, *UNLESS_SET, *headers]


def _lead(message: HTTPResponseStartEvent, base_path: BasePath) -> None:
    message["headers"] = [
        (name, base_path.location(value) if name == b"location" else value)
        for name, value in message["headers"]
    ]


def _looked_at(
    given: Iterable[tuple[bytes, bytes]], headers: list[tuple[bytes, bytes]]
) -> Iterator[tuple[bytes, bytes]]:
    """The headers of an answer whose own say what becomes of others; some may be there several times."""
    said = set()
    for name, value in given:
        said.add(name)
        if name != b"allow":
            yield name, value
            continue
        allowed = _with_head(value)
        yield name, allowed
        if PREFLIGHT[0] in headers:
            yield b"access-control-allow-methods", allowed
    yield from ((name, value) for name, value in UNLESS_SET if name not in said)


def _with_head(allowed: bytes) -> bytes:
    """Where GET works, so does HEAD."""
    methods = {method.strip() for method in allowed.split(b",")}
    return b", ".join(sorted(methods | ({b"HEAD"} if b"GET" in methods else set())))
