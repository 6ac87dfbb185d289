"""Compressing what is sent to whoever takes that."""

import gzip
import re

from attendance.adapters.http.server.wire import Headers, header_values

VARIES = (b"vary", b"Accept-Encoding")
COMPRESSED = (b"content-encoding", b"gzip")
WORTH_BYTES = 1024

_GZIP = re.compile(r"\s*(?:gzip|\*)\s*(?:;\s*q\s*=\s*([01](?:\.[0-9]{0,3})?)\s*)?", re.IGNORECASE)


def takes_gzip(headers: Headers) -> bool:
    """Whether an `Accept-Encoding` names gzip, or anything, and does not refuse it."""
    parts = ",".join(header_values(headers, b"accept-encoding")).split(",")
    return any(float(match[1] or 1) > 0 for part in parts if (match := _GZIP.fullmatch(part)))


def compressed(content: bytes, *, level: int = 6) -> bytes:
    """The same as gzip, alike each time."""
    return gzip.compress(content, level, mtime=0)
