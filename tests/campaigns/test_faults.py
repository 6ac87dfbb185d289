"""What can be away, full, killed or late is so amid work: nothing acknowledged is lost, nothing there twice.

`make faults`. Each row of the table is one of these tests; those of twins have a protection taken out.
"""

import asyncio
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from tests import postgres
from tests.campaigns import loads
from tests.campaigns.conftest import times
from tests.campaigns.stages import (
    Outcome,
    Stage,
    Strike,
    cancel,
    check_all_is_well,
    fill_the_disk,
    keep_what_is_sent,
    kill_a_backend,
    kill_a_worker,
    kill_postmaster,
    kill_the_service,
    lose_what_is_sent,
    outcome_of,
    restart,
    shift_the_clock,
    staged,
)
from tests.campaigns.tables import add_row
from tests.conftest import DATABASES
from tests.databases import PostgresDatabases, SqliteDatabases
from tests.faults.test_crashes import FORGETFUL
from tests.networks import between

pytestmark = pytest.mark.faults

CANCELLED = 1000
CLOCK_OF_A_FILE = "reads_its_clock_from_a_file"
ANSWERS_FIRST = "answers_before_it_writes"


@contextmanager
def databases_on(settings: str) -> Iterator[tuple[postgres.Server, PostgresDatabases]]:
    with postgres.running(settings) as server:
        yield server, PostgresDatabases(server.url())


@pytest.fixture(scope="module")
def durable() -> Iterator[tuple[postgres.Server, PostgresDatabases]]:
    with databases_on(postgres.DURABLE) as found:
        yield found


@pytest.fixture(scope="module")
def forgetful() -> Iterator[tuple[postgres.Server, PostgresDatabases]]:
    with databases_on(FORGETFUL) as found:
        yield found


Durable = tuple[postgres.Server, PostgresDatabases]


@pytest.fixture
def place(request: pytest.FixtureRequest) -> tuple[str, postgres.Server | None]:
    """A fresh database of a kind, and the server that it is on."""
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite_databases").fresh(), None
    server, databases = request.getfixturevalue("durable")
    return databases.fresh(), server


on_each = pytest.mark.parametrize("place", DATABASES, indirect=True)
Place = tuple[str, postgres.Server | None]


def tried(
    request: pytest.FixtureRequest, stage: Stage, what: str, strike: Strike, rounds: int, *, twin: str = ""
) -> Outcome:
    """Strike, and note what came of it."""
    outcome = outcome_of(stage, strike, rounds)
    load = stage.load
    row = {
        "what": what,
        "database": stage.database_url.partition(":")[0],
        "without": twin or "-",
        "times": load.cancelled or rounds,
        "acknowledged marks": load.marks.total,
        "sales": len(load.sales.acknowledged),
        "503": load.marks.statuses[503] + load.others.statuses[503],
        "no answer": load.unanswered,
        "signed in again": load.signed_in_again,
        "lost": len(outcome.lost),
        "seconds": round(outcome.seconds),
    }
    add_row(request, "faults", row)
    return outcome


def check(request: pytest.FixtureRequest, stage: Stage, what: str, strike: Strike, rounds: int) -> None:
    """It all comes well out of it, and no process dies that nobody killed."""
    outcome = tried(request, stage, what, strike, rounds)
    if strike not in (kill_a_worker, kill_the_service):
        assert stage.service.log.count("Started worker") == 2, stage.service.log[-3000:]
    assert outcome.unexpected == []
    assert outcome.lost == []
    check_all_is_well(stage)


# Kills


@on_each
@pytest.mark.parametrize(
    ("what", "strike", "rounds"),
    [("a worker killed", kill_a_worker, 8), ("the service killed", kill_the_service, 10)],
)
def test_killed_amid_work(
    request: pytest.FixtureRequest, place: Place, tmp_path: Path, what: str, strike: Strike, rounds: int
) -> None:
    with staged(tmp_path, place[0]) as stage:
        check(request, stage, what, strike, times(rounds))


@on_each
@pytest.mark.parametrize(
    ("what", "strike"), [("a worker killed", kill_a_worker), ("the service killed", kill_the_service)]
)
def test_killed_where_it_answers_before_it_writes_it_has_lost_some(
    request: pytest.FixtureRequest, place: Place, tmp_path: Path, what: str, strike: Strike
) -> None:
    with staged(tmp_path, place[0], ANSWERS_FIRST) as stage:
        assert tried(request, stage, what, strike, 2, twin="write before answer").lost


# PostgreSQL down


@pytest.mark.parametrize(
    ("what", "strike"),
    [
        ("PostgreSQL restarted, fast", restart("fast")),
        ("PostgreSQL restarted, immediate", restart("immediate")),
        ("its postmaster killed", kill_postmaster),
        ("one of its backends killed", kill_a_backend),
    ],
)
def test_postgresql_down_amid_work(
    request: pytest.FixtureRequest, durable: Durable, tmp_path: Path, what: str, strike: Strike
) -> None:
    server, databases = durable
    with staged(tmp_path, databases.fresh(), server=server) as stage:
        check(request, stage, what, strike, times(5))


