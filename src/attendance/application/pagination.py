"""Which rows of a list are wanted, and in which order."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeVar

from attendance.domain.errors import FieldError, Invalid
from attendance.domain.text import raise_if_errors

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class SortKey:
    """By one field, ascending unless `descending`; what has none comes last either way."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest(Generic[T]):
    """Of a list sorted by `order`, then by id: `limit` rows, after `offset` others or after a given one."""

    order: tuple[SortKey, ...]
    limit: int
    offset: int = 0
    after: T | None = None


def parse_sort(sort: str, known: Collection[str]) -> tuple[SortKey, ...]:
    """From `+name,-created_at`; a `+` may have become a space on its way, or be left out. Raises Invalid."""
    orders = tuple(
        SortKey(
            part.removeprefix("-") if part.startswith("-") else part.removeprefix("+").removeprefix(" "),
            part.startswith("-"),
        )
        for part in (sort.split(",") if sort else ())
    )
    fields = [order.field for order in orders]
    if unknown := [field for field in fields if field not in known]:
        raise Invalid(FieldError("sort", f"knows {', '.join(known)}, not {unknown[0]}"))
    if len(set(fields)) < len(fields):
        raise Invalid(FieldError("sort", "must not repeat a field"))
    return orders


def validate_range(since: date | None, until: date | None) -> None:
    """Raise Invalid for a range that ends before it begins; None is open."""
    if since and until and since > until:
        raise Invalid(FieldError("from", "must not be after to"))


LARGEST_PAGE = 1000


LARGEST_OFFSET = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list: at most `limit` items (1 to 1000) after skipping `offset`. Raises Invalid."""

    limit: int = LARGEST_PAGE
    offset: int = 0

    def __post_init__(self) -> None:
        raise_if_errors(
            None
            if 1 <= self.limit <= LARGEST_PAGE
            else FieldError("limit", f"must be a whole number from 1 to {LARGEST_PAGE}"),
            None
            if 0 <= self.offset <= LARGEST_OFFSET
            else FieldError("offset", "must be a whole number from 0"),
        )
