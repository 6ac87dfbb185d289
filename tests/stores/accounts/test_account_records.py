"""What every store must do with links, role changes, favorites, tallies and mails."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

import pytest

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.accounts import rate_limit_windows as rate_limit_windows
from attendance.adapters.sql.engine.databases import Database, open_database
from attendance.application.ports import Contended
from attendance.testing import make
from attendance.testing.contract.account_records import added
from tests.databases import PostgresDatabases


def test_a_tally_that_is_purged_while_it_is_looked_for_is_counted_again(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between finding that the row is there and locking it, it may go: the use case is tried again."""
    store = SqlStore(primary=database, replica=database)
    monkeypatch.setattr(rate_limit_windows, "PREPARE", rate_limit_windows.FIND)
    with pytest.raises(Contended), store.transaction() as work:
        work.rate_limit_windows.save(
            replace(work.rate_limit_windows.get_for_update("key"), times=(make.NOON,))
        )


@contextmanager
def store_of(url: str) -> Iterator[SqlStore]:
    """As another process has it: with connections of its own."""
    database = open_database(url, pool_size=2)
    yield SqlStore(primary=database, replica=database)
    database.engine.dispose()


def test_whoever_claims_a_key_is_the_only_one_until_its_unit_ends(postgres: PostgresDatabases) -> None:
    """And nobody waits: SQLite's writers are one after the other, PostgreSQL's are not."""
    with store_of(url := postgres.fresh()) as here, store_of(url) as there:
        ada, bob = added(here), added(here)
        with suppress(ZeroDivisionError), here.transaction() as work:
            assert work.kept_answers.claim(ada.id, "key")
            assert work.kept_answers.claim(ada.id, "key")
            for account_id, key, is_free in (
                (ada.id, "key", False),
                (ada.id, "KEY", True),
                (bob.id, "key", True),
            ):
                with there.transaction() as other:
                    assert other.kept_answers.claim(account_id, key) is is_free
            raise ZeroDivisionError
        with there.transaction() as work:
            assert work.kept_answers.claim(ada.id, "key")
