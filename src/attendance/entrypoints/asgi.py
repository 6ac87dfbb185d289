"""The ASGI application, for any server that takes a factory: `attendance.entrypoints.asgi:create_app`."""

from functools import partial
from importlib.metadata import version

from litestar import Litestar

from attendance.adapters.http import HttpSettings, http_application
from attendance.adapters.sql.shape import is_current
from attendance.entrypoints.container import Container, close, cores
from attendance.entrypoints.process import heed_signals, settle
from attendance.entrypoints.settings import from_environment


def create_app() -> Litestar:
    """The application over what the environment names. It does not migrate: `attendance serve` does."""
    app = application(Container(settings=from_environment()))
    app.on_startup.append(heed_signals)
    settle()
    return app


def application(container: Container) -> Litestar:
    """The application over a container."""
    settings = container.settings()

    def is_ready() -> bool:
        return settings.storage == "memory" or is_current(container.primary())

    return http_application(
        container.use_cases(),
        HttpSettings(
            version=version("attendance"),
            directory=settings.labs_directory,
            cors_origins=tuple(filter(None, settings.cors_origins.split(","))),
            threads=settings.threads,
            hashers=cores(),
            longest_queue=settings.sign_in_queue,
        ),
        is_ready=is_ready,
        close=partial(close, container),
    )
