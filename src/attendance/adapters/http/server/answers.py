"""Answers: a resource with its version and place, a list piece by piece, or as a table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from functools import cache, partial
from hashlib import blake2b
from inspect import Parameter, signature
from itertools import chain, islice, starmap
from operator import attrgetter
from types import MappingProxyType
from typing import Any, Generic, TypeVar, get_args, get_origin, get_type_hints
from uuid import UUID
from zlib import crc32

import msgspec
from litestar import Response
from litestar.response import Stream
from msgspec import UNSET, UnsetType

from attendance.adapters.http.server.bodies.meaning import plain_type
from attendance.adapters.http.server.exports.rows import collection_of
from attendance.adapters.http.server.exports.tables import Format, exported
from attendance.adapters.http.server.fields.times import shown_time
from attendance.adapters.http.server.wire import JSON, Reply, json_reply
from attendance.application.forms.listing import BATCH, Listed

ENCODER = msgspec.json.Encoder()

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

    def beside_version(self) -> tuple[object, ...]:
        """What it shows now that another view of the same version may not: part of its tag."""
        return ()


def tag_of(view: msgspec.Struct, version: int) -> bytes:
    """The `ETag` of what is shown: its version, and beside it what a version does not tell."""
    beside = view.beside_version() if isinstance(view, RevisionView) else ()
    return b'"%b"' % "-".join(map(str, (version, *beside))).encode() if beside else b'"%d"' % version


def content_tag(content: bytes) -> str:
    """The `ETag` of what has no version: another one for other bytes."""
    return f'"{blake2b(content, digest_size=16).hexdigest()}"'


def summed(shown: object) -> int:
    """A number that is another one, as good as always, for what is shown otherwise."""
    return crc32(ENCODER.encode(shown))


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
    fields: dict[str, Any] = {name: shown, "total": listed.total, **numbers, **beside}
    whole = kind(**fields)
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
    return viewer(kind, frozenset(instead))(of, **instead)  # type: ignore[no-any-return]


@cache
def viewer(kind: type[msgspec.Struct], but: frozenset[str] = frozenset()) -> Callable[..., Any]:
    """Make views of a kind: times are shown to the minute, amounts as texts, nested values as views.

    The fields named in `but` are given by themselves.
    """
    hints = get_type_hints(kind, include_extras=True)
    names = [field.name for field in msgspec.structs.fields(kind) if field.name not in but]
    shown = [(place, show) for place, name in enumerate(names) if (show := _shown(hints[name]))]
    read = _read(names)
    kinds = {parameter.kind for parameter in signature(kind).parameters.values()}
    in_order = not but and Parameter.KEYWORD_ONLY not in kinds

    def view(of: Any, **instead: Any) -> Any:
        values = read(of)
        if shown:
            values = [*values]
            for place, show in shown:
                values[place] = show(values[place])
        if in_order:
            return kind(*values)
        return kind(**dict(zip(names, values, strict=True)), **instead)

    return view


def _read(names: Sequence[str]) -> Callable[[Any], Sequence[Any]]:
    """What reads these attributes, all at once: that is several times as fast as one after the other."""
    if len(names) > 1:
        return attrgetter(*names)
    return lambda of: [getattr(of, name) for name in names]


def _shown(hint: Any) -> Callable[[Any], Any] | None:
    """What a field shows of a value, None where it is the value itself."""
    kinds = get_args(hint)
    absent = UNSET if UnsetType in kinds else None
    plain, _ = plain_type(hint)
    show: Callable[[Any], Any] | None = None
    if get_origin(plain) is list:
        (of,) = get_args(plain)
        item = _shown(of)
        if item is None:
            show = list
        elif isinstance(of, type) and issubclass(of, msgspec.Struct):
            show = partial(_views, of, item)
        else:
            show = partial(_each, item)
    elif isinstance(plain, type) and issubclass(plain, msgspec.Struct):
        show = viewer(plain)
    elif plain is str:
        show = _text
    elif plain is float:
        show = float
    if absent is None and (show is None or type(None) not in kinds):
        return show
    return lambda value: absent if value is None else show(value) if show else value


def _each(show: Callable[[Any], Any], values: Sequence[Any]) -> list[Any]:
    return [show(value) for value in values]


def _views(kind: type[msgspec.Struct], view: Callable[[Any], Any], values: Sequence[Any]) -> list[Any]:
    """The views of several: all at once, where they have the very fields of what is viewed."""
    kinds = {*map(type, values)}
    if len(kinds) == 1 and _is_as_it_is(kind, *kinds):
        return [*starmap(kind, values)]
    return [*map(view, values)]


@cache
def _is_as_it_is(kind: type[msgspec.Struct], source: type[Any]) -> bool:
    """Whether a view is made of the values of a named tuple in their order, each shown as it is."""
    if not issubclass(source, tuple) or getattr(source, "_fields", None) != kind.__struct_fields__:
        return False
    hints = get_type_hints(source)
    return all(
        hints.get(name) is str if show is _text else show is None
        for name, hint in get_type_hints(kind, include_extras=True).items()
        for show in (_shown(hint),)
    )


def _text(value: Any) -> Any:
    match value:
        case time():
            return shown_time(value)
        case str():
            return value
    return str(value)


def reply_of(answer: Any, status: int, path: str) -> Reply | Response[Any]:
    """What is sent of a handler's answer, with `status` unless it has its own, to a request of `path`.

    A Response where it is no JSON, or sent piece by piece.
    """
    if isinstance(answer, Response):
        if isinstance(answer.content, msgspec.Struct) and answer.status_code is None:
            return json_reply(status, ENCODER.encode(answer.content))
        return answer
    if isinstance(answer, Resource):
        headers = [(b"etag", tag_of(answer.view, answer.version))]
        status = answer.status or status
        location = answer.location or (f"{path}/{answer.view.id}" if status == 201 else None)
        if location:
            headers.append((b"location", location.encode("latin-1")))
        return json_reply(status, ENCODER.encode(answer.view), *headers)
    if answer is None:
        return Reply(status, [])
    if isinstance(answer, Accepted):
        return Reply(status, [(b"content-length", b"0")])
    return json_reply(status, ENCODER.encode(answer))
