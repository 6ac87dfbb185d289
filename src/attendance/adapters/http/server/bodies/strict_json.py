"""JSON read to the letter, once: what is repeated, missing, unknown or of another type is refused."""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Generic, TypeVar

import msgspec
from litestar.dto import AbstractDTO
from litestar.typing import FieldDefinition

from attendance.adapters.http.server.bodies.meaning import Body, fields_of
from attendance.adapters.http.server.bodies.validation import (
    MOST_ERRORS,
    Malformed,
    Pairs,
    errors_let_pass,
    malformed,
    merged,
)
from attendance.domain.errors import FieldError

NAMES = re.compile(rb'"[ \t\r\n]*:')

B = TypeVar("B", bound=Body)
T = TypeVar("T")


def prepare(kind: Any) -> None:
    """Have msgspec look at a type before several threads read it.

    It looks when a type is first used, and shows other threads what it knows halfway: the process would end.
    """
    msgspec.json.Decoder(kind)


def decoded(raw: bytes, kind: type[B]) -> B:
    """The body as a `kind`. Raises Malformed with everything that is wrong with it."""
    try:
        # untyped first, so that what is wrong can be told from the same reading
        sent = msgspec.json.decode(raw)
        field_errors = _errors_let_pass(raw, sent)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Malformed(FieldError("body", "is not valid JSON")) from error
    try:
        body = msgspec.convert(sent, kind)
    except msgspec.ValidationError as error:
        wrong = malformed(sent, kind, str(error))
        raise Malformed(*field_errors, *wrong.field_errors, good=wrong.good) from error
    if field_errors:
        good, wrong_fields = body.meant()
        raise Malformed(*merged(field_errors, wrong_fields), good=good)
    return body


def _errors_let_pass(raw: bytes, sent: object) -> list[FieldError]:
    """What a decoder is silent about; read once more where there is something to tell, and only there."""
    if rb"\u0000" not in raw and _names_written(raw) == _names_kept(sent):
        return []
    return [*islice(errors_let_pass(json.loads(raw, object_pairs_hook=Pairs)), MOST_ERRORS)]


def _names_written(raw: bytes) -> int:
    """How many names of fields there are in a text that is JSON, or more: each is a string before a colon.

    More where a string begins with a colon, which only costs a second look.
    """
    if b"\\" in raw:
        # what is escaped begins and ends no string
        raw = raw.replace(rb"\\", b"").replace(rb"\"", b"")
    return len(NAMES.findall(raw))


def _names_kept(sent: object) -> int:
    if isinstance(sent, dict):
        return len(sent) + sum(_names_kept(it) for it in sent.values() if isinstance(it, dict | list))
    if isinstance(sent, list):
        return sum(_names_kept(it) for it in sent if isinstance(it, dict | list))
    return 0


class DescribedBody(AbstractDTO[T], Generic[T]):
    """Describes a body in the OpenAPI document: it has no other fields than those of its type."""

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
        raise TypeError("a body is decoded by the operation's plan")


def _entries_in(kind: type[Body]) -> Iterator[type[Body]]:
    """What its fields are lists of."""
    return filter(None, (field.entry for field in fields_of(kind)))
