"""Lists: sorted, by numbered pages, or whole in memory that does not grow with them."""

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from attendance.application.forms.retrying import retried
from attendance.application.pagination import (
    PAGE_LENGTH,
    NumberedPage,
    PageChoice,
    PageRequest,
    SortKey,
    numbered,
)
from attendance.application.ports import Store, UnitOfWork

BATCH = 500

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Generic[T]):
    """A list, or with `page` one page of `per_page` items of it: iterate over it, as often as you like.

    `total` counts all matches, on this page and others, as of the call. A page holds its items, as does a
    whole list of fewer than 500. A longer one is read in batches of 500 while it is iterated over, and read
    again each time: it needs no more memory the longer it is, what changes meanwhile may or may not be in it,
    and nothing is read once what it is read with is closed. `hidden` names the attributes that are
    None in every item, because this actor may not see them.
    """

    items: Iterable[T]
    total: int
    page: int | None = None
    per_page: int = PAGE_LENGTH
    hidden: frozenset[str] = frozenset()

    @classmethod
    def of_rows(cls, rows: Sequence[T], page: NumberedPage | None) -> "Listed[T]":
        """A page of rows that are all there; None: the whole list."""
        if page is None:
            return cls(items=rows, total=len(rows))
        items = rows[page.offset : page.offset + page.length]
        return cls(items=items, total=len(rows), page=page.number, per_page=page.length)

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        """How many items there are to iterate over: those of the page, or all."""
        return self.total if self.page is None else sum(1 for _ in self.items)

    @property
    def pages(self) -> int:
        """How many pages of this length there are."""
        return -(-self.total // self.per_page)


def listed(
    store: Store,
    permitted: Callable[[], object],
    *,
    order: tuple[SortKey, ...],
    page: PageChoice,
    count: Callable[[UnitOfWork], int],
    rows: Callable[[UnitOfWork, PageRequest[T]], tuple[T, ...]],
    details: Callable[[T], R],
    hidden: Collection[str] = (),
) -> Listed[R]:
    """A page of a list, or the whole list: `rows`, each item as `details` makes it of what is stored.

    The first batch of a whole list is read at once, and kept where that is all. Each further one is read when
    iteration reaches it, in a transaction of its own. What ends on the page, or with the first batch, is not
    counted again. `hidden`:
    the attributes that are None in every item. Raises Invalid for a page below 1, then what `permitted`
    raises.
    """
    chosen = numbered(page)
    permitted()
    reading, hidden = Reading(store), frozenset(hidden)
    if chosen is not None:
        page_request: PageRequest[T] = PageRequest(order=order, limit=chosen.length, offset=chosen.offset)

        def page_and_total(work: UnitOfWork) -> tuple[tuple[T, ...], int]:
            found = rows(work, page_request)
            is_last = found and len(found) < page_request.limit
            return found, page_request.offset + len(found) if is_last else count(work)

        stored, total = reading.one(page_and_total)
        return Listed(
            items=tuple(map(details, stored)),
            total=total,
            page=chosen.number,
            per_page=chosen.length,
            hidden=hidden,
        )

    def batch(after: T | None) -> tuple[T, ...]:
        return reading.one(lambda work: rows(work, PageRequest(order=order, limit=BATCH, after=after)))

    first = batch(None)
    if len(first) < BATCH:
        return Listed(items=tuple(map(details, first)), total=len(first), hidden=hidden)
    items = Batches(batch=batch, details=details, first=first)
    return Listed(items=items, total=reading.one(count), hidden=hidden)


@dataclass(slots=True, kw_only=True)
class Batches(Generic[T, R]):
    """A long list, read while it is iterated over; the first iteration uses the batch read beforehand."""

    batch: Callable[[T | None], tuple[T, ...]] = field(repr=False)
    details: Callable[[T], R] = field(repr=False)
    first: tuple[T, ...] | None = field(repr=False)

    def __iter__(self) -> Iterator[R]:
        first, self.first = self.first, None
        batch = self.batch(None) if first is None else first
        yield from map(self.details, batch)
        while len(batch) == BATCH:
            batch = self.batch(batch[-1])
            yield from map(self.details, batch)


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads from a store that may have replicas, as often as the store allows while it is Contended."""

    store: Store

    @retried
    def one(self, read: Callable[[UnitOfWork], R]) -> R:
        """What `read` returns, in one transaction. Raises Unavailable."""
        with self.store.read() as work:
            return read(work)

    @retried
    def deciding(self, read: Callable[[UnitOfWork], R]) -> R:
        """The same of what decides who may do what, or what is stored: never from a replica."""
        with self.store.autocommit() as work:
            return read(work)
