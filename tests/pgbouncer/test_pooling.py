"""What a pooler takes away, and what the service does without."""

from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.backups.archive import BackupError
from attendance.adapters.sql.backups.postgres_tools import PostgresTools
from attendance.adapters.sql.backups.restoring import restore
from attendance.adapters.sql.backups.taking import back_up
from attendance.adapters.sql.engine.databases import open_database
from attendance.adapters.sql.engine.drivers import postgres as engine
from attendance.adapters.sql.engine.drivers.postgres import LIMITS, PREPARED_AFTER
from attendance.adapters.sql.engine.errors import kind_of
from attendance.adapters.sql.engine.replica import Outcome, Replica
from attendance.adapters.sql.schema.version import is_current
from attendance.domain.errors import Unavailable
from tests import make, postgres
from tests.databases import PostgresDatabases, opened
from tests.pgbouncer.conftest import NO_LIMITS, Pooler, pooling
from tests.service import CHEAP_HASHING, SECRET, Service
from tests.stores.replicas.conftest import SETTINGS, Streaming
from tests.stores.replicas.test_replica_reads import seen, written

pytestmark = [pytest.mark.processes, pytest.mark.deployment]

SAYS_THE_ZONE = "set_config('timezone', 'UTC', false)"
IGNORES_OPTIONS = {"pool_mode = transaction": "pool_mode = transaction\nignore_startup_parameters = options"}


def backend(connection: Any) -> int:
    return int(connection.execute("SELECT pg_backend_pid()").fetchone()[0])


def a_statement_follows_its_connection(pooler: Pooler, url: str) -> None:
    """Ask again and again, then once more while somebody else has the server connection of before."""
    with opened(url) as database:
        store = SqlStore(primary=database, replica=database)
        account = make.account()
        with store.transaction() as work:
            work.accounts.add(account)
        with store.autocommit() as work:
            driver = work._source.driver
            for _ in range(PREPARED_AFTER + 2):
                assert work.accounts.get(account.id) == account
            first = backend(driver)
            with psycopg.connect(pooler.through(url, pooling=None)) as other:
                assert backend(other) == first
                assert backend(driver) != first
                assert work.accounts.get(account.id) == account


def test_a_statement_is_known_on_every_connection(pooler: Pooler, store_url: str) -> None:
    a_statement_follows_its_connection(pooler, store_url)


@pytest.mark.plants
def test_statements_that_are_kept_are_not(
    pooler: Pooler, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "Unkept", dict)
    with pytest.raises(psycopg.errors.InvalidSqlStatementName):
        a_statement_follows_its_connection(pooler, store_url)


def times_are_of_utc(pooler: Pooler, url: str) -> None:
    with psycopg.connect(pooler.past(url), autocommit=True) as connection:
        (name,) = connection.execute("SELECT current_database()").fetchone() or ("",)
        connection.execute(f"ALTER DATABASE \"{name}\" SET timezone = 'Asia/Tokyo'".encode())
    account = make.account()
    with opened(url) as database:
        store = SqlStore(primary=database, replica=database)
        with store.transaction() as work:
            work.accounts.add(account)
        with psycopg.connect(pooler.through(url, pooling=None), autocommit=True) as other:
            # it leaves its zone in the connection that comes next
            assert other.execute("SHOW timezone").fetchone() == ("Asia/Tokyo",)
            with store.autocommit() as work:
                assert work.accounts.get(account.id).created_at.utcoffset() == timedelta(0)


def test_times_are_of_utc_whatever_the_server_says(pooler: Pooler) -> None:
    times_are_of_utc(pooler, pooler.fresh())


@pytest.mark.plants
def test_where_the_zone_is_not_said_they_are_not(pooler: Pooler, monkeypatch: pytest.MonkeyPatch) -> None:
    said = engine.LIMITS_BEHIND_POOLER
    monkeypatch.setattr(engine, "LIMITS_BEHIND_POOLER", said.replace(SAYS_THE_ZONE, "1"))
    with pytest.raises(AssertionError):
        times_are_of_utc(pooler, pooler.fresh())


