"""What is added, shown, listed and edited: rows of one table, of one shape of repository."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.connection import Work
from attendance.adapters.sql.listing import Listing
from attendance.application.cuts import Cut
from attendance.application.ports import Contended, Repository
from attendance.domain.errors import NotFound

T = TypeVar("T")
F = TypeVar("F")


@dataclass(frozen=True, eq=False)
class Shape(Generic[T]):
    """A table whose columns are the entity's fields, and keys to sort by and be unique by."""

    table: sa.Table
    listing: Mapping[str, Listing[T]]
    not_found: type[NotFound]
    get: sa.Select[Any] = field(init=False)
    hold: sa.Select[Any] = field(init=False)
    add: sa.Insert = field(init=False)
    save: sa.Update = field(init=False)

    def __post_init__(self) -> None:
        table = self.table
        get = sa.select(*table.c).where(table.c.id == sa.bindparam("id"))
        statements = {
            "get": get,
            "hold": get.with_for_update(),
            "add": sa.insert(table).inline(),
            "save": sa.update(table)
            .where(table.c.id == sa.bindparam("entity_id"), table.c.version == sa.bindparam("version_before"))
            .values({column.name: sa.bindparam(column.name) for column in table.c if column.name != "id"}),
        }
        for name, statement in statements.items():
            object.__setattr__(self, name, statement)


@dataclass(frozen=True, slots=True)
class SqlRepository(Repository[T, F]):
    """`shape` says of which table; `entity` and `row` how its rows and entities become each other."""

    work: Work
    shape: ClassVar[Shape[Any]]

    @staticmethod
    @abstractmethod
    def entity(row: Any) -> Any: ...

    @staticmethod
    @abstractmethod
    def row(entity: Any) -> dict[str, Any]: ...

    @staticmethod
    @abstractmethod
    def given(which: Any) -> dict[str, Any]:
        """The conditions of a filter that are given, with what they compare to."""

    def find(self, entity_id: UUID) -> T | None:
        row = self.work.run(self.shape.get, {"id": entity_id}).one_or_none()
        return self.entity(row) if row else None

    def get(self, entity_id: UUID) -> T:
        return self._one(self.shape.get, entity_id)

    def hold(self, entity_id: UUID) -> T:
        return self._one(self.shape.hold, entity_id)

    def _one(self, statement: sa.Select[Any], entity_id: UUID) -> T:
        row = self.work.run(statement, {"id": entity_id}).one_or_none()
        if row is None:
            raise self.shape.not_found
        found: T = self.entity(row)
        return found

    def add(self, entity: T) -> None:
        self.work.run(self.shape.add, self.row(entity))

    def save(self, entity: T) -> None:
        row = self.row(entity)
        guard = {"entity_id": row.pop("id"), "version_before": row["version"] - 1}
        if self.work.run(self.shape.save, row | guard).rowcount != 1:
            raise Contended

    def list(self, which: F, cut: Cut[T]) -> tuple[T, ...]:
        rows = self.shape.listing[self.work.dialect].rows(self.work, self.given(which), cut)
        return tuple(map(self.entity, rows))

    def count(self, which: F) -> int:
        return self.shape.listing[self.work.dialect].count(self.work, self.given(which))


def without(row: Any, *keys: str) -> dict[str, Any]:
    """A row's columns that are an entity's fields: without the keys."""
    fields: dict[str, Any] = row._asdict()
    for key in keys:
        del fields[key]
    return fields
