"""Several first starts at once: one shape of the database, one key."""

import signal
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from attendance.adapters.sql.engine.databases import open_database
from tests.conftest import DATABASES, databases
from tests.databases import PostgresDatabases, SqliteDatabases
from tests.faults.clients import Request, race
from tests.faults.conftest import sabotaged
from tests.faults.processes import PATIENCE_SECONDS, Ended, all_started, started
from tests.faults.sabotage import PROCESSES_MEETING
from tests.faults.scene import PASSWORD
from tests.service import CHEAP_HASHING, Service

STARTS = 8
MIGRATE = ("-m", "attendance", "migrate")
SHOW_KEY = ("-m", "tests.faults.show_key")

SHAPE = {
    "sqlite": "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name",
    "postgresql": """
        SELECT 'relation', relname::text, relkind::text
            FROM pg_class WHERE relnamespace = 'public'::regnamespace
        UNION ALL SELECT 'column', attrelid::regclass::text || '.' || attname, atttypid::regtype::text
            FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
            WHERE relnamespace = 'public'::regnamespace AND attnum > 0
        UNION ALL SELECT 'constraint', conname::text, pg_get_constraintdef(oid)
            FROM pg_constraint WHERE connamespace = 'public'::regnamespace
        UNION ALL SELECT 'function', proname::text, prosrc
            FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        UNION ALL SELECT 'trigger', tgname::text, tgrelid::regclass::text
            FROM pg_trigger WHERE NOT tgisinternal
        ORDER BY 1, 2, 3
    """,
}


def mapper(database_url: str) -> tuple[list[Any], list[Any]]:
    """Everything a database consists of, and the revisions it says it has."""
    database = open_database(database_url, pool_size=1)
    try:
        with database.engine.connect() as connection:
            parts = connection.exec_driver_sql(SHAPE[connection.dialect.name]).all()
            versions = connection.execute(sa.text("SELECT version_num FROM attendance_version")).all()
            return [tuple(map(_unordered, part)) for part in parts], list(versions)
    finally:
        database.engine.dispose()


def _unordered(text: str | None) -> Any:
    """SQLite keeps a table as the text that made it, in which constraints stand in any order."""
    return text and sorted(line.strip(", \t") for line in text.splitlines())


def check_all_migrated(ended: Ended, found: str, expected: str) -> None:
    failed = [complaint for status, _, complaint in ended if status != 0]
    assert not failed, f"{len(failed)} of {len(ended)} failed: {failed[0]}"
    assert mapper(found) == mapper(expected)


@pytest.fixture(params=DATABASES)
def made(request: pytest.FixtureRequest) -> SqliteDatabases | PostgresDatabases:
    return databases(request, request.param)


def test_of_8_migrations_at_once_all_succeed_and_one_does_the_work(
    made: SqliteDatabases | PostgresDatabases, tmp_path: Path
) -> None:
    database_url = made.empty()
    ended = all_started(tmp_path, MIGRATE, {"ATTENDANCE_DATABASE_URL": database_url}, number=STARTS)
    check_all_migrated(ended, database_url, made.fresh())


@pytest.mark.plants
def test_migrations_that_do_not_take_turns_fail(
    made: SqliteDatabases | PostgresDatabases, tmp_path: Path
) -> None:
    database_url = made.empty()
    settings = {"ATTENDANCE_DATABASE_URL": database_url} | sabotaged("migrates_without_taking_turns")
    ended = all_started(tmp_path, MIGRATE, settings, number=PROCESSES_MEETING)
    with pytest.raises(AssertionError, match=f"{PROCESSES_MEETING - 1} of {PROCESSES_MEETING} failed"):
        check_all_migrated(ended, database_url, made.fresh())


def check_one_key_for_its_owner_alone(home: Path, ended: Ended) -> None:
    assert [status for status, _, _ in ended] == [0] * len(ended), ended
    keys = {key.strip() for _, key, _ in ended}
    assert len(keys) == 1, f"{len(keys)} keys"
    assert [path.name for path in (home / "var").iterdir()] == ["secret_key"]
    kept = home / "var" / "secret_key"
    assert kept.read_text() == keys.pop()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_of_8_first_starts_at_once_all_have_one_key(tmp_path: Path) -> None:
    check_one_key_for_its_owner_alone(tmp_path, all_started(tmp_path, SHOW_KEY, {}, number=STARTS))


@pytest.mark.plants
def test_first_starts_that_keep_the_key_they_made_disagree(tmp_path: Path) -> None:
    ended = all_started(tmp_path, SHOW_KEY, sabotaged("keeps_the_key_it_made"), number=PROCESSES_MEETING)
    with pytest.raises(AssertionError, match=f"{PROCESSES_MEETING} keys"):
        check_one_key_for_its_owner_alone(tmp_path, ended)


@pytest.mark.parametrize("death", ["dies_before_it_keeps_the_key", "dies_after_it_kept_the_key"])
def test_a_first_start_killed_while_it_makes_the_key_keeps_no_later_one_from_starting(
    tmp_path: Path, death: str
) -> None:
    """In a container each start may have the process id of the one before."""
    first = started(tmp_path, SHOW_KEY, sabotaged("has_always_the_same_process_id", death))
    first.communicate(timeout=PATIENCE_SECONDS)
    assert first.returncode == -signal.SIGKILL
    later = started(tmp_path, SHOW_KEY, sabotaged("has_always_the_same_process_id"))
    key, complaint = later.communicate(timeout=PATIENCE_SECONDS)
    assert later.returncode == 0, complaint
    assert key.strip() == (tmp_path / "var" / "secret_key").read_text()


def test_two_services_started_at_once_for_the_first_time_accept_each_others_tokens(tmp_path: Path) -> None:
    services = [Service(tmp_path, dict(CHEAP_HASHING)) for _ in range(2)]
    with ThreadPoolExecutor() as threads:
        list(threads.map(Service.start, services))
    try:
        assert stat.S_IMODE((tmp_path / "var" / "secret_key").stat().st_mode) == 0o600
        who = {"username": "ada", "password": PASSWORD}
        one, other = (service.port for service in services)
        assert race(one, [Request(method="POST", path="/register", body=who)])[0].status == 201
        for here, there in ((one, other), (other, one)):
            (signed_in,) = race(here, [Request(method="POST", path="/login", body=who)])
            token = signed_in.body["access_token"]
            lab = Request(method="POST", path="/labs", body={"name": "Optics"}, token=token)
            assert race(there, [lab])[0].status == 201
    finally:
        for service in services:
            service.kill()
