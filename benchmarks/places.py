"""Databases to measure on: durable, fresh, of the current shape, as many as needed, under TMPDIR."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from tests import postgres
from tests.databases import PostgresDatabases, SqliteDatabases

from benchmarks.processes import Tree

POSTGRESQL = "postgresql"
SQLITE = "sqlite"
KINDS = {"pg": POSTGRESQL, "sqlite": SQLITE}

Ask = Callable[..., sa.CursorResult[Any]]


@dataclass(frozen=True, slots=True)
class Place:
    """Where databases of one kind are made. `server` runs them, where that takes processes of its own."""

    kind: str
    databases: PostgresDatabases | SqliteDatabases
    server: Tree | None

    def cpu(self) -> float:
        """Seconds that the database's own processes have computed so far."""
        return self.server.cpu() if self.server else 0.0


@contextmanager
def place(kind: str, home: Path) -> Iterator[Place]:
    """PostgreSQL from the wheel, with fsync and synchronous commits; SQLite as the service sets it itself."""
    if kind == SQLITE:
        yield Place(kind, SqliteDatabases(home), None)
        return
    with postgres.running(postgres.DURABLE) as server:
        postmaster = (server.home / "data" / "postmaster.pid").read_text().split()[0]
        yield Place(kind, PostgresDatabases(server.url()), Tree(int(postmaster)))


@contextmanager
def beside(url: str) -> Iterator[Ask]:
    """A connection of the benchmark's own, to look at what a contender stored: `ask("SELECT :x", x=1)`."""
    parsed = sa.make_url(url)
    if parsed.get_backend_name() == POSTGRESQL:
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(parsed, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        yield lambda statement, **parameters: connection.execute(sa.text(statement), parameters)
    engine.dispose()


def tidy(ask: Ask, kind: str) -> None:
    """Leave nothing to clean up that would fall into whichever round comes next."""
    if kind == SQLITE:
        ask("PRAGMA wal_checkpoint(TRUNCATE)")
    else:
        ask("VACUUM lab_marks, attendance")
        ask("CHECKPOINT")


def seconds_to_sync(home: Path, times: int = 200) -> float:
    """What one durable write costs here: it bounds every contender alike."""
    with (home / "synced").open("wb", buffering=0) as file:
        started = time.perf_counter()
        for _ in range(times):
            file.write(bytes(4096))
            os.fdatasync(file.fileno())
        return (time.perf_counter() - started) / times
