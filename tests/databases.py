"""Fresh databases, already of the current shape: copied from one that was migrated once."""

import itertools
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from attendance.adapters.sql.engine.databases import open_database
from attendance.adapters.sql.engine.migrating import migrate
from tests import postgres

EXTERNAL = "ATTENDANCE_TEST_DATABASE_URL"


def migrated(url: str) -> None:
    database = open_database(url, pool_size=1)
    migrate(database)
    database.engine.dispose()


@dataclass
class SqliteDatabases:
    home: Path

    def __post_init__(self) -> None:
        self._names = itertools.count()
        self._template = self.home / "template.db"
        migrated(f"sqlite:///{self._template}")

    def empty(self) -> str:
        return f"sqlite:///{self.home}/empty{next(self._names)}.db"

    def fresh(self) -> str:
        path = self.home / f"fresh{next(self._names)}.db"
        shutil.copy(self._template, path)
        return f"sqlite:///{path}"


@dataclass
class PostgresDatabases:
    """Databases on a server where `url` may create them. Their names tell apart the processes of one run."""

    url: str

    def __post_init__(self) -> None:
        self._names = itertools.count()
        self._made: list[str] = []
        self._template = self.empty()
        migrated(self._template)

    def empty(self) -> str:
        return self._create("")

    def fresh(self) -> str:
        return self._create(f"TEMPLATE {make_url(self._template).database} STRATEGY file_copy")

    def _create(self, how: str) -> str:
        name = f"attendance_test_{os.getpid()}_{next(self._names)}"
        self._say(f"CREATE DATABASE {name} {how}")
        self._made.append(name)
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)

    def _say(self, statement: str) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement.encode())

    def drop_all(self) -> None:
        for name in self._made:
            self._say(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@contextmanager
def postgres_databases() -> Iterator[PostgresDatabases]:
    """On the server that the environment names, else on one of the suite's own."""
    if url := os.environ.get(EXTERNAL):
        databases = PostgresDatabases(url)
        try:
            yield databases
        finally:
            databases.drop_all()
    else:
        with postgres.running() as server:
            yield PostgresDatabases(server.url())
