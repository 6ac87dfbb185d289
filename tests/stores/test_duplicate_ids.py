"""A store that overwrites what is there is found out."""

import pytest

from attendance.adapters.memory import MemoryStore
from attendance.adapters.memory.tables import Table
from attendance.testing.contract.duplicate_ids import refused


def test_the_check_catches_a_store_that_overwrites(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Table, "add", Table.put)
    with pytest.raises(pytest.fail.Exception, match="DID NOT RAISE"):
        refused(MemoryStore())
