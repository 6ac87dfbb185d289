"""Repositories of what is added, shown, listed and edited, all of one shape."""

from abc import abstractmethod
from collections.abc import Collection
from typing import Protocol, TypeVar
from uuid import UUID

from attendance.application.pagination import PageRequest

T = TypeVar("T")
F = TypeVar("F", contravariant=True)


class Repository(Protocol[T, F]):
    """Entities `T`, listed by filters `F`."""

    @abstractmethod
    def find(self, entity_id: UUID) -> T | None: ...

    @abstractmethod
    def get(self, entity_id: UUID) -> T:
        """Raise the entity's own NotFound."""

    @abstractmethod
    def get_for_update(self, entity_id: UUID) -> T:
        """Like `get`, and nobody else changes it until this unit ends."""

    @abstractmethod
    def lock_existing(self, entity_ids: Collection[UUID]) -> frozenset[UUID]:
        """Those of the ids that exist, held as `hold_all` does."""

    @abstractmethod
    def get_all_for_update(self, entity_ids: Collection[UUID]) -> tuple[T, ...]:
        """Those that there are, by id, each held like one; locked in that order, in one statement."""

    @abstractmethod
    def existing_ids(self, entity_ids: Collection[UUID]) -> frozenset[UUID]:
        """Which of these there are."""

    @abstractmethod
    def add(self, entity: T) -> None:
        """Raise the Conflict that its unique fields stand for."""

    @abstractmethod
    def save(self, entity: T) -> None:
        """Store version N only over version N - 1; raise Contended otherwise, and as `add` does."""

    @abstractmethod
    def list(self, criteria: F, page_request: PageRequest[T]) -> tuple[T, ...]: ...

    @abstractmethod
    def count(self, criteria: F) -> int: ...
