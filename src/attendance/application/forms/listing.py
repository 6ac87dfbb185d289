"""Lists: sorted, by numbered pages of 20, or whole in memory that does not grow with them."""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from attendance.application.forms.retrying import retried
from attendance.application.pagination import PageRequest, SortKey
from attendance.application.ports import Store, UnitOfWork
from attendance.domain.errors import FieldError, Invalid

PAGE_LENGTH = 20
LARGEST_PAGE_NUMBER = 10**12
BATCH = 500

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Generic[T]):
    """A list, or with `page` one page of it: iterate over it, as often as you like.

    `total` counts all matches, on this page and others, as of the call. A page holds its items. A whole list
    is read in batches of 500 while it is iterated over, and read again each time: it needs no more memory the
    longer it is, and what changes meanwhile may or may not be in it. `hidden` names the attributes that are
    None in every item, because this actor may not see them.
    """

    items: Iterable[T]
    total: int
    page: int | None = None
    hidden: frozenset[str] = frozenset()

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        """How many items there are to iterate over: those of the page, or all."""
        return self.total if self.page is None else sum(1 for _ in self.items)

    @property
    def pages(self) -> int:
        """How many pages of 20 there are."""
        return -(-self.total // PAGE_LENGTH)


def listed(
    store: Store,
    permitted: Callable[[], object],
    *,
    order: tuple[SortKey, ...],
    page: int | None,
    count: Callable[[UnitOfWork], int],
    rows: Callable[[UnitOfWork, PageRequest[T]], tuple[T, ...]],
    details: Callable[[T], R],
    hidden: Collection[str] = (),
) -> Listed[R]:
    """A page of a list, or the whole list: `rows`, each item as `details` makes it of what is stored.

    The first batch of a whole list is read at once, each further one when iteration reaches it, in a
    transaction of its own. `hidden`: the attributes that are None in every item. Raises Invalid for a page
    below 1, then what `permitted` raises.
    """
    require_page(page)
    permitted()
    reading, hidden = Reading(store), frozenset(hidden)
    if page is not None:
        page_request: PageRequest[T] = PageRequest(
            order=order, limit=PAGE_LENGTH, offset=(page - 1) * PAGE_LENGTH
        )
        stored, total = reading.one(lambda work: (rows(work, page_request), count(work)))
        return Listed(items=tuple(map(details, stored)), total=total, page=page, hidden=hidden)

    def batch(after: T | None) -> tuple[T, ...]:
        return reading.one(lambda work: rows(work, PageRequest(order=order, limit=BATCH, after=after)))

    items = Batches(batch=batch, details=details, first=batch(None))
    return Listed(items=items, total=reading.one(count), hidden=hidden)


@dataclass(slots=True, kw_only=True)
class Batches(Generic[T, R]):
    """A whole list, read while it is iterated over; the first iteration uses the batch read beforehand."""

    batch: Callable[[T | None], tuple[T, ...]]
    details: Callable[[T], R]
    first: tuple[T, ...] | None = field(repr=False)

    def __iter__(self) -> Iterator[R]:
        first, self.first = self.first, None
        batch = self.batch(None) if first is None else first
        yield from map(self.details, batch)
        while len(batch) == BATCH:
            batch = self.batch(batch[-1])
            yield from map(self.details, batch)


def require_page(page: int | None) -> None:
    """Raise Invalid for a page number that is not from 1 to 10^12; None is the whole list."""
    if page is not None and not 1 <= page <= LARGEST_PAGE_NUMBER:
        raise Invalid(FieldError("page", "must be a whole number from 1"))


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads from a store that may lag behind, as often as the store allows while it is Contended."""

    store: Store

    @retried
    def one(self, read: Callable[[UnitOfWork], R]) -> R:
        """What `read` returns, in one transaction. Raises Unavailable."""
        with self.store.read() as work:
            return read(work)