@pytest.mark.parametrize(
    ("what", "strike"),
    [
        ("PostgreSQL restarted, immediate", restart("immediate")),
        ("its postmaster killed", kill_postmaster),
        ("one of its backends killed", kill_a_backend),
    ],
)
def test_postgresql_down_that_had_not_written_to_disk_has_lost_some(
    request: pytest.FixtureRequest, forgetful: Durable, tmp_path: Path, what: str, strike: Strike
) -> None:
    server, databases = forgetful
    with staged(tmp_path, databases.fresh(), server=server) as stage:
        with psycopg.connect(server.url(), autocommit=True) as operator:
            operator.execute("CHECKPOINT")
        assert tried(request, stage, what, strike, 1, twin="fsync, synchronous_commit").lost


# Full disks


@contextmanager
def small_disk(place: Path, mebibytes: int) -> Iterator[Path]:
    """A disk in memory of its own, which takes the right to mount one."""
    place.mkdir(exist_ok=True)
    owner = place.stat()
    size = f"size={mebibytes}m,mode=700,uid={owner.st_uid},gid={owner.st_gid}"
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", place], capture_output=True)
    assert mounted.returncode == 0, f"a full disk is tried as root alone: {mounted.stderr.decode()}"
    try:
        yield place
    finally:
        subprocess.run(["umount", "--lazy", place], check=True)


@contextmanager
def on_a_small_disk(tmp_path: Path, sqlite: SqliteDatabases, *sabotage: str) -> Iterator[Stage]:
    with small_disk(tmp_path / "disk", 64) as disk:
        database = disk / "attendance.db"
        database.write_bytes(Path(sqlite.fresh().removeprefix("sqlite:///")).read_bytes())
        (home := tmp_path / "home").mkdir()
        with staged(home, f"sqlite:///{database}", *sabotage, disk=disk) as stage:
            yield stage


def test_a_full_disk_amid_work_on_sqlite(
    request: pytest.FixtureRequest, sqlite_databases: SqliteDatabases, tmp_path: Path
) -> None:
    with on_a_small_disk(tmp_path, sqlite_databases) as stage:
        check(request, stage, "the disk full", fill_the_disk, times(6))


def test_a_full_disk_where_every_commit_is_believed_has_lost_some(
    request: pytest.FixtureRequest,
    sqlite_databases: SqliteDatabases,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def believed() -> int:
        return len([*tmp_path.glob("home/believed-*")])

    async def until(load: loads.Load, **more: int) -> None:
        # nobody is refused anything: commits fail unheard
        while more.get("refused", 0) > believed():  # noqa: ASYNC110 # it happens in another process
            await asyncio.sleep(0.01)
        await load_until(load, acknowledged=more.get("acknowledged", 1))

    load_until = loads.Load.until
    monkeypatch.setattr(loads.Load, "until", until)
    with on_a_small_disk(tmp_path, sqlite_databases, "believes_that_every_commit_works") as stage:
        assert tried(request, stage, "the disk full", fill_the_disk, 1, twin="errors of COMMIT").lost


def test_a_full_disk_amid_work_on_postgresql(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    server = postgres.Server(f"{postgres.DURABLE} -c max_wal_size=32MB -c min_wal_size=32MB")
    data = server.home / "data"
    data.mkdir()
    owner = server.home.stat()
    os.chown(data, owner.st_uid, owner.st_gid)
    with small_disk(data, 400) as disk:
        server.create()
        server.start()
        try:
            databases = PostgresDatabases(server.url())
            with staged(tmp_path, databases.fresh(), server=server, disk=disk) as stage:
                check(request, stage, "the disk full", fill_the_disk, times(4))
        finally:
            server.stop()
    subprocess.run(["rm", "-rf", server.home], check=True)


# Networks


@pytest.mark.parametrize(
    ("what", "strike"),
    [("a network that loses", lose_what_is_sent), ("a network that delays", keep_what_is_sent)],
)
def test_a_black_hole_between_service_and_postgresql(
    request: pytest.FixtureRequest, durable: Durable, tmp_path: Path, what: str, strike: Strike
) -> None:
    server, databases = durable
    with (
        between(url := databases.fresh()) as network,
        staged(tmp_path, url, server=server, network=network) as stage,
    ):
        check(request, stage, what, strike, times(3))


def test_a_black_hole_without_a_deadline_for_answers_ends_the_service(
    request: pytest.FixtureRequest, durable: Durable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loads, "LONGEST_WAIT_SECONDS", 30)
    server, databases = durable
    with (
        between(url := databases.fresh()) as network,
        staged(tmp_path, url, "waits_for_answers_without_end", server=server, network=network) as stage,
        pytest.raises(ExceptionGroup) as caught,
    ):
        tried(request, stage, "a network that loses", lose_what_is_sent, 1)
    assert caught.group_contains(AssertionError, match="is all that came")


# Clocks


@on_each
def test_a_clock_that_jumps_amid_work(request: pytest.FixtureRequest, place: Place, tmp_path: Path) -> None:
    with staged(tmp_path, place[0], CLOCK_OF_A_FILE) as stage:
        check(request, stage, "the clock off by +1 h, 0, -1 h, 0", shift_the_clock(1, 0, -1, 0), times(4))
        assert stage.load.signed_in_again, "the clock did not jump"


# Those who leave


@on_each
def test_a_thousand_requests_cancelled_amid_work(
    request: pytest.FixtureRequest, place: Place, tmp_path: Path
) -> None:
    with staged(tmp_path, place[0]) as stage:
        check(request, stage, "requests cancelled", cancel(times(CANCELLED)), 1)
