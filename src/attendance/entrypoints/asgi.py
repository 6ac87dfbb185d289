"""The ASGI application, for any server that takes a factory: `attendance.entrypoints.asgi:create_app`."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from dependency_injector import providers

try:
    from litestar import Litestar
except ImportError as error:
    raise ImportError("the HTTP service needs more packages: pip install 'attendance[server]'") from error

from attendance.adapters.http import HttpSettings, http_application
from attendance.adapters.http.server.requests.observing import Observer
from attendance.adapters.mail import Dispatcher
from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.replica import Replica
from attendance.adapters.web import pages
from attendance.entrypoints.container import Container, close, hashers
from attendance.entrypoints.serving.logs import finish_request_log, request_log
from attendance.entrypoints.serving.process import heed_signals, is_draining, loading, settle
from attendance.entrypoints.settings import MailSender, Settings, SettingsError, Switch, from_environment
from attendance.entrypoints.watching.metrics import PrometheusMetrics, shared_directory
from attendance.entrypoints.watching.readiness import Readiness
from attendance.entrypoints.watching.store import WatchedStore

if TYPE_CHECKING:
    from attendance.entrypoints.watching.tracing import Tracing

NOTHING = nullcontext()
NO_TRACES = "ATTENDANCE_OTLP_ENDPOINT: traces need more packages: pip install 'attendance[otel]'"


def create_app() -> Litestar:
    """The application over what the environment names. It does not migrate: `attendance serve` does."""
    with loading():
        app = _app_of(from_environment())
    settle()
    return app


def _app_of(settings: Settings) -> Litestar:
    container = Container(settings=settings)
    # without it nothing of it is loaded, and no request passes it
    tracing = load_tracing()(settings.otlp_endpoint) if settings.otlp_endpoint else None
    if tracing is not None:
        system = container.primary().engine.dialect.name if settings.storage == "sql" else settings.storage
        container.store.override(providers.Object(tracing.store(container.store(), system)))
    watched = watch(container, directory=shared_directory())
    sends_mail = settings.mail_sender is MailSender.SERVER
    app = application(
        container,
        beside=dispatching(container, watched) if sends_mail else NOTHING,
        observers=request_log(settings),
        watched=watched,
    )
    app.on_startup.append(heed_signals)
    app.on_shutdown.append(finish_request_log)
    if tracing is not None:
        app.asgi_handler = tracing.requests(app.asgi_handler)
        app.on_shutdown.append(tracing.close)
    return app


def load_tracing() -> "type[Tracing]":
    """What sends traces. Raises SettingsError where it is not installed."""
    try:
        from attendance.entrypoints.watching.tracing import Tracing
    except ImportError as error:
        raise SettingsError(NO_TRACES) from error
    return Tracing


@dataclass(frozen=True, slots=True)
class Watched:
    """What is known of a service while it runs."""

    metrics: PrometheusMetrics
    readiness: Readiness


def watch(container: Container, *, directory: Path | None = None) -> Watched:
    """Watch what the container's store does from here on; to be called before anybody has asked for it.

    Where there is a `directory`, several processes count in it together.
    """
    settings, store = container.settings(), container.store()
    pools: dict[str, Database] = {}
    if settings.storage == "sql":
        pools["primary"] = container.primary()
        if settings.read_database_url is not None:
            pools["replica"] = container.read_database()
    metrics = PrometheusMetrics(store=store, clock=container.clock(), pools=pools, directory=directory)
    if isinstance(store, SqlStore) and isinstance(store.replica, Replica):
        store.replica.noted = metrics.read
    readiness = Readiness(pools.get("primary"), failed=metrics.failed)

    def failed(error: BaseException) -> None:
        metrics.failed(error)
        readiness.note(error)

    watched = WatchedStore(store, committed=metrics.committed, failed=failed)
    container.store.override(providers.Object(watched))
    return Watched(metrics, readiness)


@contextmanager
def dispatching(container: Container, watched: Watched) -> Iterator[None]:
    """Mail is sent meanwhile, and what time has ended is noted."""
    use_cases = container.use_cases()

    def run_maintenance() -> None:
        use_cases.run_maintenance()
        watched.metrics.maintained()

    dispatcher = Dispatcher(dispatch=use_cases.dispatch_mail, run_maintenance=run_maintenance)
    dispatcher.start()
    try:
        yield
    finally:
        dispatcher.close()


def application(
    container: Container,
    *,
    beside: AbstractContextManager[None] = NOTHING,
    observers: Iterable[Observer] = (),
    watched: Watched | None = None,
) -> Litestar:
    """The application over a container; `beside` is entered while it runs.

    `observers` are told of each request. `watched`: what `watch` gave; without it nothing is counted.
    """
    settings = container.settings()
    database = container.primary() if settings.storage == "sql" else None
    readiness = watched.readiness if watched else Readiness(database)

    def is_ready() -> bool:
        return not is_draining.is_set() and readiness()

    return http_application(
        container.use_cases(),
        http_settings(settings),
        today=container.today(),
        answer_once=container.answer_once(),
        is_ready=is_ready,
        beside=beside,
        observers=[*observers, watched.metrics.observe] if watched else observers,
        metrics=watched.metrics if watched else None,
        close=partial(close, container),
        pages=pages,
    )


def http_settings(settings: Settings) -> HttpSettings:
    """What HTTP needs to know of the settings."""
    return HttpSettings(
        version=version("attendance"),
        base_url=settings.public_url,
        directory=settings.labs_directory,
        has_labs=settings.labs is Switch.ON,
        language=settings.language,
        zone=settings.zone(),
        cors_origins=tuple(filter(None, settings.cors_origins.split(","))),
        trusted_proxies=settings.proxies(),
        threads=settings.threads,
        queue_seconds=settings.queue_seconds,
        hashers=hashers(),
        longest_queue=settings.sign_in_queue,
        metrics_token=settings.metrics_token,
        receive_seconds=settings.receive_seconds,
        exports=settings.exports,
        exports_per_person=settings.exports_per_person,
    )
