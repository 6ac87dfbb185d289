"""The whole application as ASGI."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass

from litestar import Litestar, Router

from attendance.adapters.http.accounts import account_handlers
from attendance.adapters.http.caller import provide_caller
from attendance.adapters.http.decoding import LARGEST_BODY, read_strictly
from attendance.adapters.http.documentation import documentation_assets, openapi_config
from attendance.adapters.http.edge import Edge
from attendance.adapters.http.errors import error_handlers
from attendance.adapters.http.health import health_handlers
from attendance.adapters.http.lab_attendance import lab_attendance_handlers
from attendance.adapters.http.labs import lab_handlers
from attendance.adapters.http.lane import HashingLane
from attendance.adapters.http.sessions import session_handlers
from attendance.application.use_cases import UseCases
from attendance.domain.policy import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """`threads` answer requests; `hashers` hash passwords, with at most `longest_queue` calls waiting."""

    version: str
    directory: Directory = Directory.PUBLIC
    cors_origins: tuple[str, ...] = ()
    threads: int = 8
    hashers: int = 1
    longest_queue: int = 256


def http_application(
    use_cases: UseCases, settings: HttpSettings, *, is_ready: Callable[[], bool], close: Callable[[], object]
) -> Litestar:
    """The application; `close` is called when it ends."""
    lane = HashingLane(settings.hashers, settings.longest_queue)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_default_executor(
            ThreadPoolExecutor(settings.threads, "attendance-request")
        )
        try:
            yield
        finally:
            # requests under way keep their connections until they are done
            await asyncio.get_running_loop().shutdown_default_executor()
            lane.close()
            close()

    # as one router: Litestar would register a path's first handler twice, and then run it on two threads
    everything = Router(
        "/",
        route_handlers=[
            *account_handlers(use_cases, lane, settings.directory),
            *session_handlers(use_cases, lane),
            *lab_handlers(use_cases, settings.directory),
            *lab_attendance_handlers(use_cases),
            *health_handlers(is_ready),
            documentation_assets(),
        ],
    )
    app = Litestar(
        route_handlers=[everything],
        dependencies={"caller": provide_caller(use_cases.actor_of)},
        before_request=read_strictly,
        exception_handlers=error_handlers(use_cases.actor_of),
        lifespan=[lifespan],
        openapi_config=openapi_config(settings.version),
        request_max_body_size=LARGEST_BODY,
        logging_config=None,
    )
    origins = frozenset(origin.strip() for origin in settings.cors_origins)
    app.asgi_handler = Edge(app.asgi_handler, origins)
    return app
