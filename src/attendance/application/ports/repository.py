"""The one form of a repository."""

from abc import abstractmethod
from collections.abc import Collection
from typing import Protocol, TypeVar
from uuid import UUID

from attendance.application.pagination import PageRequest

T = TypeVar("T")
F = TypeVar("F", contravariant=True)


class Repository(Protocol[T, F]):
    """Versioned entities `T`, listed by criteria `F`.

    A locked entity is changed by nobody else until this unit of work ends. Several are locked in the order of
    their ids, so that two units that lock some of the same do not wait for each other.
    """

    @abstractmethod
    def find(self, entity_id: UUID) -> T | None:
        """Return the entity, or None where there is none of this id."""

    @abstractmethod
    def get(self, entity_id: UUID) -> T:
        """Return the entity. Raises the NotFound of its kind."""

    @abstractmethod
    def get_for_update(self, entity_id: UUID) -> T:
        """Lock the entity and return it. Raises the NotFound of its kind."""

    @abstractmethod
    def get_all_for_update(self, entity_ids: Collection[UUID]) -> tuple[T, ...]:
        """Lock those of the entities that exist, in one statement, and return them, sorted by id."""

    @abstractmethod
    def lock_existing(self, entity_ids: Collection[UUID]) -> frozenset[UUID]:
        """Lock those of the entities that exist, in one statement, and return their ids."""

    @abstractmethod
    def existing_ids(self, entity_ids: Collection[UUID]) -> frozenset[UUID]:
        """Return those of the ids that exist. Locks nothing."""

    @abstractmethod
    def add(self, entity: T) -> None:
        """Store a new entity. Raises DuplicateId, and the refusal its unique fields stand for."""

    @abstractmethod
    def save(self, entity: T) -> None:
        """Store version N in place of version N - 1.

        Raises Contended where another version is stored or none, and the refusal its unique fields stand for.
        """

    @abstractmethod
    def list(self, criteria: F, page_request: PageRequest[T]) -> tuple[T, ...]:
        """Return the entities matching `criteria`, as sorted and cut by `page_request`, ties by id."""

    @abstractmethod
    def count(self, criteria: F) -> int:
        """Return how many entities match `criteria`."""
