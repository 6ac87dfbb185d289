"""The OpenAPI document, and a page to read it that loads nothing from elsewhere."""

import asyncio
from collections.abc import Collection, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any, cast

from litestar import Litestar, Request, Response, get
from litestar.handlers import HTTPRouteHandler
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme, Server
from litestar.response import File
from litestar.router import Router
from litestar.types import (
    ASGIApp,
    HTTPDisconnectEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
)
from litestar.utils.helpers import get_name, unwrap_partial

from attendance.adapters.http.server.callers.authentication import BEARER, CALENDAR_TOKEN, TOKEN_IN_QUERY
from attendance.adapters.http.server.callers.versions import unless_known
from attendance.adapters.http.server.compression import compressed
from attendance.adapters.http.server.errors import error_handlers
from attendance.adapters.http.server.fields.queries import parsed, values_in
from attendance.adapters.http.server.operations.declaration import PERMISSION, HttpSettings, Room
from attendance.adapters.http.server.operations.description import described_handlers, error_headers
from attendance.adapters.http.server.operations.handlers import route
from attendance.adapters.http.server.requests.base_path import BasePath
from attendance.adapters.http.server.wire import Reply
from attendance.domain.errors import Invalid

SCHEMA = "/schema"
ASSETS = f"{SCHEMA}/assets"
OURS = Path(__file__).parent / "documentation"
TYPE_OF = {
    "swagger_bundle.js": "text/javascript",
    "swagger_style.css": "text/css",
    "documentation.js": "text/javascript",
    "documentation.css": "text/css",
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


def shortened(app: ASGIApp) -> ASGIApp:
    """What an application answers, compressed or told to be known: for what is no operation with a plan."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        starts: list[HTTPResponseStartEvent] = []
        pieces: list[bytes] = []
        is_whole = asyncio.Event()

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                starts.append(message)
            elif message["type"] == "http.response.body":
                pieces.append(message["body"])
                if not message["more_body"]:
                    is_whole.set()

        async def hang_up() -> HTTPDisconnectEvent:
            # a file is sent until somebody hangs up
            await is_whole.wait()
            return {"type": "http.disconnect"}

        await app(scope, hang_up, collect)
        [start], headers = starts, cast(HTTPScope, scope)["headers"]
        reply = Reply(start["status"], [*start["headers"]], b"".join(pieces))
        reply = unless_known(reply, headers) if reply.status == 200 else reply
        await (await asyncio.to_thread(compressed, reply, headers))(scope, receive, send)

    return answer


class SchemaRouter(Router):
    """Without Litestar's page for whatever else is asked for here: not found is said as everywhere."""

    def register(self, value: Any) -> Any:
        return [] if getattr(value, "paths", ()) == {"/{path:str}"} else super().register(value)


class DocumentationPage(OpenAPIRenderPlugin):
    """The page on which operations are read and tried out, by Swagger UI."""

    def __init__(self, base_path: BasePath) -> None:
        super().__init__(path="/")
        self._html = base_path.html((OURS / "documentation.html").read_text(encoding="utf-8")).encode()

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return self._html


async def with_policy(response: Response[Any]) -> Response[Any]:
    """The same answer; where it is a page, with its policy."""
    if response.media_type == "text/html":
        response.headers["content-security-policy"] = POLICY
    return response


async def refuse_query(request: Request[Any, Any, Any]) -> None:
    """Raise Invalid for a query: nothing here has one."""
    _, field_errors = values_in(parsed(request.scope["query_string"]), {})
    if field_errors:
        raise Invalid(*field_errors)


class _OwnRouter(Router):
    """One that is made for one application: it is registered as it is, without a copy of all its handlers."""

    def __deepcopy__(self, memo: object) -> "_OwnRouter":
        return self


def described(rooms: Collection[Room], settings: HttpSettings) -> Litestar:
    """An application that describes the operations of these rooms, and answers what it says of them."""
    # as one router: Litestar would register each path's first handler twice
    everything = _OwnRouter("/", route_handlers=described_handlers(rooms, settings))
    return Litestar(
        route_handlers=[everything],
        exception_handlers=error_handlers(),
        openapi_config=_openapi_config(settings.version, settings.base_path),
        logging_config=None,
    )


def documentation(rooms: Collection[Room], settings: HttpSettings) -> Iterator[HTTPRouteHandler]:
    """What answers the document, and the page and the files with which it is read.

    What describes the operations is made when somebody asks: it takes longer than all else of an application,
    and stays in memory. Others are answered meanwhile.
    """
    made: list[Litestar] = []
    making = asyncio.Lock()

    def make() -> Litestar:
        app = described(rooms, settings)
        # Litestar keeps it
        _ = app.openapi_schema
        return app

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        async with making:
            if not made:
                made.append(await asyncio.to_thread(make))
        await made[0](scope, receive, send)

    for path in (SCHEMA, f"{SCHEMA}/openapi.json"):
        yield route(path, {"GET": answer})
    yield _assets()


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
        path=SCHEMA,
        openapi_router=SchemaRouter(
            SCHEMA,
            route_handlers=[],
            include_in_schema=False,
            before_request=refuse_query,
            after_request=with_policy,
            middleware=[shortened],
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
        render_plugins=[DocumentationPage(base_path)],
    )


def _assets() -> HTTPRouteHandler:
    """The page's scripts and styles: ours, and those of Swagger UI that the offapi package brings.

    Importing that would read them all into memory.
    """
    package = find_spec("offapi")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("offapi, which brings the scripts of the documentation, is not installed")
    theirs = Path(package.origin).parent

    @get(
        [f"{ASSETS}/{name}" for name in TYPE_OF],
        sync_to_thread=False,
        include_in_schema=False,
        before_request=refuse_query,
        opt={PERMISSION: None},
        middleware=[shortened],
    )
    def asset(request: Request[Any, Any, Any]) -> File:
        name = request.scope["path"].rpartition("/")[2]
        directory = OURS if name.startswith("documentation") else theirs
        return File(
            directory / name, media_type=TYPE_OF[name], filename=name, content_disposition_type="inline"
        )

    return asset
