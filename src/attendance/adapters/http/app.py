"""The whole application as ASGI."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractContextManager, AsyncExitStack, ExitStack, asynccontextmanager

from litestar import Litestar

from attendance.adapters.http.server import service as service_rooms
from attendance.adapters.http.server.callers.authentication import Callers
from attendance.adapters.http.server.callers.cookies import SessionCookie
from attendance.adapters.http.server.errors import error_handlers
from attendance.adapters.http.server.openapi import documentation
from attendance.adapters.http.server.operations.declaration import HttpSettings, Pages, Room, Service
from attendance.adapters.http.server.operations.export_executor import ExportExecutor
from attendance.adapters.http.server.operations.handlers import handlers_of
from attendance.adapters.http.server.operations.hashing_executor import HashingExecutor
from attendance.adapters.http.server.operations.metrics import metrics_route, sampling
from attendance.adapters.http.server.operations.plan import LARGEST_BODY
from attendance.adapters.http.server.operations.request_threads import RequestThreads
from attendance.adapters.http.server.requests.middleware import Middleware
from attendance.adapters.http.server.requests.observing import Metrics, Observer
from attendance.adapters.rooms import declared_in
from attendance.application.forms.answering_once import AnswerOnce
from attendance.application.ports import Today
from attendance.application.use_cases import UseCases

ROOMS = declared_in("attendance.adapters.http", Room, service_rooms)


def rooms_of(settings: HttpSettings) -> list[Room]:
    """The rooms that there are by these settings."""
    return [room for room in ROOMS if settings.has_labs or not room.is_of_labs]


def http_application(
    use_cases: UseCases,
    settings: HttpSettings,
    *,
    today: Today,
    answer_once: AnswerOnce,
    is_ready: Callable[[], bool],
    beside: AbstractContextManager[None],
    close: Callable[[], object],
    pages: Callable[[Service, Callers], Pages] = lambda *_: Pages(),
    observers: Iterable[Observer] = (),
    metrics: Metrics | None = None,
) -> Litestar:
    """The application; `beside` is entered while it runs, `close` is called when it ends.

    `pages` are answered by the same use cases, to the same callers. `observers` are told of each request.
    `metrics` are answered at `/metrics`.
    """
    request_threads = RequestThreads(settings.threads, longest_wait=settings.queue_seconds)
    hashing_executor = HashingExecutor(settings.hashers, settings.longest_queue)
    export_executor = ExportExecutor(settings.exports, settings.exports_per_person)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        meanwhile = ExitStack()
        meanwhile.enter_context(beside)
        try:
            async with AsyncExitStack() as stack:
                if metrics is not None:
                    await stack.enter_async_context(sampling(metrics, service))
                yield
        finally:
            # may take a while, in which requests under way are to be answered
            await asyncio.to_thread(meanwhile.close)
            # requests under way keep their connections until they are done
            await request_threads.close()
            await export_executor.close()
            hashing_executor.close()
            close()

    service = Service(
        use_cases=use_cases,
        today=today,
        answer_once=answer_once,
        settings=settings,
        is_ready=is_ready,
        request_threads=request_threads,
        hashing_executor=hashing_executor,
        export_executor=export_executor,
    )
    callers = Callers(
        use_cases.actor_of,
        use_cases.reader_of_calendars,
        use_cases.actor_of.visitor,
        settings.trusted_proxies,
        SessionCookie(settings.base_url),
    )
    rooms = rooms_of(settings)
    of_pages = pages(service, callers)
    handlers = [
        *handlers_of(rooms, service, callers),
        *documentation(rooms, settings),
        *([] if metrics is None else [metrics_route(metrics, service)]),
        *of_pages.handlers,
    ]
    app = Litestar(
        route_handlers=handlers,
        exception_handlers=error_handlers(of_pages.no_page),
        lifespan=[lifespan],
        openapi_config=None,
        request_max_body_size=LARGEST_BODY,
        logging_config=None,
    )
    origins = frozenset(origin.strip() for origin in settings.cors_origins)
    app.asgi_handler = Middleware(
        app.asgi_handler,
        origins,
        tuple(observers),
        settings.trusted_proxies,
        settings.base_path,
        settings.receive_seconds,
    )
    return app
