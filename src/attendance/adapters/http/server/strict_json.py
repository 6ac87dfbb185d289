"""Requests read to the letter: what is repeated, missing, unknown or of another type is refused."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import islice
from typing import Annotated, Any, Generic, NamedTuple, TypeVar
from urllib.parse import parse_qsl, quote

import msgspec
from litestar import Request, Response
from litestar.dto import AbstractDTO
from litestar.exceptions import HTTPException, InternalServerException
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter
from litestar.typing import FieldDefinition
from msgspec import Meta

from attendance.adapters.http.server.authentication import MOST_QUERY_FIELDS
from attendance.adapters.http.server.validation import (
    MOST_ERRORS,
    NUL,
    Pairs,
    entry_of,
    errors_let_pass,
    field_error_of,
    field_errors_of,
)
from attendance.domain.errors import FieldError, Invalid

LARGEST_BODY = 1024 * 1024
QUERY = "query"
ASCII = bytes(range(128))
BOOLEANS = {"true": True, "false": False}
WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")

T = TypeVar("T")
AnyRequest = Request[Any, Any, Any]


class StrictJson(AbstractDTO[T], Generic[T]):
    """Litestar's way to decode a body by oneself: straight from the bytes, by msgspec's strict rules."""

    __slots__ = ()

    @classmethod
    def create_for_field_definition(
        cls, field_definition: Any, handler_id: str, backend_cls: Any = None
    ) -> None:
        """Nothing to prepare: Litestar would make a backend of its own here."""

    @classmethod
    def create_openapi_schema(cls, field_definition: Any, handler_id: str, schema_creator: Any) -> Any:
        reference = schema_creator.for_field_definition(field_definition)
        registry = schema_creator.schema_registry
        for kind in (field_definition.annotation, *_entries_in(field_definition.annotation)):
            it = FieldDefinition.from_annotation(kind)
            registry.get_schema_for_field_definition(it).additional_properties = False
        return reference

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Any:
        return iter(())

    @classmethod
    def detect_nested_field(cls, field_definition: Any) -> bool:
        return False

    @classmethod
    def resolve_model_type(cls, field_definition: Any) -> Any:
        return field_definition

    def decode_bytes(self, value: bytes) -> Any:
        field = self.asgi_connection.route_handler.parsed_data_field
        return decoded(value, _decoder(field.annotation if field else None))


def _entries_in(kind: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """What its fields are lists of."""
    return filter(None, (entry_of(field.type) for field in msgspec.structs.fields(kind)))


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, strict=True)


def decoded(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """The body as the decoder's type; raise Invalid with everything that is wrong with it."""
    try:
        field_errors = _faults_decoders_let_pass(body)
        value: T = _decoded(body, decoder, field_errors)
    except (msgspec.DecodeError, ValueError, RecursionError) as error:
        raise Invalid(FieldError("body", "is not valid JSON")) from error
    _refuse(field_errors)
    return value


def _faults_decoders_let_pass(body: bytes) -> list[FieldError]:
    """Read once more with all names only where there may be something to tell."""
    repeated: list[bool] = []
    json.loads(body, object_pairs_hook=lambda pairs: repeated.append(len(dict(pairs)) < len(pairs)))
    if not any(repeated) and rb"\u0000" not in body:
        return []
    return [*islice(errors_let_pass(json.loads(body, object_pairs_hook=Pairs)), MOST_ERRORS)]


def _decoded(body: bytes, decoder: msgspec.json.Decoder[T], field_errors: list[FieldError]) -> Any:
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        # read again without types: a decoder stops at the first mistake, what follows may be no JSON at all
        field_errors += field_errors_of(msgspec.json.decode(body), decoder.type, str(error))


def _refuse(field_errors: list[FieldError]) -> None:
    if field_errors:
        raise Invalid(*field_errors[:MOST_ERRORS])


