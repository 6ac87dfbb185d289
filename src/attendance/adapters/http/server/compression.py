"""Answers made shorter for whoever asks for that: those of more than 1 KiB, whole or piece by piece.

What holds a secret is never compressed: from how short it becomes somebody could learn it who chooses what
stands beside it (BREACH).
"""

import zlib
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import Any, Protocol

from attendance.adapters.http.server.wire import Headers, Reply, header_values

LONGEST_AS_IT_IS = 1024
GZIP, BROTLI, AS_IT_IS = "gzip", "br", "identity"
VARIES = (b"vary", b"Accept-Encoding")
KINDS = ("application/json", "application/vnd.oai.openapi", "text/")
GZIP_LEVEL, BROTLI_QUALITY, BROTLI_WINDOW = 1, 3, 18
"""A sheet of 30 takes 30 to 40 µs and a fifth of its length; twice the time would make it 4 % shorter.

The window is 2 to the power of it in bytes: with a larger one, a page of 30 KiB takes half as long again
and is as long.
"""

GZIP_FORMAT = 16 + zlib.MAX_WBITS
LONGEST_HEADER = 256


class Compressor(Protocol):
    """Compresses a body piece by piece."""

    def piece(self, body: bytes) -> bytes:
        """A piece, so that whoever reads it can read all of it at once."""

    def last(self, body: bytes) -> bytes:
        """The last piece, and the end."""


class Gzip:
    def __init__(self) -> None:
        self._inner = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, GZIP_FORMAT)

    def piece(self, body: bytes) -> bytes:
        return self._inner.compress(body) + self._inner.flush(zlib.Z_SYNC_FLUSH)

    def last(self, body: bytes) -> bytes:
        return self._inner.compress(body) + self._inner.flush()


class Brotli:
    def __init__(self) -> None:
        # imported by who needs it alone
        import brotli  # type: ignore[import-untyped]

        self._inner: Any = brotli.Compressor(quality=BROTLI_QUALITY, lgwin=BROTLI_WINDOW)

    def piece(self, body: bytes) -> bytes:
        return bytes(self._inner.process(body) + self._inner.flush())

    def last(self, body: bytes) -> bytes:
        return bytes(self._inner.process(body) + self._inner.finish())


COMPRESSORS: dict[str, Callable[[], Compressor]] = {BROTLI: Brotli, GZIP: Gzip}
"""By their names in `Accept-Encoding`; where several are as welcome, the first."""


def chosen(headers: Headers) -> str | None:
    """The most welcome way to compress, None where none is welcome, or less than not to compress."""
    sent = ",".join(header_values(headers, b"accept-encoding"))
    return _chosen(sent) if 0 < len(sent) <= LONGEST_HEADER else None


@lru_cache(maxsize=64)
def _chosen(sent: str) -> str | None:
    weights: dict[str, float] = {}
    for part in sent.lower().split(","):
        name, *parameters = (it.strip() for it in part.split(";"))
        # the name that gzip had once
        weights[name.removeprefix("x-") if name == "x-gzip" else name] = _weight(parameters)
    others = weights.get("*", 0.0)
    best = max(COMPRESSORS, key=lambda name: weights.get(name, others))
    weight = weights.get(best, others)
    return best if weight > 0 and weight >= weights.get(AS_IT_IS, 0.0) else None


def _weight(parameters: Iterable[str]) -> float:
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        if name.strip() == "q":
            try:
                weight = float(value)
            except ValueError:
                return 0.0
            return weight if 0 <= weight <= 1 else 0.0
    return 1.0


def is_compressible(content_type: str) -> bool:
    """Not what is compressed by itself, as workbooks are."""
    return content_type.startswith(KINDS)


def compressed(reply: Reply, headers: Headers) -> Reply:
    """The reply as whoever sent a request with these headers wants it: it may be changed."""
    if len(reply.body) <= LONGEST_AS_IT_IS:
        return reply
    content_type = next((value for name, value in reply.headers if name == b"content-type"), b"")
    if not is_compressible(content_type.decode("latin-1")):
        return reply
    encoding = chosen(headers)
    if encoding is None:
        reply.headers.append(VARIES)
        return reply
    reply.body = COMPRESSORS[encoding]().last(reply.body)
    kept = ((name, value) for name, value in reply.headers if name != b"content-length")
    reply.headers = [
        *((name, weakened(value) if name == b"etag" else value) for name, value in kept),
        (b"content-encoding", encoding.encode()),
        (b"content-length", b"%d" % len(reply.body)),
        VARIES,
    ]
    return reply


def weakened(tag: bytes) -> bytes:
    """The tag of what is the same in other bytes."""
    return tag if tag.startswith(b"W/") else b"W/" + tag


def in_pieces(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The pieces, each compressed once there is another: no more of them are held than that."""
    compressor = COMPRESSORS[encoding]()
    held: bytes | None = None
    for piece in pieces:
        if held is not None:
            yield compressor.piece(held)
        held = piece
    yield compressor.last(held or b"")
