"""The whole application as ASGI."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from dataclasses import dataclass

from litestar import Litestar, Router

from attendance.adapters.http.accounts.email_confirmation import email_handlers
from attendance.adapters.http.accounts.passwords import password_handlers
from attendance.adapters.http.accounts.registration import registration_handlers
from attendance.adapters.http.accounts.role_changes import role_change_handlers
from attendance.adapters.http.accounts.sessions import session_handlers
from attendance.adapters.http.accounts.users import user_handlers
from attendance.adapters.http.attendance.marks import mark_handlers
from attendance.adapters.http.attendance.sheets import attendance_handlers
from attendance.adapters.http.attendance.visits import visit_handlers
from attendance.adapters.http.club.clients import client_handlers
from attendance.adapters.http.club.contracts import contract_handlers
from attendance.adapters.http.club.favorites import favorite_handlers
from attendance.adapters.http.club.groups import group_handlers
from attendance.adapters.http.club.lessons import lesson_handlers
from attendance.adapters.http.club.locations import location_handlers
from attendance.adapters.http.club.prices import price_handlers
from attendance.adapters.http.club.schedules import scheduling_handlers
from attendance.adapters.http.club.subscriptions import subscription_handlers
from attendance.adapters.http.labs.labs import lab_handlers
from attendance.adapters.http.labs.marks import lab_attendance_handlers
from attendance.adapters.http.labs.users import account_handlers
from attendance.adapters.http.reporting.calendars import calendar_handlers
from attendance.adapters.http.reporting.events import event_handlers
from attendance.adapters.http.reporting.statistics import statistics_handlers
from attendance.adapters.http.server.addresses import TrustedProxies
from attendance.adapters.http.server.authentication import Callers, provide_caller, require_permissions
from attendance.adapters.http.server.errors import error_handlers
from attendance.adapters.http.server.etag import provide_versions
from attendance.adapters.http.server.exports import describe_formats
from attendance.adapters.http.server.hashing_executor import HashingExecutor
from attendance.adapters.http.server.health import health_handlers
from attendance.adapters.http.server.home import home_handlers
from attendance.adapters.http.server.middleware import Middleware
from attendance.adapters.http.server.openapi import documentation_assets, openapi_config
from attendance.adapters.http.server.strict_json import LARGEST_BODY, check_request
from attendance.application.use_cases import UseCases
from attendance.domain.permissions.table import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class HttpSettings:
    """`threads` answer requests; `hashers` hash passwords, with at most `longest_queue` calls waiting.

    Addresses of calendars begin with `base_url`.
    """

    version: str
    base_url: str = ""
    directory: Directory = Directory.PUBLIC
    cors_origins: tuple[str, ...] = ()
    trusted_proxies: TrustedProxies = ()
    threads: int = 8
    hashers: int = 1
    longest_queue: int = 256


def http_application(
    use_cases: UseCases,
    settings: HttpSettings,
    *,
    is_ready: Callable[[], bool],
    beside: AbstractContextManager[None],
    close: Callable[[], object],
) -> Litestar:
    """The application; `beside` is entered while it runs, `close` is called when it ends."""
    hashing_executor = HashingExecutor(settings.hashers, settings.longest_queue)

    @asynccontextmanager
    async def lifespan(_: Litestar) -> AsyncIterator[None]:
        asyncio.get_running_loop().set_default_executor(
            ThreadPoolExecutor(settings.threads, "attendance-request")
        )
        meanwhile = ExitStack()
        meanwhile.enter_context(beside)
        try:
            yield
        finally:
            # may take a while, in which requests under way are to be answered
            await asyncio.to_thread(meanwhile.close)
            # requests under way keep their connections until they are done
            await asyncio.get_running_loop().shutdown_default_executor()
            hashing_executor.close()
            close()

    callers = Callers(use_cases.actor_of, use_cases.reader_of_calendars, settings.trusted_proxies)
    handlers = [
        *home_handlers(settings.version),
        *registration_handlers(use_cases, hashing_executor),
        *session_handlers(use_cases, hashing_executor),
        *email_handlers(use_cases),
        *password_handlers(use_cases, hashing_executor),
        *account_handlers(use_cases, settings.directory),
        *user_handlers(use_cases),
        *favorite_handlers(use_cases),
        *calendar_handlers(use_cases, settings.base_url),
        *role_change_handlers(use_cases),
        *event_handlers(use_cases),
        *client_handlers(use_cases),
        *contract_handlers(use_cases),
        *price_handlers(use_cases),
        *location_handlers(use_cases),
        *group_handlers(use_cases),
        *lesson_handlers(use_cases),
        *scheduling_handlers(use_cases),
        *subscription_handlers(use_cases),
        *attendance_handlers(use_cases),
        *visit_handlers(use_cases),
        *mark_handlers(use_cases),
        *statistics_handlers(use_cases),
        *lab_handlers(use_cases, settings.directory),
        *lab_attendance_handlers(use_cases),
        *health_handlers(is_ready),
        documentation_assets(),
    ]
    require_permissions(handlers)
    describe_formats(handlers)
    # as one router: Litestar would register a path's first handler twice, and then run it on two threads
    everything = Router("/", route_handlers=handlers)
    app = Litestar(
        route_handlers=[everything],
        dependencies={"caller": provide_caller(callers), "versions": provide_versions()},
        before_request=check_request,
        exception_handlers=error_handlers(callers),
        lifespan=[lifespan],
        openapi_config=openapi_config(settings.version),
        request_max_body_size=LARGEST_BODY,
        logging_config=None,
    )
    origins = frozenset(origin.strip() for origin in settings.cors_origins)
    app.asgi_handler = Middleware(app.asgi_handler, origins)
    return app
