"""The OpenAPI document, and a page to read it that loads nothing from elsewhere."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator
from functools import partial
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import msgspec
from litestar import Litestar, Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Server
from litestar.types import HTTPScope, Receive, Scope, Send
from litestar.utils.helpers import get_name, unwrap_partial

from attendance.adapters.http.server.callers.authentication import BEARER, CALENDAR_TOKEN, TOKEN_IN_QUERY
from attendance.adapters.http.server.callers.versions import unless_known
from attendance.adapters.http.server.compression import compressed
from attendance.adapters.http.server.fields.queries import parsed, values_in
from attendance.adapters.http.server.operations.declaration import PERMISSION, HttpSettings, Room
from attendance.adapters.http.server.operations.description import described_handlers, error_headers
from attendance.adapters.http.server.operations.handlers import route
from attendance.adapters.http.server.requests.base_path import BasePath
from attendance.adapters.http.server.wire import Headers, Reply
from attendance.domain.errors import Invalid

SCHEMA = "/schema"
OURS = Path(__file__).parent / "documentation"
OPENAPI = "application/vnd.oai.openapi+json"
TYPE_OF = {
    "swagger_bundle.js": "text/javascript; charset=utf-8",
    "swagger_style.css": "text/css; charset=utf-8",
    "documentation.js": "text/javascript; charset=utf-8",
    "documentation.css": "text/css; charset=utf-8",
}
POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types dompurify default",
    ]
)
"""What the page of the documentation may load and run: files of this service, nothing written in the page."""
POLICY_HEADER = (b"content-security-policy", POLICY.encode())


class _OwnRouter(Router):
    """One that is made for one application: it is registered as it is, without a copy of all its handlers."""

    def __deepcopy__(self, memo: object) -> "_OwnRouter":
        return self


def _described_application(rooms: Collection[Room], settings: HttpSettings) -> Litestar:
    """An application that describes the operations of these rooms, and answers none."""
    # as one router: Litestar would register each path's first handler twice
    everything = _OwnRouter("/", route_handlers=described_handlers(rooms, settings))
    return Litestar(
        route_handlers=[everything],
        openapi_config=_openapi_config(settings.version, settings.base_path),
        logging_config=None,
    )


def openapi_document(rooms: Collection[Room], settings: HttpSettings) -> bytes:
    """The OpenAPI document of the operations of these rooms, in JSON."""
    return msgspec.json.encode(_described_application(rooms, settings).openapi_schema.to_schema())


def documentation(rooms: Collection[Room], settings: HttpSettings) -> Iterator[HTTPRouteHandler]:
    """What answers the document, the page on which operations are read and tried out, and the page's files.

    The document is made when somebody asks: it takes longer than all else of an application.
    """
    html = settings.base_path.html((OURS / "documentation.html").read_text(encoding="utf-8")).encode()
    page = _Published(_at_hand(html), "text/html; charset=utf-8", POLICY_HEADER)
    document = _Published(_MadeOnce(lambda: openapi_document(rooms, settings)), OPENAPI)
    yield route(SCHEMA, {"GET": page})
    yield route(f"{SCHEMA}/openapi.json", {"GET": document})
    for name, file in _files().items():
        sent = _Published(partial(asyncio.to_thread, file.read_bytes), TYPE_OF[name])
        yield route(f"{SCHEMA}/assets/{name}", {"GET": sent}, **{PERMISSION: {"GET": None}})


class _Published:
    """Answers everybody with the same, compressed or told to be known. Nothing here has a query."""

    def __init__(
        self, content: Callable[[], Awaitable[bytes]], content_type: str, *headers: tuple[bytes, bytes]
    ) -> None:
        self._content = content
        self._headers = [*headers, (b"content-type", content_type.encode())]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        http_scope = cast(HTTPScope, scope)
        _, field_errors = values_in(parsed(http_scope["query_string"]), {})
        if field_errors:
            raise Invalid(*field_errors)
        reply = await asyncio.to_thread(self._reply, await self._content(), http_scope["headers"])
        await reply(scope, receive, send)

    def _reply(self, body: bytes, asked: Headers) -> Reply:
        tag = b'"%s"' % sha256(body).hexdigest()[:32].encode()
        headers = [*self._headers, (b"etag", tag), (b"content-length", b"%d" % len(body))]
        return compressed(unless_known(Reply(200, headers, body), asked), asked)


def _at_hand(content: bytes) -> Callable[[], Awaitable[bytes]]:
    async def answered() -> bytes:
        return content

    return answered


class _MadeOnce:
    """What is made on a thread when somebody first asks, for all who ask; again where that failed."""

    def __init__(self, make: Callable[[], bytes]) -> None:
        self._make = make
        self._making: asyncio.Task[bytes] | None = None

    async def __call__(self) -> bytes:
        making = self._making
        if making is None or (making.done() and (making.cancelled() or making.exception())):
            making = self._making = asyncio.create_task(asyncio.to_thread(self._make))
        # who hangs up ends it for nobody else
        return await asyncio.shield(making)


def _files() -> dict[str, Path]:
    """The page's scripts and styles by name: ours, and those of Swagger UI that the offapi package brings.

    Importing that would read them all into memory.
    """
    package = find_spec("offapi")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("offapi, which brings the scripts of the documentation, is not installed")
    theirs = Path(package.origin).parent
    return {name: (OURS if name.startswith("documentation") else theirs) / name for name in TYPE_OF}


def _operation_id(handler: HTTPRouteHandler, *_: object) -> str:
    return get_name(unwrap_partial(handler.fn))


def _openapi_config(version: str, base_path: BasePath) -> OpenAPIConfig:
    return OpenAPIConfig(
        title="attendance",
        version=version,
        servers=[Server(url=base_path.text or "/")],
        description=(
            'Who was there, who said so, and when. Every error is `{"error": "…"}`; '
            "a malformed request also lists `details`. Each has a code that stays when its text changes, "
            "in the header `X-Error-Code`, and under `/api/v1` in the body as well."
        ),
        operation_id_creator=_operation_id,
        use_handler_docstrings=True,
        components=Components(
            headers=error_headers(),
            security_schemes={
                BEARER: SecurityScheme(
                    type="http",
                    scheme="bearer",
                    bearer_format="JWT",
                    description="The token of POST /login. Pages of this service have it in a cookie.",
                ),
                CALENDAR_TOKEN: SecurityScheme(
                    type="apiKey",
                    security_scheme_in="query",
                    name=TOKEN_IN_QUERY,
                    description="Part of a calendar's address: for calendars alone.",
                ),
            },
        ),
        render_plugins=[JsonRenderPlugin()],
    )
