"""Lists by page, or from one row on: a whole list is read in parts, each from where the last ended."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Generic, TypeVar

import sqlalchemy as sa

from attendance.adapters.sql.connection import Work
from attendance.application.cuts import Cut, Order

T = TypeVar("T")

LIMIT, OFFSET = sa.bindparam("limit", type_=sa.Integer), sa.bindparam("offset", type_=sa.BigInteger)


@dataclass(frozen=True, slots=True)
class SortKey(Generic[T]):
    """A column to sort by, and what an item has in it."""

    column: sa.Column[Any]
    of: Callable[[T], Any]


@dataclass(frozen=True, eq=False)
class Listing(Generic[T]):
    """What can be listed, narrowed and sorted. `tie` decides between items that are alike otherwise.

    Each statement is made once: for the conditions given, the order, and which of a row's keys are missing.
    """

    shown: Sequence[sa.ColumnElement[Any]]
    tie: SortKey[T]
    newest_first: bool = False
    keys: Mapping[str, SortKey[T]] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)

    def rows(self, work: Work, given: Mapping[str, Any], cut: Cut[T]) -> list[Any]:
        parameters = {**given, "limit": cut.limit}
        missing: tuple[bool, ...] | None = None
        if cut.after is not None:
            values = [self.keys[order.field].of(cut.after) for order in cut.order]
            parameters |= {f"after_{n}": value for n, value in enumerate(values)}
            parameters["after_tie"] = self.tie.of(cut.after)
            missing = tuple(value is None for value in values)
        else:
            parameters["offset"] = cut.offset
        return work.run(_page(self, self._narrowing(given), cut.order, missing), parameters).rows

    def count(self, work: Work, given: Mapping[str, Any]) -> int:
        return int(work.run(_count(self, self._narrowing(given)), given).rows[0].total)

    def _narrowing(self, given: Mapping[str, Any]) -> frozenset[str]:
        """The conditions that are given; what else is, is for them to compare with."""
        return frozenset(given) & frozenset(self.conditions)

    def narrowed(self, statement: sa.Select[Any], given: frozenset[str]) -> sa.Select[Any]:
        return statement.where(*(self.conditions[name] for name in sorted(given)))


@cache
def _count(listing: Listing[Any], given: frozenset[str]) -> sa.Select[Any]:
    counted = sa.select(sa.func.count().label("total")).select_from(listing.tie.column.table)
    return listing.narrowed(counted, given)


@cache
def _page(
    listing: Listing[Any],
    given: frozenset[str],
    order: tuple[Order, ...],
    missing: tuple[bool, ...] | None,
) -> sa.Select[Any]:
    keys = [(listing.keys[by.field].column, by.descending) for by in order]
    statement = listing.narrowed(sa.select(*listing.shown), given).limit(LIMIT)
    statement = statement.order_by(
        *(_sorted(column, descending) for column, descending in keys),
        _sorted(listing.tie.column, listing.newest_first),
    )
    if missing is None:
        return statement.offset(OFFSET)
    return statement.where(_after(keys, missing, listing))


def _sorted(column: sa.Column[Any], descending: bool) -> Any:
    by = column.desc() if descending else column.asc()
    return by.nulls_last() if column.nullable else by


def _after(keys: list[tuple[sa.Column[Any], bool]], missing: tuple[bool, ...], listing: Listing[Any]) -> Any:
    """Further on than the row whose keys are the parameters `after_…`."""
    further: list[Any] = []
    alike: list[Any] = []
    for n, ((column, descending), is_missing) in enumerate(zip(keys, missing, strict=True)):
        value = sa.bindparam(f"after_{n}", type_=column.type)
        if is_missing:
            alike.append(column.is_(None))
            continue
        beyond = column < value if descending else column > value
        further.append(sa.and_(*alike, sa.or_(beyond, column.is_(None)) if column.nullable else beyond))
        alike.append(column == value)
    tie, last = listing.tie.column, sa.bindparam("after_tie", type_=listing.tie.column.type)
    further.append(sa.and_(*alike, tie < last if listing.newest_first else tie > last))
    return sa.or_(*further)
