"""What tests are given: stores and databases of every kind, emptied for each test.

`--stores` chooses among the kinds; a test that takes another kind is not run, and counted as deselected.
"""

import gc
import os
import shutil
import signal
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import settings

from attendance.adapters.memory import MemoryStore
from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import Database
from attendance.application.ports import Store
from tests.cpus import Cpus
from tests.databases import Databases, KeptDatabase, PostgresDatabases, SqliteDatabases, postgres_databases
from tests.examples import FULL, QUICK, examples

# how long an example takes says something of the machine and of who else uses it
settings.register_profile("suite", deadline=None, max_examples=60)
# for each save: `--hypothesis-profile quick`
settings.register_profile("quick", deadline=None, max_examples=QUICK)
settings.load_profile("suite")
# its assertions are to say what they compared, like those of the tests
pytest.register_assert_rewrite("attendance.testing.contract")

CPUS = Cpus(os.environ.get("PYTEST_XDIST_WORKER", ""))
MANY = 4
"""So many cases of a test are all tried for each save."""
STORES = ["memory", "sqlite", "postgresql"]
DATABASES = STORES[1:]
IN_MEMORY, ROOM_BYTES = Path("/dev/shm"), 2**30
LONGEST = ("tests/http/test_schemathesis.py", "tests/faults/", "tests/web/test_in_a_browser.py")
"""What takes longest and what waits for processes comes first: one worker waits while others work."""
FIXTURE_OF = {"sqlite": "sqlite_databases", "postgresql": "postgres"}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--stores", default=",".join(STORES), help="the kinds of store to test, of " + ", ".join(STORES)
    )


def pytest_configure(config: pytest.Config) -> None:
    heed_signals()
    if unknown := {*config.getoption("stores").split(",")} - {*STORES}:
        raise pytest.UsageError(f"--stores: there is no {', '.join(sorted(unknown))}")


def heed_signals() -> None:
    """What a process is told to ignore, its children ignore too, and a shell tells what it starts with `&`.

    Tests end processes by these two. What `nohup` has it ignore stays ignored: none sends that.
    """
    for number, handler in ((signal.SIGINT, signal.default_int_handler), (signal.SIGTERM, signal.SIG_DFL)):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, handler)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    names = {item.nodeid for item in items}
    for item in items:
        if item.nodeid.startswith("tests/http/") and "sqlite" in item.nodeid:
            if item.nodeid.replace("sqlite", "postgresql") in names:
                # what is between HTTP and a store is the same: `make check` tries it over this one, too
                item.add_marker("thorough")
        elif item.nodeid.startswith("tests/stores/replicas/"):
            item.add_marker("processes")
        elif item.nodeid.startswith("tests/faults/"):
            item.add_marker("attacks")
            if "sqlite" in stores_of(item) and "postgresql" not in item.nodeid and hasattr(item, "callspec"):
                # the same is tried on PostgreSQL, where more can go wrong at once
                item.add_marker("long")
        elif item.nodeid.startswith("tests/web/") and "anybodys_way" in item.name:
            # each page in one look is walked to by `make check`
            item.add_marker("long")
    items.sort(key=lambda item: not item.nodeid.startswith(LONGEST))
    left_out = {*STORES} - {*config.getoption("stores").split(",")}
    kept = [item for item in items if not stores_of(item) & left_out]
    if (step := FULL // examples(FULL)) > 1:
        kept = some_of(kept, step)
    if deselected := {*items} - {*kept}:
        config.hook.pytest_deselected(items=[*deselected])
        items[:] = kept


def some_of(items: list[pytest.Item], step: int) -> list[pytest.Item]:
    """Of a test with many cases one in so many, as of a property's examples."""
    cases: dict[str, list[pytest.Item]] = {}
    for item in items:
        cases.setdefault(item.nodeid.partition("[")[0], []).append(item)
    return [it for of_one in cases.values() for it in (of_one[::step] if len(of_one) > MANY else of_one)]


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing of what is loaded and collected is garbage, and there is ever more of it to look through."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


def pytest_collection_finish() -> None:
    """What is loaded by now stays: not to look for garbage in it is a tenth of the time."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """A request goes from thread to thread: from CPU to CPU that takes longer than all else of it."""
    CPUS.use(all_of_them=item.get_closest_marker("processes") is not None)


def stores_of(item: pytest.Item) -> set[str]:
    """The kinds of store that a test is about, by its parameters and its fixtures."""
    parameters = item.callspec.params.values() if hasattr(item, "callspec") else ()
    named = {value for value in parameters if isinstance(value, str) and value in STORES}
    fixtures = getattr(item, "fixturenames", ())
    return named | {kind for kind, fixture in FIXTURE_OF.items() if fixture in fixtures}


@pytest.fixture(scope="session")
def sqlite_databases() -> Iterator[SqliteDatabases]:
    """In memory where the system has a directory there: a disk is waited for with every commit."""
    has_room = os.access(IN_MEMORY, os.W_OK) and shutil.disk_usage(IN_MEMORY).free > ROOM_BYTES
    place = IN_MEMORY if has_room else None
    with TemporaryDirectory(prefix="attendance-sqlite-", dir=place, ignore_cleanup_errors=True) as home:
        yield SqliteDatabases(Path(home))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresDatabases]:
    with postgres_databases() as databases:
        yield databases


def databases(request: pytest.FixtureRequest, kind: str) -> Databases:
    """Where fresh ones of a kind come from, for tests that start processes or change tables."""
    return request.getfixturevalue(FIXTURE_OF[kind])


@pytest.fixture(scope="session")
def kept_databases(request: pytest.FixtureRequest) -> Iterator[Callable[[str], KeptDatabase]]:
    """The one database of a kind that the tests of this process share."""
    kept: dict[str, KeptDatabase] = {}

    def of(kind: str) -> KeptDatabase:
        if kind not in kept:
            kept[kind] = KeptDatabase(databases(request, kind))
        return kept[kind]

    yield of
    for database in kept.values():
        database.close()


def emptied(request: pytest.FixtureRequest, kind: str) -> KeptDatabase:
    """The kept database of a kind as if it were new. A second time in one test removes what it has stored."""
    kept: Callable[[str], KeptDatabase] = request.getfixturevalue("kept_databases")
    return kept(kind).reset()


@pytest.fixture(params=DATABASES)
def kept_database(request: pytest.FixtureRequest) -> KeptDatabase:
    return emptied(request, request.param)


@pytest.fixture
def database_url(kept_database: KeptDatabase) -> str:
    """A database of either kind, of the current shape and with nothing in it."""
    return kept_database.url


@pytest.fixture
def database(kept_database: KeptDatabase) -> Database:
    """The same, opened."""
    return kept_database.database


@pytest.fixture(params=DATABASES)
def empty_database_url(request: pytest.FixtureRequest) -> str:
    """A new database of either kind, without tables."""
    return databases(request, request.param).empty()


@pytest.fixture(params=STORES)
def store_url(request: pytest.FixtureRequest) -> str:
    """What ATTENDANCE_DATABASE_URL would say, for each store."""
    return "memory" if request.param == "memory" else emptied(request, request.param).url


@pytest.fixture
def store(request: pytest.FixtureRequest, store_url: str) -> Store:
    """Every adapter of the store port, so each test that takes it is part of the port's contract."""
    if store_url == "memory":
        return MemoryStore()
    kept: Callable[[str], KeptDatabase] = request.getfixturevalue("kept_databases")
    database = kept("sqlite" if store_url.startswith("sqlite") else "postgresql").database
    return SqlStore(primary=database, replica=database)
