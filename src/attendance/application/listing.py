"""Lists: sorted, by numbered pages of 20 or whole, and then in memory that does not grow with them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Generic, TypeVar

from attendance.application.pagination import PageRequest, SortKey
from attendance.application.ports import Store, UnitOfWork
from attendance.application.retrying import retried
from attendance.domain.errors import FieldError, Invalid

PAGE_LENGTH = 20
LARGEST_PAGE_NUMBER = 10**12
BATCH = 500

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed(Generic[T]):
    """A list, or one page of it. `total` counts all matches; a whole list is read as it is gone through."""

    items: Iterable[T]
    total: int
    page: int | None = None

    @property
    def pages(self) -> int:
        """How many pages of 20 there are."""
        return -(-self.total // PAGE_LENGTH)


def listed(
    store: Store,
    permitted: Callable[[], None],
    *,
    order: tuple[SortKey, ...],
    page: int | None,
    count: Callable[[UnitOfWork], int],
    rows: Callable[[UnitOfWork, PageRequest[T]], tuple[T, ...]],
) -> Listed[T]:
    """One page, or the whole list in batches, each read by itself when it is come to.

    Raises Invalid for a page that cannot be, and then what `permitted` raises.
    """
    require_page(page)
    permitted()
    reading = Reading(store)
    if page is not None:
        page_request: PageRequest[T] = PageRequest(
            order=order, limit=PAGE_LENGTH, offset=(page - 1) * PAGE_LENGTH
        )
        items, total = reading.one(lambda work: (rows(work, page_request), count(work)))
        return Listed(items=items, total=total, page=page)

    def batch(after: T | None) -> tuple[T, ...]:
        return reading.one(lambda work: rows(work, PageRequest(order=order, limit=BATCH, after=after)))

    first, total = batch(None), reading.one(count)
    return Listed(items=chain(first, _rest(first, batch)), total=total)


def require_page(page: int | None) -> None:
    if page is not None and not 1 <= page <= LARGEST_PAGE_NUMBER:
        raise Invalid(FieldError("page", "must be a whole number from 1"))


@dataclass(frozen=True, slots=True)
class Reading:
    """Reads again when something got in the way."""

    store: Store

    @retried
    def one(self, read: Callable[[UnitOfWork], R]) -> R:
        with self.store.read() as work:
            return read(work)


def _rest(batch: tuple[T, ...], next_batch: Callable[[T], tuple[T, ...]]) -> Iterator[T]:
    while len(batch) == BATCH:
        batch = next_batch(batch[-1])
        yield from batch
