"""A network that loses what is sent to PostgreSQL: whoever waits is told so, who comes later is answered."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeAlias

import pytest

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine import postgres as engine
from attendance.adapters.sql.engine.databases import open_database
from attendance.adapters.sql.engine.deadlines import WATCH_SECONDS
from attendance.adapters.sql.schema.version import is_current
from attendance.adapters.sql.schema.writing import is_writable
from attendance.domain.accounts.mail import MailState
from attendance.domain.errors import Unavailable
from tests.databases import PostgresDatabases
from tests.networks import Network, between

PATIENCE_SECONDS = 60
HOPELESS_WAIT_SECONDS = 1


@pytest.fixture
def network(postgres: PostgresDatabases) -> Iterator[Network]:
    with between(postgres.fresh()) as network:
        yield network


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "LONGEST_ANSWER_SECONDS", 0.3)


def look(store: SqlStore) -> None:
    with store.autocommit() as work:
        work.outbox.in_state(MailState.WAITING)


def reads(store: SqlStore, network: Network) -> None:
    network.swallow()
    look(store)


def begins(store: SqlStore, network: Network) -> None:
    network.swallow()
    with store.transaction():
        pass


def commits(store: SqlStore, network: Network) -> None:
    with store.transaction() as work:
        work.outbox.in_state(MailState.WAITING)
        network.swallow()


def joins_a_transaction(store: SqlStore, network: Network) -> None:
    with store.ambient():
        network.swallow()
        with store.transaction():
            pass


def asks_for_the_shape(store: SqlStore, network: Network) -> None:
    network.swallow()
    is_current(store.primary)


def asks_whether_it_writes(store: SqlStore, network: Network) -> None:
    network.swallow()
    is_writable(store.primary)


Asking: TypeAlias = Callable[[SqlStore, Network], None]
WAYS: list[Asking] = [
    reads,
    begins,
    commits,
    joins_a_transaction,
    asks_for_the_shape,
    asks_whether_it_writes,
]


def check_it_ends(network: Network, asking: Asking, patience: float) -> None:
    """Told that the database is away; and as soon as there is a way to it again, it is found."""
    database = open_database(network.url, pool_size=2)
    store = SqlStore(primary=database, replica=database)
    threads = ThreadPoolExecutor(max_workers=1)
    try:
        look(store)
        asked = threads.submit(asking, store, network)
        assert wait([asked], timeout=patience).done, "kept waiting without an answer"
        with pytest.raises(Unavailable):
            asked.result()
        network.heal()
        look(store)
    finally:
        network.close()
        threads.shutdown()
        database.engine.dispose()


@pytest.mark.parametrize("asking", WAYS)
@pytest.mark.usefixtures("short")
def test_what_no_answer_comes_to_is_given_up(network: Network, asking: Asking) -> None:
    check_it_ends(network, asking, PATIENCE_SECONDS)


@pytest.mark.plants
@pytest.mark.parametrize("asking", WAYS)
def test_without_a_deadline_it_is_waited_for_without_end(
    network: Network, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LONGEST_ANSWER_SECONDS", 3600)
    with pytest.raises(AssertionError, match="kept waiting"):
        check_it_ends(network, asking, HOPELESS_WAIT_SECONDS)


@pytest.mark.usefixtures("short")
def test_a_connection_whose_use_has_no_deadline_is_left_alone(postgres: PostgresDatabases) -> None:
    """As that of whoever verifies a large database, while others of the pool are watched."""
    database = open_database(postgres.fresh(), pool_size=1)
    try:
        with database.connection() as connection:
            connection.execute(f"SELECT pg_sleep({2 * WATCH_SECONDS})")
            assert database.is_idle(connection)
    finally:
        database.engine.dispose()
