"""Rows of a list in order, as the SQL stores sort them."""

from collections.abc import Callable, Iterable, Mapping
from functools import total_ordering
from typing import Any, TypeVar

from attendance.application.pagination import PageRequest

T = TypeVar("T")


@total_ordering
class Reversed:
    """A key that sorts the other way round."""

    __slots__ = ("key",)

    def __init__(self, key: Any) -> None:
        self.key = key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Reversed) and self.key == other.key

    def __lt__(self, other: "Reversed") -> bool:
        return bool(other.key < self.key)

    __hash__ = None  # type: ignore[assignment]


def page_of(
    items: Iterable[T],
    page_request: PageRequest[T],
    *,
    keys: Mapping[str, Callable[[T], Any]],
    tie: Callable[[T], Any],
    newest_first: bool = False,
) -> tuple[T, ...]:
    """The items of a cut; those that have no key come last."""

    def place(item: T) -> list[Any]:
        found: list[Any] = []
        for order in page_request.order:
            key = keys[order.field](item)
            found.append((key is None, Reversed(key) if order.descending and key is not None else key))
        return [*found, Reversed(tie(item)) if newest_first else tie(item)]

    placed = sorted(((place(item), item) for item in items), key=lambda pair: pair[0])
    if page_request.after is not None:
        last = place(page_request.after)
        placed = [(where, item) for where, item in placed if where > last]
    return tuple(item for _, item in placed[page_request.offset : page_request.offset + page_request.limit])
