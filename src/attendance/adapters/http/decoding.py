"""Requests read to the letter: what is repeated, missing, unknown or of another type is refused."""

import json
from functools import cache
from typing import Any, Generic, TypeVar, cast
from urllib.parse import parse_qsl

import msgspec
from litestar import Request
from litestar.dto import AbstractDTO
from litestar.exceptions import HTTPException
from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter

from attendance.domain.errors import Fault, Invalid

LARGEST_BODY = 1024 * 1024
MOST_QUERY_FIELDS = 100
NUL = "must not contain U+0000"

T = TypeVar("T")


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
        registry.get_schema_for_field_definition(field_definition).additional_properties = False
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
        request = cast("Request[Any, Any, Any]", self.asgi_connection)
        kind, options = request.content_type
        charset = options.get("charset", "utf-8")
        if kind not in ("", "application/json") or charset.lower() not in ("utf-8", "utf8"):
            raise HTTPException(status_code=415)
        field = request.route_handler.parsed_data_field
        return decoded(value, _decoder(field.annotation if field else None))


@cache
def _decoder(kind: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(kind, strict=True)


def decoded(body: bytes, decoder: msgspec.json.Decoder[T]) -> T:
    """The body as the decoder's type; raise Invalid with everything that is wrong with it."""
    try:
        value = decoder.decode(body)
        _refuse_what_decoders_let_pass(body)
    except msgspec.ValidationError as error:
        raise Invalid(*_faults(body, decoder.type, str(error))) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(Fault("body", "is not valid JSON")) from error
    return value


def _refuse_what_decoders_let_pass(body: bytes) -> None:
    """Of two equal names a decoder keeps the last without a word; NUL is to it a character like any other."""

    def checked(pairs: list[tuple[str, object]]) -> None:
        names = [name for name, _ in pairs]
        repeated = {name for name in names if names.count(name) > 1} if len({*names}) < len(names) else ()
        faults = [Fault(name, "is repeated") for name in sorted(repeated)]
        faults += [Fault(name, NUL) for name, value in pairs if isinstance(value, str) and "\0" in value]
        if faults:
            raise Invalid(*faults)

    json.loads(body, object_pairs_hook=checked)


def _faults(body: bytes, kind: Any, complaint: str) -> list[Fault]:
    """Every field that is wrong, where a decoder would stop at the first."""
    sent = msgspec.json.decode(body)
    if not isinstance(sent, dict):
        return [Fault("body", "must be an object")]
    known = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    faults = [Fault(name, "is not a known field") for name in sent if name not in known]
    for name, field in known.items():
        if name in sent:
            try:
                msgspec.convert(sent[name], field.type)
            except msgspec.ValidationError as error:
                faults.append(_fault(name, str(error)))
        elif field.required:
            faults.append(Fault(name, "is missing"))
    return faults or [_fault("body", complaint)]


def _fault(name: str, complaint: str) -> Fault:
    """From msgspec's "Expected `str`, got `int` - at `$.x[3]`"."""
    message, _, path = complaint.partition(" - at `$")
    return Fault(name + path.rstrip("`"), message[:1].lower() + message[1:])


@cache
def _query_names(handler: BaseRouteHandler) -> frozenset[str]:
    return frozenset(
        parameter.kwarg_definition.name or name
        for name, parameter in handler.parsed_fn_signature.parameters.items()
        if isinstance(parameter.kwarg_definition, QueryParameter)
    )


async def refuse_malformed_head(request: Request[Any, Any, Any]) -> None:
    """Before anything else is read: a body announced too large, query names unknown or sent twice."""
    if (announced := request.headers.get("content-length", "0")).isdecimal() and int(
        announced
    ) > LARGEST_BODY:
        raise HTTPException(status_code=413)
    query: bytes = request.scope["query_string"]
    if not query:
        return
    known = _query_names(request.route_handler)
    try:
        sent = parse_qsl(
            query.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=MOST_QUERY_FIELDS
        )
    except ValueError as error:
        raise Invalid(Fault("query", "is not valid UTF-8, or too long")) from error
    names = [name for name, _ in sent]
    faults = [Fault(name, "is not a known parameter") for name in names if name not in known]
    faults += [Fault(name, "is repeated") for name in sorted({*names} & known) if names.count(name) > 1]
    faults += [Fault(name, NUL) for name, value in sent if "\0" in value]
    if faults:
        raise Invalid(*faults)
