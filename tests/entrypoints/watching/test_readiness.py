"""Ready is what can read and write: not a full disk, one that only reads, a database of another shape."""

import sqlite3
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from attendance.adapters.sql.engine.databases import Database
from attendance.adapters.sql.engine.drivers import sqlite as engine
from attendance.adapters.sql.engine.errors import kind_of
from attendance.adapters.sql.schema import writing
from attendance.adapters.sql.schema.version import HEAD, VERSION_TABLE
from attendance.adapters.sql.schema.writing import has_room, is_writable
from attendance.domain.errors import Unavailable
from attendance.entrypoints import asgi
from attendance.entrypoints.watching.readiness import FAILURE_COUNTS_SECONDS, Readiness
from tests.databases import PostgresDatabases, SqliteDatabases, opened
from tests.http.api import running

NOT_READY = 503


class Time:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def path_of(url: str) -> Path:
    return Path(str(sa.make_url(url).database))


def full(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on connections to an SQLite database refuse to let it grow, as a full disk would."""
    with closing(sqlite3.connect(path_of(url))) as connection:
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        connection.execute("VACUUM")
    monkeypatch.setattr(engine, "SQLITE_SETTINGS", {**engine.SQLITE_SETTINGS, "max_page_count": pages})


def reads_only(url: str) -> str:
    """The URL of a PostgreSQL database whose transactions are read-only unless they say otherwise."""
    parsed = sa.make_url(url)
    return parsed.update_query_dict(
        {"options": "-c default_transaction_read_only=on"}, append=True
    ).render_as_string(hide_password=False)


def test_a_database_that_can_be_written_is_and_nothing_stays_of_finding_out(database_url: str) -> None:
    with opened(database_url) as database:
        assert all(is_writable(database) for _ in range(3))
        with database.engine.connect() as connection:
            assert connection.scalar(sa.text(f"SELECT count(*) FROM {VERSION_TABLE}")) == 1


def test_why_it_is_not_ready_is_said_once_and_counted(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    time, failures = Time(), list[BaseException]()
    with opened(database_url) as database, database.engine.connect() as connection:
        readiness = Readiness(database, now=time, failed=failures.append)
        assert readiness()
        for version in ("9999", "9999", HEAD):
            connection.execute(sa.text(f"UPDATE {VERSION_TABLE} SET version_num = '{version}'"))
            time.now += 10
            readiness()
    assert caplog.messages == [
        f"not ready: the database is newer (9999) than this attendance ({HEAD})",
        "ready again",
    ]


def test_a_database_that_is_away_is_said_with_its_reason_and_counted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures = list[BaseException]()
    with opened("postgresql://nobody@127.0.0.1:1/none") as database:
        assert not Readiness(database, failed=failures.append)()
    assert [kind_of(error) for error in failures] == ["away"]
    [said] = caplog.messages
    assert said.startswith("not ready: connection")


def test_a_probe_makes_no_file_larger(sqlite_databases: SqliteDatabases) -> None:
    url = sqlite_databases.fresh()
    with opened(url) as database:
        assert is_writable(database)
        before = {path: path.stat().st_size for path in path_of(url).parent.glob("*")}
        assert all(is_writable(database) for _ in range(20))
        assert {path: path.stat().st_size for path in path_of(url).parent.glob("*")} == before


def test_a_full_disk_is_not_ready_and_the_service_says_so(
    sqlite_databases: SqliteDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = sqlite_databases.fresh()
    full(url, monkeypatch)
    with opened(url) as database:
        assert not is_writable(database)
    with running(url) as api:
        assert api.http.get("/health/ready").status_code == NOT_READY
        assert api.http.get("/health/live").status_code == 200


def test_a_disk_without_room_beside_the_database_is_not_ready(
    sqlite_databases: SqliteDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(sqlite_databases.fresh()) as database:
        monkeypatch.setattr(writing, "ROOM", 1 << 62)
        monkeypatch.setattr(writing, "has_room", lambda directory: has_room(directory, 1 << 62))
        assert not is_writable(database)
        monkeypatch.undo()
        assert is_writable(database)


def test_what_a_directory_has_room_for_is_found_out_and_given_back(tmp_path: Path) -> None:
    assert has_room(tmp_path)
    assert not has_room(tmp_path, 1 << 62)
    assert not has_room(tmp_path / "missing")
    assert [*tmp_path.iterdir()] == []


def test_somebody_who_writes_for_long_is_no_hindrance(sqlite_databases: SqliteDatabases) -> None:
    url = sqlite_databases.fresh()
    with opened(url) as database, closing(sqlite3.connect(path_of(url), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert is_writable(database)


def test_a_file_that_cannot_be_written_is_not_ready(
    sqlite_databases: SqliteDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SQLITE_SETTINGS", {**engine.SQLITE_SETTINGS, "query_only": 1})
    with opened(sqlite_databases.fresh()) as database:
        assert not is_writable(database)


def test_a_server_whose_transactions_only_read_is_not_ready(postgres: PostgresDatabases) -> None:
    url = postgres.fresh()
    with opened(url) as database:
        assert is_writable(database)
    with opened(reads_only(url)) as database:
        assert not is_writable(database)
        assert not Readiness(database)()
    with running(reads_only(url)) as api:
        assert api.http.get("/health/ready").status_code == NOT_READY


def test_one_of_another_shape_is_not_ready(empty_database_url: str) -> None:
    with opened(empty_database_url) as database:
        assert not Readiness(database)()


def test_a_worker_that_is_to_stop_is_not_ready(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(database_url) as api:
        assert api.http.get("/health/ready").status_code == 200
        monkeypatch.setattr(asgi.is_draining, "is_set", lambda: True)
        assert api.http.get("/health/ready").status_code == NOT_READY


def test_memory_is_always_ready() -> None:
    assert Readiness(None)()


def test_the_database_is_asked_once_a_second(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    time, asked = Time(), []
    readiness = Readiness(database, now=time)
    monkeypatch.setattr(readiness, "_found", lambda _: asked.append(time.now) or True)
    for time.now in (0.0, 0.2, 0.9, 1.0, 1.5, 2.1):
        assert readiness()
    assert asked == [0.0, 1.0, 2.1]


def test_a_write_that_found_no_room_counts_for_ten_seconds(database: Database) -> None:
    time = Time()
    readiness = Readiness(database, now=time)
    refused = Unavailable()
    refused.__cause__ = psycopg.errors.DiskFull()
    readiness.note(Unavailable())
    assert readiness()
    time.now = 2.0
    readiness.note(refused)
    assert not readiness()
    time.now += FAILURE_COUNTS_SECONDS - 0.1
    assert not readiness()
    time.now += 1.2
    assert readiness()


def test_what_a_unit_of_work_failed_at_is_noted(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    noted: list[BaseException] = []
    monkeypatch.setattr(Readiness, "note", lambda _, error: noted.append(error))
    with (
        running(database_url, is_watched=True) as api,
        pytest.raises(Unavailable),
        api.store.transaction(),
    ):
        raise Unavailable
    assert [type(error) for error in noted] == [Unavailable]


@pytest.mark.plants
def test_a_probe_that_only_reads_would_not_see_a_full_disk(
    sqlite_databases: SqliteDatabases, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = sqlite_databases.fresh()
    full(url, monkeypatch)
    monkeypatch.setattr(writing, "TOO_LARGE_FOR_A_PAGE", f"SELECT * FROM {VERSION_TABLE}")
    with opened(url) as database:
        assert is_writable(database)
