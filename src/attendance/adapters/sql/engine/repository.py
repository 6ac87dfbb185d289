"""What is added, shown, listed and edited: rows of one table, of one shape of repository."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.engine.bulk import among
from attendance.adapters.sql.engine.connection import Statements, Work
from attendance.adapters.sql.engine.listing import Listing
from attendance.application.pagination import PageRequest
from attendance.application.ports import Contended, Repository
from attendance.domain.errors import NotFound

T = TypeVar("T")
F = TypeVar("F")


@dataclass(frozen=True, eq=False)
class TableMapper(Generic[T]):
    """A table whose columns are the entity's fields, and keys to sort by and be unique by.

    One by one its rows are read as they are listed. What is `derived` from other tables is asked for once the
    rows are held: while PostgreSQL waits for a row, it sees the others as they were before.
    """

    table: sa.Table
    listing: Mapping[str, Listing[T]]
    not_found: type[NotFound]
    get: Statements = field(init=False)
    get_for_update: Statements = field(init=False)
    get_all_for_update: Statements = field(init=False)
    lock_existing: Statements = field(init=False)
    lock: Statements = field(init=False)
    existing_ids: Statements = field(init=False)
    add: sa.Insert = field(init=False)
    save: sa.Update = field(init=False)

    def __post_init__(self) -> None:
        table = self.table
        shown = {dialect: sa.select(*listing.shown) for dialect, listing in self.listing.items()}
        is_it, is_among = table.c.id == sa.bindparam("id"), among(table.c.id, "ids")
        ids = {dialect: sa.select(table.c.id).where(it) for dialect, it in is_among.items()}
        is_derived = any(column not in {*table.c} for it in self.listing.values() for column in it.shown)
        statements = {
            "get": {dialect: select.where(is_it) for dialect, select in shown.items()},
            "get_for_update": {dialect: held(select.where(is_it)) for dialect, select in shown.items()},
            "get_all_for_update": {
                dialect: held(select.where(is_among[dialect]).order_by(table.c.id))
                for dialect, select in shown.items()
            },
            "lock_existing": {dialect: held(it.order_by(table.c.id)) for dialect, it in ids.items()},
            "lock": {"postgresql": held(ids["postgresql"].order_by(table.c.id))} if is_derived else {},
            "existing_ids": ids,
            "add": sa.insert(table).inline(),
            "save": sa.update(table)
            .where(table.c.id == sa.bindparam("entity_id"), table.c.version == sa.bindparam("version_before"))
            .values({column.name: sa.bindparam(column.name) for column in table.c if column.name != "id"}),
        }
        for name, statement in statements.items():
            object.__setattr__(self, name, statement)


def held(select: sa.Select[Any]) -> sa.Select[Any]:
    """With its rows locked until the transaction ends; others may go on pointing to them."""
    return select.with_for_update(key_share=True)


@dataclass(frozen=True, slots=True)
class SqlRepository(Repository[T, F]):
    """`shape` says of which table; `entity` and `row` how its rows and entities become each other."""

    work: Work
    mapper: ClassVar[TableMapper[Any]]

    @staticmethod
    @abstractmethod
    def entity(row: Any) -> Any: ...

    @staticmethod
    @abstractmethod
    def row(entity: Any) -> dict[str, Any]: ...

    @staticmethod
    @abstractmethod
    def given(criteria: Any) -> dict[str, Any]:
        """The conditions of a filter that are given, with what they compare to."""

    def find(self, entity_id: UUID) -> T | None:
        row = self.work.run(self.mapper.get, {"id": entity_id}).one_or_none()
        return self.entity(row) if row else None

    def get(self, entity_id: UUID) -> T:
        return self._one(self.mapper.get, entity_id)

    def get_for_update(self, entity_id: UUID) -> T:
        self._lock([entity_id])
        return self._one(self.mapper.get_for_update, entity_id)

    def get_all_for_update(self, entity_ids: Collection[UUID]) -> tuple[T, ...]:
        self._lock(entity_ids)
        return self._all(self.mapper.get_all_for_update, entity_ids)

    def lock_existing(self, entity_ids: Collection[UUID]) -> frozenset[UUID]:
        return frozenset(row.id for row in self._rows(self.mapper.lock_existing, entity_ids))

    def existing_ids(self, entity_ids: Collection[UUID]) -> frozenset[UUID]:
        return frozenset(row.id for row in self._rows(self.mapper.existing_ids, entity_ids))

    def _lock(self, entity_ids: Collection[UUID]) -> None:
        if self.work.dialect in self.mapper.lock:
            self._rows(self.mapper.lock, entity_ids)

    def _rows(self, statement: Statements, entity_ids: Collection[UUID]) -> list[Any]:
        return self.work.run(statement, {"ids": [*entity_ids]}).rows if entity_ids else []

    def _all(self, statement: Statements, entity_ids: Collection[UUID]) -> tuple[T, ...]:
        return tuple(map(self.entity, self._rows(statement, entity_ids)))

    def _one(self, statement: Statements, entity_id: UUID) -> T:
        row = self.work.run(statement, {"id": entity_id}).one_or_none()
        if row is None:
            raise self.mapper.not_found
        found: T = self.entity(row)
        return found

    def add(self, entity: T) -> None:
        self.work.run(self.mapper.add, self.row(entity))

    def save(self, entity: T) -> None:
        row = self.row(entity)
        guard = {"entity_id": row.pop("id"), "version_before": row["version"] - 1}
        if self.work.run(self.mapper.save, row | guard).rowcount != 1:
            raise Contended

    def list(self, criteria: F, page_request: PageRequest[T]) -> tuple[T, ...]:
        rows = self.mapper.listing[self.work.dialect].rows(self.work, self.given(criteria), page_request)
        return tuple(map(self.entity, rows))

    def count(self, criteria: F) -> int:
        return self.mapper.listing[self.work.dialect].count(self.work, self.given(criteria))


def without(row: Any, *keys: str) -> dict[str, Any]:
    """A row's columns that are an entity's fields: without the keys."""
    fields: dict[str, Any] = row._asdict()
    for key in keys:
        del fields[key]
    return fields
