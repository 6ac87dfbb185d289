"""State machines, run over a store of each kind."""

from typing import TypeVar

import pytest
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine

from attendance.adapters.memory import MemoryStore
from attendance.adapters.sql import SqlStore
from attendance.adapters.sql.engine.databases import open_database
from attendance.application.ports import Store
from tests.conftest import databases
from tests.examples import examples


class OverStore(RuleBasedStateMachine):
    """A machine that begins with a store of its own."""

    def make_store(self) -> Store:
        return MemoryStore()


M = TypeVar("M", bound=OverStore)


def over(kind: str, request: pytest.FixtureRequest, machine: type[M]) -> type[M]:
    """The machine, each run of it over a fresh store of a kind."""

    class OnOneStore(machine):  # type: ignore[valid-type, misc]
        def make_store(self) -> Store:
            if kind == "memory":
                return MemoryStore()
            self.database = open_database(databases(request, kind).fresh(), pool_size=2)
            return SqlStore(primary=self.database, replica=self.database)

        def teardown(self) -> None:
            if hasattr(self, "database"):
                self.database.engine.dispose()

    return OnOneStore


def profile(number: int, steps: int, **more: object) -> settings:
    return settings(
        max_examples=examples(number),
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        **more,  # type: ignore[arg-type]
    )
