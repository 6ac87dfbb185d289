"""Which part of a list to read, and in which order."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Generic, TypeAlias, TypeVar

from attendance.domain.errors import FieldError, Invalid, error_if, raise_if_errors

PAGE_LENGTH = 20
LONGEST_PAGE = 100
LARGEST_PAGE_NUMBER = 10**12

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class NumberedPage:
    """Page `number`, from 1 to 10^12, of a list that is cut into pages of `length` items, 1 to 100.

    Raises Invalid.
    """

    number: int
    length: int = PAGE_LENGTH

    def __post_init__(self) -> None:
        raise_if_errors(
            error_if(not 1 <= self.number <= LARGEST_PAGE_NUMBER, "page", "must be a whole number from 1"),
            error_if(
                not 1 <= self.length <= LONGEST_PAGE,
                "per_page",
                f"must be a whole number from 1 to {LONGEST_PAGE}",
            ),
        )

    @property
    def offset(self) -> int:
        """How many items come before it."""
        return (self.number - 1) * self.length


PageChoice: TypeAlias = int | NumberedPage | None
"""The number of a page of 20, a page of another length, or None for the whole list."""


def numbered(page: PageChoice) -> NumberedPage | None:
    """The page that is meant, None for the whole list. Raises Invalid for a number out of bounds."""
    return NumberedPage(page) if isinstance(page, int) else page


@dataclass(frozen=True, slots=True)
class SortKey:
    """A field to sort by, ascending unless `descending`; items without a value come last either way."""

    field: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PageRequest(Generic[T]):
    """At most `limit` items of a list sorted by `order`, ties by id.

    They are those after the first `offset`, or after the item `after`.
    """

    order: tuple[SortKey, ...]
    limit: int
    offset: int = 0
    after: T | None = None


def parse_sort(sort: str, known: Collection[str]) -> tuple[SortKey, ...]:
    """The sort keys of a text such as `+name,-created_at`; none for an empty text.

    The `+` may be left out, or be a space, which URLs make of it. Raises Invalid for a field that is not in
    `known`, or is repeated.
    """
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
    """Raise Invalid for a range of days that ends before it begins; None: open at that end."""
    if since and until and since > until:
        raise Invalid(FieldError("from", "must not be after to"))


LARGEST_PAGE = 1000
LARGEST_OFFSET = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """At most `limit` items (1 to 1000) of a list, after the first `offset` (from 0). Raises Invalid."""

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
