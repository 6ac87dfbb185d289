"""The ASGI application, for any server that takes a factory: `attendance.entrypoints.asgi:create_app`."""

from importlib.metadata import version

from litestar import Litestar

from attendance.adapters.http import HttpSettings
from attendance.adapters.http import create_app as create_http_app
from attendance.adapters.malloc import return_large_blocks
from attendance.adapters.sql.shape import is_current
from attendance.entrypoints.container import Container, cores
from attendance.entrypoints.settings import from_environment


def create_app(container: Container | None = None) -> Litestar:
    """The application over what the environment names. It does not migrate: `attendance serve` does."""
    return_large_blocks()
    container = container or Container(settings=from_environment())
    settings = container.settings()

    def is_ready() -> bool:
        return settings.storage == "memory" or is_current(container.primary())

    return create_http_app(
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
        close=container.shutdown_resources,
    )
