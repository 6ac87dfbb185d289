"""What is added, shown, listed and edited: rows of one table, of one shape of repository."""

from abc import abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from attendance.adapters.memory.pagination import page_of
from attendance.adapters.memory.tables import Table, Tables
from attendance.application.pagination import PageRequest
from attendance.application.ports import Contended, Repository
from attendance.domain.errors import Conflict, NotFound

T = TypeVar("T")
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class MemoryRepository(Repository[T, F]):
    """`keys` are those to sort by; `unique` what no two entities may share, by the Conflict that it is."""

    tables: Tables
    not_found: ClassVar[type[NotFound]]
    keys: ClassVar[Mapping[str, Callable[[Any], Any]]]
    unique: ClassVar[Mapping[type[Conflict], Callable[[Any], Any]]] = {}

    @property
    @abstractmethod
    def table(self) -> Table[UUID, Any]: ...

    @staticmethod
    @abstractmethod
    def matches(entity: Any, criteria: Any) -> bool: ...

    def shown(self, stored: Any) -> Any:
        """What is stored, with what is not kept in it but follows from other tables."""
        return stored

    def find(self, entity_id: UUID) -> T | None:
        stored = self.table.get(entity_id)
        return None if stored is None else self.shown(stored)

    def get(self, entity_id: UUID) -> T:
        found = self.find(entity_id)
        if found is None:
            raise self.not_found
        return found

    def get_for_update(self, entity_id: UUID) -> T:
        return self.get(entity_id)

    def lock_existing(self, entity_ids: Collection[UUID]) -> frozenset[UUID]:
        return self.existing_ids(entity_ids)

    def get_all_for_update(self, entity_ids: Collection[UUID]) -> tuple[T, ...]:
        return tuple(self.get(entity_id) for entity_id in sorted(self.existing_ids(entity_ids)))

    def existing_ids(self, entity_ids: Collection[UUID]) -> frozenset[UUID]:
        return frozenset(entity_id for entity_id in entity_ids if self.table.get(entity_id) is not None)

    def add(self, entity: Any) -> None:
        for conflict, key in self.unique.items():
            if any(key(other) == key(entity) for other in self.table.all() if other.id != entity.id):
                raise conflict
        self.table.put(entity.id, entity)

    def save(self, entity: Any) -> None:
        stored = self.table.get(entity.id)
        if stored is None or stored.version != entity.version - 1:
            raise Contended
        self.add(entity)

    def list(self, criteria: F, page_request: PageRequest[T]) -> tuple[T, ...]:
        found = (entity for entity in map(self.shown, self.table.all()) if self.matches(entity, criteria))
        return page_of(found, page_request, keys=self.keys, tie=lambda entity: entity.id)

    def count(self, criteria: F) -> int:
        return sum(self.matches(entity, criteria) for entity in map(self.shown, self.table.all()))
