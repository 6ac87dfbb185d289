"""Stores that each break the contract in one way. Run by `test_own_store` alone, to see them fail."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from itertools import groupby
from typing import Any, ClassVar

import pytest

from attendance.adapters.memory import MemoryStore
from attendance.adapters.units_of_work import OpenUnit
from attendance.ports import PageRequest, UnitOfWork
from attendance.testing import StoreContract
from tests.library.own_store import DiaryStore


class Instead:
    """Something else, but for what a subclass does instead."""

    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


class OverAnyVersion(Instead):
    def save(self, entity: Any) -> None:
        self._inner.save(replace(entity, version=self._inner.get(entity.id).version + 1))


class TiesAround(Instead):
    def list(self, criteria: Any, page_request: PageRequest[Any]) -> tuple[Any, ...]:
        def key(entity: Any) -> list[Any]:
            return [getattr(entity, sort_key.field) for sort_key in page_request.order]

        rows = self._inner.list(criteria, page_request)
        return tuple(row for _, alike in groupby(rows, key) for row in reversed([*alike]))


class Around(Instead):
    def list(self, criteria: Any, page_request: PageRequest[Any]) -> tuple[Any, ...]:
        return tuple(reversed(self._inner.list(criteria, page_request)))

    def get_all_for_update(self, entity_ids: Any) -> tuple[Any, ...]:
        return tuple(reversed(self._inner.get_all_for_update(entity_ids)))


class NoPasses(Instead):
    def passes_sold(self, since: Any, until: Any) -> tuple[Any, ...]:
        return ()


class NoNames(Instead):
    def names(self, kind: Any) -> dict[Any, str]:
        return {}


class ForgetsRollback(DiaryStore):
    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        return self.inner.autocommit()


class HasNoAmbient(DiaryStore):
    def ambient(self) -> AbstractContextManager[None]:
        return nullcontext()


class OtherRepositories(DiaryStore):
    """Some repositories of each unit are others than they should be."""

    repositories: ClassVar[dict[str, type[Instead]]]

    @contextmanager
    def transaction(self) -> Iterator[Any]:
        with super().transaction() as work:
            yield self._changed(work)

    @contextmanager
    def autocommit(self) -> Iterator[Any]:
        with super().autocommit() as work:
            yield self._changed(work)

    @contextmanager
    def read(self) -> Iterator[Any]:
        with super().read() as work:
            yield self._changed(work)

    def _changed(self, work: Any) -> Any:
        changed = Instead(work)
        for name, repository in self.repositories.items():
            setattr(changed, name, repository(getattr(work, name)))
        return changed


class IgnoresVersions(OtherRepositories):
    repositories: ClassVar = {"clients": OverAnyVersion}


class TurnsTiesAround(OtherRepositories):
    repositories: ClassVar = {"clients": TiesAround}


class TurnsLessonsAround(OtherRepositories):
    repositories: ClassVar = {"lessons": Around}


class TurnsPassesAround(OtherRepositories):
    repositories: ClassVar = {"subscriptions": Around}


class SellsNothing(OtherRepositories):
    repositories: ClassVar = {"statistics": NoPasses}


class KnowsNobody(OtherRepositories):
    repositories: ClassVar = {"statistics": NoNames}


class Anywhere(MemoryStore):
    def _require_still_inside(self, unit: OpenUnit) -> None:
        pass


class TestEndsAnywhere(StoreContract):
    @pytest.fixture
    def store(self) -> DiaryStore:
        return DiaryStore(inner=Anywhere())


class TestForgetsRollback(StoreContract):
    @pytest.fixture
    def store(self) -> DiaryStore:
        return ForgetsRollback()


class TestHasNoAmbient(StoreContract):
    @pytest.fixture
    def store(self) -> DiaryStore:
        return HasNoAmbient()


class TestIgnoresVersions(StoreContract):
    @pytest.fixture
    def store(self) -> DiaryStore:
        return IgnoresVersions()


class TestTurnsTiesAround(StoreContract):
    @pytest.fixture
    def store(self) -> DiaryStore:
        return TurnsTiesAround()


class TestTurnsLessonsAround(StoreContract):
    @pytest.fixture
    def store(self) -> DiaryStore:
        return TurnsLessonsAround()


class TestTurnsPassesAround(StoreContract):
    @pytest.fixture
    def store(self) -> DiaryStore:
        return TurnsPassesAround()


class TestSellsNothing(StoreContract):
    @pytest.fixture
    def store(self) -> DiaryStore:
        return SellsNothing()


class TestKnowsNobody(StoreContract):
    @pytest.fixture
    def store(self) -> DiaryStore:
        return KnowsNobody()
