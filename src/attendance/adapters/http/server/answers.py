"""Answers: a resource with its version and place, a list piece by piece, or as a table."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from functools import cache
from itertools import chain, islice
from types import MappingProxyType
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID

import msgspec
from litestar import Response
from litestar.response import Stream
from litestar.response.base import ASGIResponse
from msgspec import UNSET, UnsetType

from attendance.adapters.http.server.bodies.meaning import plain_type
from attendance.adapters.http.server.exports.rows import collection_of
from attendance.adapters.http.server.exports.tables import Format, exported
from attendance.adapters.http.server.fields.times import shown_time
from attendance.application.forms.listing import BATCH, Listed

JSON = "application/json"

T = TypeVar("T")
V = TypeVar("V", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Resource(Generic[V]):
    """A view of something that has versions: `ETag` names the present one, `Location` where it is.

    What an operation has just added is below the operation's own path, by its id, unless a location is given.
    """

    view: V
    version: int
    location: str | None = None
    status: int | None = None


def resource(
    kind: type[V], of: Any, *, status: int | None = None, location: str | None = None
) -> Resource[V]:
    """The view of something, by its own version."""
    return Resource(view_of(kind, of), of.version, location, status)


class Accepted:
    """It will be done: a mail is on its way, or will be. There is nothing to show."""


class Paged(msgspec.Struct, omit_defaults=True, kw_only=True):
    """A list, or with `page` one of its pages. `total` counts all matches."""

    total: int
    page: int | UnsetType = UNSET
    pages: int | UnsetType = UNSET


class RevisionView(msgspec.Struct, kw_only=True):
    """What every view of something with versions has."""

    id: UUID
    created_at: datetime
    updated_at: datetime
    version: int


P = TypeVar("P", bound=Paged)


def listing(
    kind: type[P],
    listed: Listed[T],
    form: Format,
    *,
    view: Callable[[Any], Any] | None = None,
    in_front: tuple[str, ...] = (),
    beside: Mapping[str, Any] = MappingProxyType({}),
) -> Response[Any]:
    """The answer with a list under the name that it has in its `kind`, and what is said `beside` it.

    A table holds the list alone, without columns for what is hidden and with those `in_front` before others.
    """
    name, kind_of_item = collection_of(kind)
    view = view or viewer(kind_of_item)
    if form is not Format.JSON:
        return exported(name, kind_of_item, map(view, listed), form, hidden=listed.hidden, in_front=in_front)
    items = iter(listed)
    first = [*islice(items, BATCH)]
    rest = [] if len(first) < BATCH else [*islice(items, 1)]
    numbers = {"page": listed.page or UNSET, "pages": UNSET if listed.page is None else listed.pages}
    shown = [] if rest else [view(item) for item in first]
    told: dict[str, Any] = {name: shown, "total": listed.total, **numbers, **beside}
    whole = kind(**told)
    if not rest:
        return Response(whole, media_type=JSON)
    return Stream(_pieces(whole, name, chain(first, rest, items), view), media_type=JSON)


def _pieces(whole: Paged, name: str, items: Iterator[T], view: Callable[[T], Any]) -> Iterator[bytes]:
    """The JSON of the whole, whose list is still empty, with the items in it."""
    begin, end = msgspec.json.encode(whole).split(b'"%b":[]' % name.encode(), 1)
    yield begin + b'"%b":[' % name.encode()
    separator = b""
    while some := [*islice(items, BATCH)]:
        yield separator + b",".join(msgspec.json.encode(view(item)) for item in some)
        separator = b","
    yield b"]" + end


def view_of(kind: type[V], of: Any, **instead: Any) -> V:
    """The view of something that has its fields; what is hidden, None where a view has nothing, is absent."""
    return viewer(kind)(of, **instead)  # type: ignore[no-any-return]


@cache
def viewer(kind: type[msgspec.Struct]) -> Callable[..., Any]:
    """Make views of a kind: times are shown to the minute, amounts as texts, nested values as views."""
    hints = get_type_hints(kind, include_extras=True)
    names = [(field.name, _shown(hints[field.name])) for field in msgspec.structs.fields(kind)]

    def view(of: Any, **instead: Any) -> Any:
        values = {
            name: show(getattr(of, name)) if show else getattr(of, name)
            for name, show in names
            if name not in instead
        }
        return kind(**values, **instead)

    return view


def _shown(hint: Any) -> Callable[[Any], Any] | None:
    """What a field shows of a value, None where it is the value itself."""
    kinds = get_args(hint)
    absent = UNSET if UnsetType in kinds else None
    plain, _ = plain_type(hint)
    show: Callable[[Any], Any] | None = None
    if get_origin(plain) is list:
        item = _shown(get_args(plain)[0])
        show = list if item is None else lambda values: [item(value) for value in values]
    elif isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        show = viewer(plain)
    elif plain is str:
        show = _text
    elif plain is float:
        show = float
    if absent is None and (show is None or type(None) not in kinds):
        return show
    return lambda value: absent if value is None else show(value) if show else value


def _text(value: Any) -> Any:
    match value:
        case time():
            return shown_time(value)
        case str():
            return value
    return str(value)


def response_of(answer: Any, status: int, path: str) -> ASGIResponse | Response[Any]:
    """What is sent of a handler's answer, with `status` unless it has its own, to a request of `path`."""
    match answer:
        case None:
            return ASGIResponse(status_code=status)
        case Accepted():
            accepted = ASGIResponse(status_code=status)
            del accepted.headers["content-type"]
            return accepted
        case Response(content=msgspec.Struct() as view, status_code=None):
            return ASGIResponse(body=msgspec.json.encode(view), status_code=status, media_type=JSON)
        case Response():
            return answer
        case Resource():
            status = answer.status or status
            headers = {"ETag": f'"{answer.version}"'}
            if answer.location:
                headers["Location"] = answer.location
            elif status == 201:
                headers["Location"] = f"{path}/{answer.view.id}"
            body = msgspec.json.encode(answer.view)
            return ASGIResponse(body=body, status_code=status, headers=headers, media_type=JSON)
    return ASGIResponse(body=msgspec.json.encode(answer), status_code=status, media_type=JSON)
