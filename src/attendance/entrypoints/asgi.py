"""The ASGI application, for any server that takes a factory: `attendance.entrypoints.asgi:create_app`."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from importlib.metadata import version

try:
    from litestar import Litestar
except ImportError as error:
    raise ImportError("the HTTP service needs more packages: pip install 'attendance[server]'") from error

from attendance.adapters.http import HttpSettings, http_application
from attendance.adapters.http.server.observing import Observer
from attendance.adapters.mail import Dispatcher
from attendance.adapters.sql.schema.version import is_current
from attendance.adapters.web import pages
from attendance.entrypoints.container import Container, close, hashers
from attendance.entrypoints.logs import request_log
from attendance.entrypoints.process import heed_signals, is_draining, settle
from attendance.entrypoints.settings import MailSender, Switch, from_environment

NOTHING = nullcontext()


def create_app() -> Litestar:
    """The application over what the environment names. It does not migrate: `attendance serve` does."""
    settings = from_environment()
    container = Container(settings=settings)
    sends_mail = settings.mail_sender is MailSender.SERVER
    app = application(
        container, beside=dispatching(container) if sends_mail else NOTHING, observers=request_log(settings)
    )
    app.on_startup.append(heed_signals)
    settle()
    return app


@contextmanager
def dispatching(container: Container) -> Iterator[None]:
    """Mail is sent meanwhile, and what time has ended is noted."""
    use_cases = container.use_cases()
    dispatcher = Dispatcher(dispatch=use_cases.dispatch_mail, run_maintenance=use_cases.run_maintenance)
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
) -> Litestar:
    """The application over a container; `beside` is entered while it runs.

    `observers` are told of each request.
    """
    settings = container.settings()

    def is_ready() -> bool:
        return not is_draining.is_set() and (settings.storage == "memory" or is_current(container.primary()))

    return http_application(
        container.use_cases(),
        HttpSettings(
            version=version("attendance"),
            base_url=settings.public_url,
            directory=settings.labs_directory,
            has_labs=settings.labs is Switch.ON,
            language=settings.language,
            zone=settings.zone(),
            cors_origins=tuple(filter(None, settings.cors_origins.split(","))),
            trusted_proxies=settings.proxies(),
            threads=settings.threads,
            hashers=hashers(),
            longest_queue=settings.sign_in_queue,
            receive_seconds=settings.receive_seconds,
            exports=settings.exports,
            exports_per_person=settings.exports_per_person,
        ),
        today=container.today(),
        answer_once=container.answer_once(),
        is_ready=is_ready,
        beside=beside,
        observers=observers,
        close=partial(close, container),
        pages=pages,
    )
