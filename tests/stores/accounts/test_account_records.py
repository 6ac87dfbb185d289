"""What every store must do with links, role changes, favorites, tallies and mails."""

from dataclasses import replace

import pytest

from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.accounts import rate_limit_windows as rate_limit_windows
from attendance.adapters.sql.engine.databases import Database
from attendance.application.ports import Contended
from attendance.testing import make


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
