"""Lists by page, or from one row on: a whole list is read in parts, each from where the last ended.

Which rows are wanted is decided on ids, which an index of the keys knows without the rows: passing over many
items costs little. Then these rows are read.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Connection
from attendance.application.pagination import PageRequest, SortKey

T = TypeVar("T")

LIMIT, OFFSET = sa.bindparam("limit", type_=sa.Integer), sa.bindparam("offset", type_=sa.BigInteger)


@dataclass(frozen=True, slots=True)
class SortColumn(Generic[T]):
    """A column to sort by, and what an item has in it."""

    column: sa.Column[Any]
    of: Callable[[T], Any]


@dataclass(frozen=True, eq=False)
class Listing(Generic[T]):
    """What can be listed, narrowed by `criteria` and sorted. `tie` decides between items alike otherwise.

    A field of the criteria that is None or empty does not narrow. Otherwise its condition of that name does,
    or the one for its value where there is one for each; without either, a column of that name is compared
    with it; without a column, it is for the others to compare with.

    Each statement is made once: for the conditions in use, the order, and which of a row's keys are missing.
    """

    columns: Sequence[sa.ColumnElement[Any]]
    tie: SortColumn[T]
    criteria: type[Any]
    newest_first: bool = False
    sort: Mapping[str, SortColumn[T]] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        table = self.tie.column.table
        conditions: dict[Any, Any] = {}
        for name in (it.name for it in fields(self.criteria)):
            condition = self.conditions.get(name)
            if isinstance(condition, Mapping):
                conditions |= {f"{name}={value}": each for value, each in condition.items()}
            elif condition is not None:
                conditions[name] = condition
            elif name in table.c:
                conditions[name] = table.c[name] == sa.bindparam(name)
        object.__setattr__(self, "conditions", conditions)

    def parameters(self, criteria: Any) -> dict[str, Any]:
        """What is bound: the fields that narrow, those with a condition for each value by name and value."""
        found: dict[str, Any] = {}
        for name in criteria.__dataclass_fields__:
            value = getattr(criteria, name)
            if value is not None and value != "":
                each = f"{name}={value}"
                found[each if each in self.conditions else name] = value
        return found

    def rows(self, connection: Connection, criteria: Any, page_request: PageRequest[T]) -> list[Any]:
        parameters = self.parameters(criteria)
        parts = Parts(self, connection.dialect, self._in_use(parameters), page_request.order)
        if page_request.after is None:
            return connection.run(
                _page(parts), parameters | {"limit": page_request.limit, "offset": page_request.offset}
            ).rows
        values = [
            key.of(page_request.after)
            for key in (*(self.sort[by.field] for by in page_request.order), self.tie)
        ]
        parameters |= {f"after_{n}": value for n, value in enumerate(values)}
        found: list[Any] = []
        for stretch in _stretches(parts, tuple(value is None for value in values)):
            found += connection.run(stretch, parameters | {"limit": page_request.limit - len(found)}).rows
            if len(found) == page_request.limit:
                break
        return found

    def count(self, connection: Connection, criteria: Any) -> int:
        parameters = self.parameters(criteria)
        statement = _count(self, self._in_use(parameters))
        return int(connection.run(statement, parameters).rows[0].total)

    def _in_use(self, parameters: Mapping[str, Any]) -> frozenset[str]:
        """The names of the conditions that narrow; other parameters are for them to compare with."""
        return frozenset(parameters) & frozenset(self.conditions)

    def narrowed(self, statement: sa.Select[Any], names: frozenset[str]) -> sa.Select[Any]:
        return statement.where(*(self.conditions[name] for name in sorted(names)))


@dataclass(frozen=True, slots=True)
class Parts:
    """A listing as it is asked for: what parts of it have in common."""

    listing: Listing[Any]
    dialect: str
    conditions: frozenset[str]
    order: tuple[SortKey, ...]

    def keys(self) -> list[tuple[sa.Column[Any], bool]]:
        """The columns to sort by, each with whether it descends; the last tells all rows apart."""
        listing = self.listing
        keys = [(listing.sort[by.field].column, by.descending) for by in self.order]
        return [*keys, (listing.tie.column, listing.newest_first)]

    def ids(self, *conditions: Any) -> sa.Select[Any]:
        # by itself it would take the outer statement's table for its own
        ids = sa.select(self.listing.tie.column).correlate(None)
        return self.listing.narrowed(ids, self.conditions).where(*conditions).limit(LIMIT)

    def rows(self, ids: sa.Select[Any]) -> sa.Select[Any]:
        """The rows with these ids.

        PostgreSQL is given an array, for it takes a subquery of unknown length for a tenth of the table.
        """
        tie = self.listing.tie.column
        within = (
            tie.in_(ids) if self.dialect == "sqlite" else tie == sa.any_(sa.func.array(ids.scalar_subquery()))
        )
        return sa.select(*self.listing.columns).where(within).order_by(*_by(self.keys()))


@cache
def _count(listing: Listing[Any], conditions: frozenset[str]) -> sa.Select[Any]:
    counted = sa.select(sa.func.count().label("total")).select_from(listing.tie.column.table)
    return listing.narrowed(counted, conditions)


@cache
def _page(parts: Parts) -> sa.Select[Any]:
    return parts.rows(parts.ids().order_by(*_by(parts.keys())).offset(OFFSET))


@cache
def _stretches(parts: Parts, missing: tuple[bool, ...]) -> tuple[sa.Select[Any], ...]:
    """What follows the row whose keys are the parameters `after_…`, each stretch a range of an index."""
    return tuple(
        parts.rows(parts.ids(*conditions).order_by(*order))
        for conditions, order in _further(parts.keys(), missing)
    )


def _further(
    keys: list[tuple[sa.Column[Any], bool]], missing: tuple[bool, ...]
) -> Iterator[tuple[list[Any], list[Any]]]:
    """Conditions and orders: first what is alike in all keys but the last, at the end what is in none."""
    values = [sa.bindparam(f"after_{n}", type_=column.type) for n, (column, _) in enumerate(keys)]
    alike = [
        column.is_(None) if is_missing else column == value
        for (column, _), value, is_missing in zip(keys, values, missing, strict=True)
    ]
    for at in reversed(range(len(keys))):
        if missing[at]:
            continue
        column, descending = keys[at]
        same, later = [column for column, _ in keys[:at]], _by(keys[at + 1 :])
        beyond = column < values[at] if descending else column > values[at]
        yield [*alike[:at], beyond], [*same, column.desc() if descending else column, *later]
        if column.nullable:
            yield [*alike[:at], column.is_(None)], [*same, column, *later]


def _by(keys: list[tuple[sa.Column[Any], bool]]) -> list[Any]:
    return [_sorted(column, descending) for column, descending in keys]


def _sorted(column: sa.Column[Any], descending: bool) -> Any:
    by = column.desc() if descending else column.asc()
    return by.nulls_last() if column.nullable else by