def test_the_limits_hold_behind_it(store_url: str) -> None:
    with opened(store_url) as database, database.connection() as connection:
        found = [connection.execute(f"SHOW {name}").fetchone()[0] for name in LIMITS]
    assert found == ["10s", "5s", "15s"]


def test_without_limits_nothing_is_begun(pooler: Pooler) -> None:
    said = "there is no statement_timeout, lock_timeout, idle_in_transaction_session_timeout:"
    with (
        opened(pooler.through(pooler.direct.url, database=NO_LIMITS)) as database,
        pytest.raises(ValueError, match=said) as refused,
    ):
        is_current(database)
    assert kind_of(refused.value) is None


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("pooling=session", "pooling=session: it can be pooling=transaction, or nothing"),
        ("pooling=transaction&options=-c%20search_path%3Dclub", "a pooler passes on no options"),
    ],
)
def test_what_a_pooler_cannot_do_is_refused(query: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        open_database(f"postgresql://somebody@127.0.0.1/somewhere?{query}", pool_size=1)


def test_a_url_that_does_not_say_so_is_refused_by_it(pooler: Pooler, store_url: str) -> None:
    with opened(pooler.through(store_url, pooling=None)) as database, pytest.raises(Unavailable) as refused:
        is_current(database)
    assert "unsupported startup parameter: options" in str(refused.value.__cause__)


@pytest.mark.plants
def test_a_pooler_that_says_nothing_of_it_breaks_what_is_kept() -> None:
    """Why `pooling=transaction` has to be said, and cannot be found out by a refusal."""
    with postgres.running() as running, pooling(running, **IGNORES_OPTIONS) as home:
        pooler = Pooler(home, PostgresDatabases(running.url()))
        url = pooler.through(pooler.direct.fresh(), pooling=None)
        with pytest.raises(psycopg.errors.InvalidSqlStatementName):
            a_statement_follows_its_connection(pooler, url)


def test_copies_are_not_made_through_it(store_url: str, tmp_path: Path) -> None:
    with opened(store_url) as database:
        for copy in (
            lambda: back_up(database, tmp_path / "copy", made_at=make.NOON, tools=PostgresTools()),
            lambda: restore(database, tmp_path / "copy", tools=PostgresTools()),
        ):
            with pytest.raises(BackupError, match="cannot go through a pooler"):
                copy()
    assert [*tmp_path.iterdir()] == []


def test_a_replica_is_read_through_it(pooler: Pooler) -> None:
    """The look at what is replayed and the reads that follow are one transaction, so one replica's."""
    with (
        postgres.running(SETTINGS) as primary,
        postgres.running(SETTINGS, following=primary) as standby,
        pooling(standby) as home,
    ):
        url = PostgresDatabases(primary.url()).fresh()
        streaming = Streaming(primary, standby)
        streaming.catch_up()
        with opened(url) as database, opened(Pooler(home, pooler.direct).through(url)) as replica:
            store = SqlStore(
                primary=database, replica=Replica(replica, database, wait=lambda _: streaming.catch_up())
            )
            outcomes: list[Outcome] = []
            store.replica.noted = outcomes.append
            lab = written(store)
            for _ in range(5):
                assert seen(store) == {lab.name}
            assert outcomes == [Outcome.ANSWERED] * 5


def test_the_service_starts_on_an_empty_database_and_serves(pooler: Pooler, tmp_path: Path) -> None:
    """Its migrations go through as well, with several processes at once."""
    settings = {"database_url": pooler.empty(), "secret_key": SECRET, "workers": "2"}
    named = {f"ATTENDANCE_{name.upper()}": value for name, value in settings.items()}
    service = Service(tmp_path, {**named, **CHEAP_HASHING})
    with ExitStack() as stack:
        stack.callback(service.kill)
        service.start(backoff=120)
        http = stack.enter_context(httpx.Client(base_url=service.url, timeout=30))
        ada = {"username": "ada", "password": "correct horse battery"}
        assert http.post("/register", json=ada).status_code == 201
        for _ in range(20):
            signed_in = http.post("/login", json=ada)
            assert signed_in.status_code == 200
            bearer = {"Authorization": f"Bearer {signed_in.json()['access_token']}"}
            assert http.get("/users", headers=bearer).status_code == 200
        assert http.get("/health/ready").status_code == 200
