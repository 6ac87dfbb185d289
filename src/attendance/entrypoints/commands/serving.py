"""The commands that serve: `serve`, `migrate`, `openapi`."""

import logging
import logging.config
import os
import socket
import sys
from contextlib import ExitStack, suppress

import click

from attendance.adapters.backoff import attempts
from attendance.entrypoints.commands.opening import explained
from attendance.entrypoints.serving.logs import log_configuration
from attendance.entrypoints.serving.notes import noted_on
from attendance.entrypoints.serving.process import connections_within, hold_signals, loading
from attendance.entrypoints.settings import PREFIX, Settings, Switch, about, from_environment

log = logging.getLogger(__name__)

# for requests under way; a client that stalls amid its body would have us wait for ever
LONGEST_STOP_SECONDS = 9
DESCRIPTORS_BESIDE_CONNECTIONS = 128
ENDING_SECONDS = 1.0
"""How long it may take until the workers of a service that was killed have ended."""


@click.command()
@click.option("--host", help="Address to listen on (ATTENDANCE_HOST).")
@click.option("--port", type=int, help="Port to listen on (ATTENDANCE_PORT).")
@click.option("--workers", type=int, help="Processes that answer (ATTENDANCE_WORKERS).")
@explained
def serve(**options: object) -> None:
    """Bring the database up to date, then answer HTTP until told to stop."""
    # the workers read the environment, so that is where an option goes
    os.environ |= {
        f"{PREFIX}{name.upper()}": str(value) for name, value in options.items() if value is not None
    }
    settings = from_environment()
    logging.config.dictConfig(log_configuration(settings))
    _migrate(settings)
    _refuse_what_no_worker_could_use(settings)

    alone = _alone_on(settings.host, settings.port)
    alone.enter_context(noted_on(settings.database_url))

    with loading():
        from granian.constants import HTTPModes, Interfaces
        from granian.http import HTTP1Settings
        from granian.log import LogLevels

        import attendance.entrypoints.asgi  # noqa: F401 # loaded once here, shared by the workers
        from attendance.entrypoints.serving.supervising import Supervisor, cpus_of_workers
        from attendance.entrypoints.watching.processes import counting_together

    url = f"http://{settings.host}:{settings.port}"
    connections = connections_within(
        settings.connections, beside=DESCRIPTORS_BESIDE_CONNECTIONS + settings.pool_size
    )
    if connections < settings.connections:
        log.warning(
            "a worker takes %d connections at most, not %d: the system allows no more open files (ulimit -n)",
            connections,
            settings.connections,
        )
    is_pinned = settings.pin_workers is Switch.ON
    hold_signals(longest_seconds=LONGEST_STOP_SECONDS)
    click.echo(f"attendance answers at {url} (documentation: {url}/schema). Stop it with Ctrl-C.")
    with alone, counting_together(f"{settings.host.replace('/', '-')}-{settings.port}"):
        Supervisor(
            "attendance.entrypoints.asgi:create_app",
            factory=True,
            interface=Interfaces.ASGI,
            # told to find out which, it waits for the first byte for ever
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=round(settings.receive_seconds * 1000)),
            backpressure=connections,
            address=settings.host,
            port=settings.port,
            workers=settings.workers,
            pinned_to=cpus_of_workers(settings.workers, port=settings.port) if is_pinned else (),
            drain_seconds=settings.drain_seconds,
            respawn_failed_workers=True,
            workers_kill_timeout=LONGEST_STOP_SECONDS,
            websockets=False,
            log_level=LogLevels(settings.log_level),
            log_dictconfig=log_configuration(settings),
        ).serve()


@click.command()
@explained
def migrate() -> None:
    """Bring the database up to date, and say when it is. Safe to run from several places at once."""
    _migrate(from_environment())
    click.echo("the database is up to date")


@click.command()
@explained
def openapi() -> None:
    """Print the OpenAPI document."""
    import msgspec

    from attendance.adapters.http import openapi_document, rooms_of
    from attendance.entrypoints.asgi import http_settings

    described = http_settings(Settings(database_url="memory"))
    document = openapi_document(rooms_of(described), described)
    sys.stdout.buffer.write(msgspec.json.format(document) + b"\n")


def _alone_on(host: str, port: int) -> ExitStack:
    """Hold the address as long as the service lives; raise ValueError when somebody has it.

    It may be free in a moment: where a service was killed, its workers end after it.
    """
    for _ in attempts(ENDING_SECONDS):
        with suppress(ValueError):
            return _held(host, port)
    return _held(host, port)


def _held(host: str, port: int) -> ExitStack:
    """Hold the address; raise ValueError.

    Granian's workers share a port (SO_REUSEPORT), and so would a second service: each would get half of the
    requests. The lock is for two that start at once: neither would find the other listening yet.
    """
    held = ExitStack()
    try:
        if sys.platform == "linux":
            lock = held.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
            lock.bind(f"\0attendance at {host}:{port}")
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        held.close()
        raise ValueError(f"cannot listen on {host}:{port}: {error.strerror}") from error
    return held


def _refuse_what_no_worker_could_use(settings: Settings) -> None:
    """Build everything once, so that a wrong setting is one line now and not a traceback in every worker."""
    from attendance.entrypoints.asgi import load_tracing
    from attendance.entrypoints.container import Container, close

    container = Container(settings=settings)
    container.use_cases()
    close(container)
    if settings.otlp_endpoint is not None:
        load_tracing()


def _migrate(settings: Settings) -> None:
    if settings.storage == "memory":
        return
    from attendance.adapters.sql.engine.databases import open_database
    from attendance.adapters.sql.schema.upgrading import bring_up_to_date

    with about("database_url"):
        database = open_database(settings.database_url, pool_size=1)
    try:
        bring_up_to_date(database)
    finally:
        database.engine.dispose()
