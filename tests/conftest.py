"""What tests are given: stores and databases of every kind, and time, ids and passwords that cost nothing."""

from collections.abc import Iterator

import pytest

from attendance.adapters.memory import MemoryStore
from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.application.ports import Store
from tests.databases import PostgresDatabases, SqliteDatabases, postgres_databases

STORES = ["memory", "sqlite", "postgresql"]
DATABASES = STORES[1:]


@pytest.fixture(scope="session")
def sqlite_databases(tmp_path_factory: pytest.TempPathFactory) -> SqliteDatabases:
    return SqliteDatabases(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresDatabases]:
    with postgres_databases() as databases:
        yield databases


def databases(request: pytest.FixtureRequest, kind: str) -> SqliteDatabases | PostgresDatabases:
    return request.getfixturevalue("postgres" if kind == "postgresql" else "sqlite_databases")


@pytest.fixture(params=DATABASES)
def database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database of either kind, of the current shape."""
    return databases(request, request.param).fresh()


@pytest.fixture(params=DATABASES)
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """A fresh database of either kind, with nothing in it."""
    return databases(request, request.param).empty()


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = open_database(database_url, pool_size=20)
    yield database
    database.engine.dispose()


@pytest.fixture(params=STORES)
def store_url(request: pytest.FixtureRequest) -> str:
    """What ATTENDANCE_DATABASE_URL would say, for each store."""
    return "memory" if request.param == "memory" else databases(request, request.param).fresh()


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Every adapter of the store port, so each test that takes it is part of the port's contract."""
    if store_url == "memory":
        yield MemoryStore()
        return
    database = open_database(store_url, pool_size=20)
    yield SqlStore(primary=database, replica=database)
    database.engine.dispose()