async def check_request(request: AnyRequest) -> Response[None] | None:
    """What comes before anything else: the body's size and type, then the query and whether there is a body.

    OPTIONS is answered by itself: Litestar would name the methods of the path's first handler alone.
    """
    handler = request.route_handler
    if request.method == "OPTIONS":
        routes = (route for route in request.app.routes if handler in getattr(route, "route_handlers", ()))
        allowed = sorted(next(routes).methods)
        return Response(None, status_code=204, headers={"allow": ", ".join(allowed)})
    announced = request.headers.get("content-length", "").lstrip("0")
    if announced.isdecimal() and (len(announced) > len(str(LARGEST_BODY)) or int(announced) > LARGEST_BODY):
        raise HTTPException(status_code=413)
    field_errors = []
    if handler.parsed_data_field:
        body = await _body(request)
        _refuse_other_types(request)
        if not body:
            field_errors.append(FieldError("body", "is missing"))
    if query := request.scope["query_string"]:
        # sent as it was typed, unescaped, Litestar would take it for Latin-1
        query = request.scope["query_string"] = quote(query, safe=ASCII).encode()
    if query or _query_parameters(handler):
        field_errors += _query_faults(query, _query_parameters(handler))
    _refuse(field_errors)
    return None


async def _body(request: AnyRequest) -> bytes:
    try:
        return await request.body()
    except InternalServerException as error:
        # the client hung up in the middle: nobody will read this
        raise HTTPException(status_code=400) from error


def _refuse_other_types(request: AnyRequest) -> None:
    kind, options = request.content_type
    charset = options.get("charset") or "utf-8"
    is_json = kind == "application/json" and charset.lower() in ("utf-8", "utf8")
    if request.headers.get("content-type") and not is_json:
        raise HTTPException(status_code=415)


class QueryField(NamedTuple):
    """A query parameter as msgspec knows it. Optional is to be left out, not to be said to be nothing."""

    kind: Any
    limited: Any
    is_required: bool


def _query_parameters(handler: BaseRouteHandler) -> dict[str, QueryField]:
    """Kept with the handler, so that it goes when its application goes."""
    known: dict[str, QueryField] | None = handler.opt.get(QUERY)
    if known is None:
        known = handler.opt[QUERY] = {
            parameter.kwarg_definition.name or name: _query_field(parameter)
            for name, parameter in handler.parsed_fn_signature.parameters.items()
            if isinstance(parameter.kwarg_definition, QueryParameter)
        }
    return known


def _query_field(parameter: FieldDefinition) -> QueryField:
    kinds = [inner.annotation for inner in parameter.inner_types if not inner.is_none_type]
    kind, limits = kinds[0] if parameter.is_optional else parameter.annotation, parameter.kwarg_definition
    meta = Meta(ge=getattr(limits, "ge", None), le=getattr(limits, "le", None))
    return QueryField(kind, Annotated[kind, meta], parameter.is_required)


def _query_faults(query: bytes, known: dict[str, QueryField]) -> list[FieldError]:
    """Everything that is wrong with a query. Litestar would take `null` for no date and 1e1 for a number."""
    try:
        sent = parse_qsl(
            query.decode(), keep_blank_values=True, errors="strict", max_num_fields=MOST_QUERY_FIELDS
        )
    except ValueError:
        return [FieldError("query", "is not valid UTF-8, or too long")]
    times = Counter(name for name, _ in sent)
    field_errors = [FieldError(name, "is not a known parameter") for name in times if name not in known]
    field_errors += [FieldError(name, "is repeated") for name in known if times[name] > 1]
    field_errors += [
        FieldError(name, "is missing") for name in known if known[name].is_required and not times[name]
    ]
    for name, value in sent:
        if "\0" in value:
            field_errors.append(FieldError(name, NUL))
        elif name in known:
            field_errors += _value_faults(name, value, known[name])
    return field_errors


def _value_faults(name: str, value: str, field: QueryField) -> Iterable[FieldError]:
    literal: Any = value
    if field.kind is int and WHOLE_NUMBER.fullmatch(value):
        literal = int(value)
    elif field.kind is bool:
        literal = BOOLEANS.get(value, value)
    try:
        msgspec.convert(literal, field.limited)
    except msgspec.ValidationError as error:
        yield field_error_of(name, str(error))
