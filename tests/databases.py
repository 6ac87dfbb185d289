"""Databases of the current shape: one that is emptied for each test, or one made for a test alone."""

import itertools
import os
import shutil
import sqlite3
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg.sql import Literal
from sqlalchemy import make_url

from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.adapters.sql.schema.migrating import migrate
from tests import postgres

EXTERNAL = "ATTENDANCE_TEST_DATABASE_URL"
POOL_SIZE = 20
TABLES = """
    SELECT quote_ident(tablename) FROM pg_tables
    WHERE schemaname = current_schema() AND tablename <> 'attendance_version'
"""
RESETS_UNTIL_CHECKPOINT = 10
"""The log grows by a whole database with each: nobody else may write so much that it is emptied."""
RESETS_UNTIL_TRUNCATED = 40
"""Deleted rows leave their room behind for a while; to truncate takes 20 times as long as to delete."""


def migrated(url: str) -> None:
    database = open_database(url, pool_size=1)
    migrate(database)
    database.engine.dispose()


class Databases(Protocol):
    """Databases of one kind."""

    @abstractmethod
    def empty(self) -> str:
        """The URL of a new one with nothing in it."""

    @abstractmethod
    def fresh(self) -> str:
        """The URL of a new one of the current shape, copied from one that was migrated once."""

    @abstractmethod
    def resets(self, url: str) -> AbstractContextManager[Callable[[], None]]:
        """What makes one that was `fresh` what it was then, though connections to it are open."""


class KeptDatabase:
    """One database that many tests use one after the other, with its connections and compiled statements."""

    def __init__(self, databases: Databases) -> None:
        self._stack = ExitStack()
        self.url = databases.fresh()
        self.database: Database = open_database(self.url, pool_size=POOL_SIZE)
        self._stack.callback(self.database.engine.dispose)
        self._reset = self._stack.enter_context(databases.resets(self.url))

    def reset(self) -> "KeptDatabase":
        self._reset()
        return self

    def close(self) -> None:
        self._stack.close()


@dataclass
class SqliteDatabases(Databases):
    home: Path

    def __post_init__(self) -> None:
        self._names = itertools.count()
        self._resets = itertools.count(1)
        self._template = self.home / "template.db"
        migrated(f"sqlite:///{self._template}")

    def empty(self) -> str:
        return f"sqlite:///{self.home}/empty{next(self._names)}.db"

    def fresh(self) -> str:
        path = self.home / f"fresh{next(self._names)}.db"
        shutil.copy(self._template, path)
        return f"sqlite:///{path}"

    @contextmanager
    def resets(self, url: str) -> Iterator[Callable[[], None]]:
        """Page by page, past every trigger."""
        path = str(make_url(url).database)
        with closing(sqlite3.connect(":memory:")) as template, closing(sqlite3.connect(path)) as used:
            with closing(sqlite3.connect(self._template)) as file:
                file.backup(template)
            used.execute("PRAGMA synchronous = OFF")

            def reset() -> None:
                template.backup(used)
                if next(self._resets) % RESETS_UNTIL_CHECKPOINT == 0:
                    used.execute("PRAGMA wal_checkpoint")

            yield reset


@dataclass
class PostgresDatabases(Databases):
    """On a server where `url` is a superuser's. Their names tell apart the processes of one run."""

    url: str

    def __post_init__(self) -> None:
        self._names = itertools.count()
        self._made: list[str] = []
        self._resets = itertools.count(1)
        self._template = self.empty()
        migrated(self._template)
        with psycopg.connect(self._template, autocommit=True) as connection:
            self._tables = [name for (name,) in connection.execute(TABLES)]
            # what migrations put there themselves
            self._rows = {
                table: rows
                for table in self._tables
                if (rows := connection.execute(f"SELECT t::text FROM {table} t".encode()).fetchall())
            }

    def empty(self) -> str:
        return self._create("")

    def fresh(self) -> str:
        return self._create(f"TEMPLATE {make_url(self._template).database} STRATEGY file_copy")

    @contextmanager
    def resets(self, url: str) -> Iterator[Callable[[], None]]:
        """As a replica would, for which no trigger refuses to remove an event, and no key is looked up.

        By one connection: a new one learns of each table anew, which takes longer than to empty it.
        """
        first_rows = [
            f"INSERT INTO {table} SELECT ({Literal(row).as_string()}::{table}).*"
            for table, rows in self._rows.items()
            for (row,) in rows
        ]
        with psycopg.connect(url, autocommit=True) as connection:

            def reset() -> None:
                if next(self._resets) % RESETS_UNTIL_TRUNCATED:
                    emptying = [f"DELETE FROM {table}" for table in self._tables]
                else:
                    emptying = [f"TRUNCATE {', '.join(self._tables)}"]
                # one transaction, because they are sent at once
                statements = [
                    "SET LOCAL session_replication_role = replica",
                    "SET LOCAL lock_timeout = '10s'",
                    *emptying,
                    *first_rows,
                    "SELECT setval(oid::regclass, 1, false) FROM pg_class WHERE relkind = 'S'",
                ]
                connection.execute("; ".join(statements).encode())

            yield reset

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


@contextmanager
def opened(url: str) -> Iterator[Database]:
    """A database of which each test opens its own."""
    database = open_database(url, pool_size=2)
    try:
        yield database
    finally:
        database.engine.dispose()
