"""Files that pages load: under names that change with what is in them, for browsers to keep for good.

A script is sent with the modules that it imports, in one file. Comments and indentation are for whoever reads
the files here: they are not sent. So a script has no text of several lines.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import cast

import brotli  # type: ignore[import-untyped]
from litestar.handlers import HTTPRouteHandler
from litestar.types import HTTPScope, Receive, Scope, Send

from attendance.adapters.http.server.compression import BROTLI, GZIP, GZIP_FORMAT, VARIES, chosen
from attendance.adapters.http.server.operations.handlers import route
from attendance.adapters.http.server.requests.base_path import BasePath
from attendance.adapters.http.server.wire import Headers, Reply
from attendance.adapters.web.server.declaration import PAGE
from attendance.adapters.web.server.static_files.modules import imported_by, joined

STATIC = "/static"
TYPE_OF = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "png": "image/png",
    "svg": "image/svg+xml",
    "webmanifest": "application/manifest+json",
}
_COMMENTS = {
    "js": re.compile(rb"/\*\*[\s\S]*?\*/\s*|^\s*//.*\n", re.MULTILINE),
    "css": re.compile(rb"/\*.*?\*/\s*", re.DOTALL),
}
_SPACE = {
    "js": re.compile(rb"^\s+", re.MULTILINE),
    "css": re.compile(rb"^\s+|(?<=[;{}])\s+", re.MULTILINE),
}
FOR_GOOD = b"public, max-age=31536000, immutable"


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file as it is sent, compressed to whoever takes that."""

    path: str
    media_type: str
    content: bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", self.media_type.encode()), (b"cache-control", FOR_GOOD)]
        asked = cast(HTTPScope, scope)["headers"]
        await sent_often(self.content, headers, asked)(scope, receive, send)


def sent_often(content: bytes, headers: list[tuple[bytes, bytes]], asked: Headers) -> Reply:
    """The answer to whoever asks with these headers: as short as can be, which is worked out once."""
    encoding = chosen(asked)
    body = _compressed(content, encoding)
    if body is not content and encoding is not None:
        headers = [*headers, (b"content-encoding", encoding.encode())]
    return Reply(200, [*headers, (b"content-length", b"%d" % len(body)), VARIES], body)


@cache
def _compressed(content: bytes, encoding: str | None) -> bytes:
    """As short as can be, once: it is sent often. As it is where it would not be shorter."""
    if encoding == GZIP:
        compressor = zlib.compressobj(9, zlib.DEFLATED, GZIP_FORMAT)
        shorter = compressor.compress(content) + compressor.flush()
    elif encoding == BROTLI:
        shorter = brotli.compress(content, quality=11)
    else:
        return content
    return min(content, shorter, key=len)


@cache
def static_files() -> dict[str, StaticFile]:
    """Every file that pages load, by its own name: no module that is part of another."""
    directory = files("attendance.adapters.web") / "static"
    contents = {
        file.name: spare(file.read_bytes(), file.name.rpartition(".")[2])
        for file in directory.iterdir()
        if file.name.rpartition(".")[2] in TYPE_OF
    }
    scripts = {name: content.decode() for name, content in contents.items() if name.endswith(".js")}
    for name in scripts:
        whole = joined(name.removesuffix(".js"), lambda module: scripts[f"{module}.js"])
        contents[name] = whole.encode()
    parts = {f"{module}.js" for script in scripts.values() for module in imported_by(script)}
    return {name: _made(name, content) for name, content in contents.items() if name not in parts}


def _made(name: str, content: bytes) -> StaticFile:
    stem, _, kind = name.rpartition(".")
    return StaticFile(f"{STATIC}/{stem}.{sha256(content).hexdigest()[:12]}.{kind}", TYPE_OF[kind], content)


def spare(content: bytes, kind: str) -> bytes:
    """What a browser needs of a file: no comments that stand by themselves or tell types, no indentation.

    Of a style neither the ends of its lines where something ends anyway.
    """
    if kind in _COMMENTS:
        return _SPACE[kind].sub(b"", _COMMENTS[kind].sub(b"", content))
    return content


def static_path(name: str) -> str:
    """Where a file is found now. Raises KeyError for one that is not there."""
    return static_files()[name].path


def static_handlers(base_path: BasePath) -> Iterator[HTTPRouteHandler]:
    """A handler for each; scripts lead to what is under the base path."""
    for name, file in static_files().items():
        is_script = name.endswith((".js", ".webmanifest"))
        sent = replace(file, content=base_path.script(file.content)) if is_script else file
        yield route(file.path, {"GET": sent}, **{PAGE: True})
