"""Repositories of one form: a resource, and the table it is kept in."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Generic, TypeVar
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.engine.bulk import among
from attendance.adapters.sql.engine.connection import Connection, Statements, insert_into
from attendance.adapters.sql.engine.listing import Listing, SortColumn
from attendance.application.pagination import PageRequest
from attendance.application.ports import Contended, Repository, Resource

T = TypeVar("T")
F = TypeVar("F")


def nothing_more(_: str) -> Any:
    """No conditions, or no columns, for a dialect."""
    return {}


@dataclass(frozen=True, eq=False)
class TableMapper(Generic[T]):
    """How the entities of a resource are rows of a table, and how they are listed.

    A column holds what the resource says, or what `derived` makes of the entity. Those of fields are read,
    with `more_columns`, which follow from other tables or are parts of one field; `make` is given them by
    name. `conditions` are as in `Listing`: the resource's predicates in SQL. A locked row can still be
    referred to by new rows, unless `locks_key`.

    What follows from other tables is asked for once the rows are locked: while PostgreSQL waits for a row, it
    sees the others as they were before.
    """

    resource: Resource[T, Any]
    table: sa.Table
    derived: Mapping[str, Callable[[T], Any]] = field(default_factory=dict)
    conditions: Callable[[str], Mapping[str, Any]] = nothing_more
    more_columns: Callable[[str], Sequence[sa.ColumnElement[Any]]] = nothing_more
    make: Callable[..., T] | None = None
    locks_key: bool = False
    columns: Mapping[str, Sequence[sa.ColumnElement[Any]]] = field(init=False)
    values: Mapping[str, Callable[[T], Any]] = field(init=False)
    listing: Mapping[str, Listing[T]] = field(init=False)
    get: Statements = field(init=False)
    get_for_update: Statements = field(init=False)
    get_all_for_update: Statements = field(init=False)
    lock_existing: Statements = field(init=False)
    lock: Statements = field(init=False)
    existing_ids: Statements = field(init=False)
    add: sa.Insert = field(init=False)
    save: sa.Update = field(init=False)

    def __post_init__(self) -> None:
        table, names = self.table, {it.name for it in fields(self.resource.entity)}  # type: ignore[arg-type]
        own = [column for column in table.c if column.name in names]
        columns = {dialect: [*own, *self.more_columns(dialect)] for dialect in insert_into}
        read = {dialect: sa.select(*shown) for dialect, shown in columns.items()}
        is_one, is_among = table.c.id == sa.bindparam("id"), among(table.c.id, "ids")
        ids = {dialect: sa.select(table.c.id).where(condition) for dialect, condition in is_among.items()}
        has_more = any(column not in {*table.c} for shown in columns.values() for column in shown)
        made = {
            "columns": columns,
            "values": {name: self._value(name) for name in (column.name for column in table.c)},
            "listing": {dialect: self._listing(dialect, shown) for dialect, shown in columns.items()},
            "get": {dialect: select.where(is_one) for dialect, select in read.items()},
            "get_for_update": {dialect: self.locked(it.where(is_one)) for dialect, it in read.items()},
            "get_all_for_update": {
                dialect: self.locked(select.where(is_among[dialect]).order_by(table.c.id))
                for dialect, select in read.items()
            },
            "lock_existing": {dialect: self.locked(it.order_by(table.c.id)) for dialect, it in ids.items()},
            "lock": {"postgresql": self.locked(ids["postgresql"].order_by(table.c.id))} if has_more else {},
            "existing_ids": ids,
            "add": sa.insert(table).inline(),
            "save": sa.update(table)
            .where(table.c.id == sa.bindparam("entity_id"), table.c.version == sa.bindparam("version_before"))
            .values({column.name: sa.bindparam(column.name) for column in table.c if column.name != "id"}),
        }
        for name, value in made.items():
            object.__setattr__(self, name, value)

    def _listing(self, dialect: str, columns: Sequence[sa.ColumnElement[Any]]) -> Listing[T]:
        return Listing(
            columns=columns,
            tie=self._sort_column("id"),
            criteria=self.resource.criteria,
            sort={name: self._sort_column(column) for name, column in self.resource.sort.items()},
            conditions=self.conditions(dialect),
        )

    def _sort_column(self, name: str) -> SortColumn[T]:
        return SortColumn(self.table.c[name], self._value(name))

    def _value(self, name: str) -> Callable[[T], Any]:
        """What an entity has in a column."""
        return self.derived.get(name) or self.resource.value(name)

    def locked(self, select: sa.Select[Any]) -> sa.Select[Any]:
        return select.with_for_update() if self.locks_key else for_update(select)

    def entity(self, row: Any) -> T:
        return (self.make or self.resource.entity)(**row._asdict())

    def row(self, entity: T) -> dict[str, Any]:
        return {name: value(entity) for name, value in self.values.items()}


def for_update(select: sa.Select[Any]) -> sa.Select[Any]:
    """With its rows locked until the transaction ends; others may go on pointing to them."""
    return select.with_for_update(key_share=True)


@dataclass(frozen=True, slots=True)
class SqlRepository(Repository[T, F]):
    """A repository over the table of its `mapper`."""

    connection: Connection
    mapper: ClassVar[TableMapper[Any]]

    def find(self, entity_id: UUID) -> T | None:
        return self._first(self.mapper.get, {"id": entity_id})

    def get(self, entity_id: UUID) -> T:
        return self._one(self.mapper.get, entity_id)

    def get_for_update(self, entity_id: UUID) -> T:
        self._lock([entity_id])
        return self._one(self.mapper.get_for_update, entity_id)

    def get_all_for_update(self, entity_ids: Collection[UUID]) -> tuple[T, ...]:
        self._lock(entity_ids)
        return self._entities(self._rows(self.mapper.get_all_for_update, entity_ids))

    def lock_existing(self, entity_ids: Collection[UUID]) -> frozenset[UUID]:
        return frozenset(row.id for row in self._rows(self.mapper.lock_existing, entity_ids))

    def existing_ids(self, entity_ids: Collection[UUID]) -> frozenset[UUID]:
        return frozenset(row.id for row in self._rows(self.mapper.existing_ids, entity_ids))

    def add(self, entity: T) -> None:
        self.connection.run(self.mapper.add, self.mapper.row(entity))

    def save(self, entity: T) -> None:
        row = self.mapper.row(entity)
        guard = {"entity_id": row.pop("id"), "version_before": row["version"] - 1}
        if self.connection.run(self.mapper.save, row | guard).rowcount != 1:
            raise Contended

    def list(self, criteria: F, page_request: PageRequest[T]) -> tuple[T, ...]:
        return self._entities(self._listing.rows(self.connection, criteria, page_request))

    def count(self, criteria: F) -> int:
        return self._listing.count(self.connection, criteria)

    @property
    def _listing(self) -> Listing[Any]:
        return self.mapper.listing[self.connection.dialect]

    def _lock(self, entity_ids: Collection[UUID]) -> None:
        if self.connection.dialect in self.mapper.lock:
            self._rows(self.mapper.lock, entity_ids)

    def _rows(self, statement: Statements, entity_ids: Collection[UUID]) -> Sequence[Any]:
        return self.connection.run(statement, {"ids": [*entity_ids]}).rows if entity_ids else []

    def _entities(self, rows: Collection[Any]) -> tuple[T, ...]:
        return tuple(map(self.mapper.entity, rows))

    def _first(self, statement: Any, parameters: Mapping[str, Any]) -> T | None:
        row = self.connection.run(statement, parameters).one_or_none()
        return None if row is None else self.mapper.entity(row)

    def _one(self, statement: Statements, entity_id: UUID) -> T:
        found = self._first(statement, {"id": entity_id})
        if found is None:
            raise self.mapper.resource.not_found
        return found
