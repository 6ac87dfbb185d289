"""State machines, run over a store of each kind."""

from typing import TypeVar

import pytest
from hypothesis import Phase, settings
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


def profile(number: int, steps: int) -> settings:
    return settings(
        max_examples=examples(number),
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
    )


def hunt(steps: int) -> settings:
    """As many runs as it takes to find what is broken, and no more.

    What a run draws depends on which modules the process has imported (Hypothesis tries their constants),
    so that no small number of runs finds the same in each worker.
    """
    return settings(
        profile(1, steps), max_examples=5_000, phases=[Phase.generate], report_multiple_bugs=False
    )
