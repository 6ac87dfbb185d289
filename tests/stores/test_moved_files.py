"""The file of an SQLite database that is moved or replaced while a process has it open."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import open_database
from attendance.adapters.sql.engine.drivers.sqlite import Sqlite
from attendance.adapters.sql.schema.writing import is_writable
from attendance.domain.errors import Unavailable
from attendance.testing import make
from tests.conftest import databases
from tests.databases import opened


def check_nothing_is_acknowledged_that_nobody_reads(url: str) -> None:
    path = Path(str(sa.make_url(url).database))
    database = open_database(url, pool_size=2)
    store = SqlStore(primary=database, replica=database)
    with store.transaction() as work:
        work.accounts.add(make.account())
    path.rename(f"{path}.before")
    path.touch()
    try:
        for begin in (store.transaction, store.autocommit):
            with pytest.raises(Unavailable), begin() as work:
                work.accounts.add(make.account())
        with pytest.raises(Unavailable):
            is_writable(database)
    finally:
        database.engine.dispose()


@pytest.mark.slow
def test_nothing_is_written_to_a_file_that_was_moved(request: pytest.FixtureRequest) -> None:
    check_nothing_is_acknowledged_that_nobody_reads(databases(request, "sqlite").fresh())


@pytest.mark.plants
def test_the_check_catches_who_goes_on_writing(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Sqlite, "_require_file", lambda _: None)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        check_nothing_is_acknowledged_that_nobody_reads(databases(request, "sqlite").fresh())


def test_once_all_is_closed_whatever_has_the_name_is_meant(request: pytest.FixtureRequest) -> None:
    made = databases(request, "sqlite")
    url, other = made.fresh(), made.fresh()
    with opened(url) as database:
        path = Path(str(sa.make_url(url).database))
        path.rename(f"{path}.before")
        Path(str(sa.make_url(other).database)).rename(path)
        database.engine.dispose()
        store = SqlStore(primary=database, replica=database)
        with store.transaction() as work:
            work.accounts.add(make.account())
        assert is_writable(database)
