"""Lists by page, or from one row on: a whole list is read in parts, each from where the last ended.

Which rows are wanted is decided on ids, which an index of the keys knows without the rows: passing over many
items costs little. Then these rows are read.

No index has the whole of an order by several fields, or of one that descends while ties ascend. Such a page
is looked for in two steps: an index of the first field alone tells which of its values the page begins with,
and how many rows with that value come before; only from there on rows are sorted.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from functools import cache
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from attendance.adapters.sql.engine.connection import Connection
from attendance.application.pagination import PageRequest, SortKey

T = TypeVar("T")

FAR = 1000
"""From which offset on passing over rows one by one costs more than looking at all of them."""

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
            page = {"limit": page_request.limit, "offset": page_request.offset}
            if page_request.offset and parts.is_sought:
                return _sought(parts, connection, parameters, page)
            is_scanned = page_request.offset >= FAR and parts.is_walked_in_vain
            return connection.run(_page(parts, is_scanned=is_scanned), parameters | page).rows
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

    @property
    def is_sought(self) -> bool:
        """Whether an index begins with the first field and none has the order: see `_sought`."""
        is_served = len(self.order) == 1 and not self.order[0].descending
        return bool(self.order) and not is_served and self.is_covered

    @property
    def is_covered(self) -> bool:
        """Whether an index of the first field knows the ids, and all columns of the conditions."""
        return _has_index(self.listing, self.conditions, self.keys()[0][0])

    @property
    def is_walked_in_vain(self) -> bool:
        """Whether there is an index of the first field, but conditions that it does not know."""
        first, tie = self.keys()[0][0], self.listing.tie.column
        return first is not tie and _has_index(self.listing, frozenset(), first) and not self.is_covered

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
def _page(parts: Parts, *, is_scanned: bool) -> sa.Select[Any]:
    keys = parts.keys()
    order = _by(keys)
    if is_scanned and parts.dialect == "sqlite":
        # it would walk along an index and look up every row it passes: all rows in their own order cost less
        order = [_sorted(column, descending, by=_unindexed(column)) for column, descending in keys]
    return parts.rows(parts.ids().order_by(*order).offset(OFFSET))


def _sought(
    parts: Parts, connection: Connection, parameters: dict[str, Any], page: Mapping[str, int]
) -> list[Any]:
    """A page, by the value of the first field that it begins with."""
    seek, limit, offset = _seek(parts), page["limit"], page["offset"]
    found: list[Any] = []
    first = connection.run(seek.first, {**parameters, "limit": 1, "offset": offset}).one_or_none()
    if first:
        begin = {**parameters, "first": first[0], "first_tie": first[1]}
        before = connection.run(seek.before, begin).rows[0].total
        found = connection.run(seek.rows, {**begin, "limit": limit, "offset": before}).rows
    if seek.missing is None or len(found) == limit:
        return found
    known = offset if first else connection.run(seek.known, parameters).rows[0].total
    rest = {**parameters, "limit": limit - len(found), "offset": offset - known}
    return found + connection.run(seek.missing, rest).rows


@dataclass(frozen=True, eq=False)
class Seek:
    """Statements by which a page is found: see `_sought`.

    The row at an offset by the first field and the tie, both in the direction of the field; how many with its
    value come before it; the rows from that value on. How many rows have a value, and those that have none,
    where there can be such.
    """

    first: sa.Select[Any]
    before: sa.Select[Any]
    rows: sa.Select[Any]
    known: sa.Select[Any]
    missing: sa.Select[Any] | None


@cache
def _seek(parts: Parts) -> Seek:
    listing, keys = parts.listing, parts.keys()
    (column, descending), tie = keys[0], listing.tie.column
    value, tie_value = (
        sa.bindparam(name, type_=it.type) for name, it in (("first", column), ("first_tie", tie))
    )
    is_known = [column.is_not(None)] if column.nullable else []
    counted = sa.select(sa.func.count().label("total")).select_from(tie.table)
    walked = listing.narrowed(sa.select(column.label("first"), tie), parts.conditions).where(*is_known)
    is_before = tie > tie_value if descending else tie < tie_value
    # a value without NULLS LAST: there are none among these
    order = [column.desc() if descending else column.asc(), *_by(keys[1:])]
    from_there = column <= value if descending else column >= value
    return Seek(
        first=walked.order_by(*(by.desc() if descending else by.asc() for by in (column, tie)))
        .limit(LIMIT)
        .offset(OFFSET),
        before=listing.narrowed(counted, parts.conditions).where(column == value, is_before),
        rows=parts.rows(parts.ids(from_there).order_by(*order).offset(OFFSET)),
        known=listing.narrowed(counted, parts.conditions).where(*is_known),
        missing=parts.rows(parts.ids(column.is_(None)).order_by(*_by(keys[1:])).offset(OFFSET))
        if column.nullable
        else None,
    )


@cache
def _has_index(listing: Listing[Any], conditions: frozenset[str], first: sa.Column[Any]) -> bool:
    """Whether there is an index that begins with this column and has the tie and the conditions' columns."""
    asked: set[Any] = {first, listing.tie.column}
    for name in conditions:
        sa.sql.visitors.traverse(listing.conditions[name], {}, {"column": asked.add})
    return any(
        index.expressions[0] is first and asked <= {*index.columns}
        for index in first.table.indexes
        if index.dialect_options["postgresql"]["where"] is None
    )


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


def _sorted(column: sa.Column[Any], descending: bool, *, by: Any = None) -> Any:
    by = column if by is None else by
    by = by.desc() if descending else by.asc()
    return by.nulls_last() if column.nullable else by


def _unindexed(column: sa.Column[Any]) -> Any:
    """The same to SQLite, but for looking for an index of it."""
    return sa.sql.elements.UnaryExpression(column, operator=sa.sql.operators.custom_op("+"))
