"""Repositories of one form: a resource states what is kept and how it is listed."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar
from uuid import UUID

from attendance.adapters.memory.pagination import page_of
from attendance.adapters.memory.tables import Table, Tables
from attendance.application.pagination import PageRequest
from attendance.application.ports import Contended, Repository, Resource, Unique

T = TypeVar("T")
F = TypeVar("F")

Predicate = Callable[[Any, Any], bool]


def matches(entity: Any, criteria: Any, predicates: Mapping[str, Predicate]) -> bool:
    """Whether an entity is what the criteria ask for.

    A field of the criteria that is None or empty does not narrow. Otherwise the predicate of its name
    decides; without one, the entity's field of that name is compared with it; without a field, it is for
    the others to compare with.
    """
    for name in criteria.__dataclass_fields__:
        value = getattr(criteria, name)
        if value is None or value == "":
            continue
        predicate = predicates.get(name)
        if predicate is not None:
            if not predicate(entity, criteria):
                return False
        elif getattr(entity, name, value) != value:
            return False
    return True


@dataclass(frozen=True, slots=True)
class MemoryRepository(Repository[T, F]):
    """A repository over the table of its `resource`."""

    tables: Tables
    resource: ClassVar[Resource[Any, Any]]

    @property
    def table(self) -> Table[UUID, Any]:
        table: Table[UUID, Any] = getattr(self.tables, self.resource.name)
        return table

    def completed(self, stored: Any) -> Any:
        """What is stored, with what is not kept in it but follows from other tables."""
        return stored

    def find(self, entity_id: UUID) -> T | None:
        stored = self.table.get(entity_id)
        return None if stored is None else self.completed(stored)

    def get(self, entity_id: UUID) -> T:
        found = self.find(entity_id)
        if found is None:
            raise self.resource.not_found
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
        with self.tables.journal.undone_if_raised():
            self.table.add(entity.id, entity)
            self._index_keys(None, entity)

    def save(self, entity: Any) -> None:
        stored = self.table.get(entity.id)
        if stored is None or stored.version != entity.version - 1:
            raise Contended
        with self.tables.journal.undone_if_raised():
            self._index_keys(stored, entity)
            self.table.put(entity.id, entity)

    def list(self, criteria: F, page_request: PageRequest[T]) -> tuple[T, ...]:
        keys = {name: self.resource.value(column) for name, column in self.resource.sort.items()}
        return page_of(self._matching(criteria), page_request, keys=keys, tie=lambda entity: entity.id)

    def count(self, criteria: F) -> int:
        return sum(1 for _ in self._matching(criteria))

    def _matching(self, criteria: F) -> Iterator[Any]:
        for entity in map(self.completed, self._candidates(criteria)):
            if matches(entity, criteria, self.resource.predicates):
                yield entity

    def _candidates(self, criteria: F) -> Iterable[Any]:
        """Among which those that match are: everything stored, where nothing narrows it beforehand."""
        return self.table.all()

    def _index_keys(self, before: Any, entity: Any) -> None:
        """Have the entity found by its unique keys, and by those it had before no more."""
        for number, unique in enumerate(self.resource.unique):
            index, old, new = self._index(number), self._key(unique, before), self._key(unique, entity)
            if new is not None and index.get(new) not in (None, entity.id):
                raise unique.refusal
            if old != new and old is not None:
                index.remove(old)
            if old != new and new is not None:
                index.put(new, entity.id)

    def _key(self, unique: Unique[Any], entity: Any) -> tuple[Any, ...] | None:
        """What no other entity may have; None for nothing."""
        if entity is None or not unique.where(entity):
            return None
        key = tuple(self.resource.value(column)(entity) for column in unique.columns)
        return None if None in key else key

    def _index(self, number: int) -> Table[Any, UUID]:
        """Ids by the key of a `unique`."""
        return self.tables.index(self.resource.name, number)


def repository_class(resource: Resource[Any, Any]) -> type[MemoryRepository[Any, Any]]:
    """The repository of a resource that needs nothing beyond the one form."""
    return type(f"Memory{resource.name.title()}", (MemoryRepository,), {"resource": resource})
