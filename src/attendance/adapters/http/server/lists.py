"""Lists as JSON: a page at once, a whole list piece by piece as it is read. Or as a table."""

from collections.abc import Callable, Iterator, Mapping
from itertools import chain, islice
from types import MappingProxyType
from typing import Annotated, Any, TypeVar

import msgspec
from litestar import Response
from litestar.params import QueryParameter
from litestar.response import Stream

from attendance.adapters.http.server.exports import Format, exported
from attendance.adapters.http.server.queries import WHOLE_NUMBER
from attendance.adapters.http.server.rows import collection_of
from attendance.adapters.http.server.texts import NAME
from attendance.application.listing import BATCH, LARGEST_PAGE_NUMBER, Listed

T = TypeVar("T")
JSON = "application/json"

PageNumber = Annotated[
    int | None,
    QueryParameter(
        ge=1,
        le=LARGEST_PAGE_NUMBER,
        description="Which page of 20, from 1; the whole list without it",
        schema_extra=WHOLE_NUMBER,
    ),
]
Sort = Annotated[
    str,
    QueryParameter(
        description="Fields to sort by, with commas; `-` before one for descending order, `+` or nothing "
        "for ascending",
        schema_extra=NAME,
    ),
]


class Paged(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A list, or with `page` one of its pages. `total` counts all matches."""

    total: int
    page: int | msgspec.UnsetType = msgspec.UNSET
    pages: int | msgspec.UnsetType = msgspec.UNSET


def listing(
    kind: type[Paged],
    listed: Listed[T],
    view: Callable[[T], Any],
    form: Format,
    *,
    in_front: tuple[str, ...] = (),
    beside: Mapping[str, Any] = MappingProxyType({}),
) -> Response[Any]:
    """The answer with a list under the name that it has in its `kind`, and what is said `beside` it.

    A table holds the list alone, without columns for what is hidden and with those `in_front` before others.
    """
    name, kind_of_item = collection_of(kind)
    if form is not Format.JSON:
        return exported(name, kind_of_item, map(view, listed), form, hidden=listed.hidden, in_front=in_front)
    items = iter(listed)
    first = [*islice(items, BATCH)]
    rest = [] if len(first) < BATCH else [*islice(items, 1)]
    tail = {"total": listed.total, **beside}
    if listed.page is not None:
        tail |= {"page": listed.page, "pages": listed.pages}
    if not rest:
        return Response({name: [view(item) for item in first], **tail}, media_type=JSON)
    return Stream(_pieces(name, chain(first, rest, items), view, tail), media_type=JSON)


def _pieces(name: str, items: Iterator[T], view: Callable[[T], Any], tail: dict[str, Any]) -> Iterator[bytes]:
    yield msgspec.json.encode({name: []})[:-2]
    separator = b""
    while some := [*islice(items, BATCH)]:
        yield separator + b",".join(msgspec.json.encode(view(item)) for item in some)
        separator = b","
    yield b"]," + msgspec.json.encode(tail)[1:]
