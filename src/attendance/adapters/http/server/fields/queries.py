"""Query parameters: read once, to the letter, and described for the OpenAPI document."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import Annotated, Any, get_args, get_origin
from urllib.parse import parse_qsl, quote
from uuid import UUID

import msgspec
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import QueryParameter

from attendance.adapters.http.server.bodies.validation import NUL, field_error_of
from attendance.adapters.http.server.fields.characters import ANY_TEXT, NAME, PROSE
from attendance.adapters.http.server.fields.ids import sent_id
from attendance.application.pagination import (
    LARGEST_PAGE,
    LARGEST_PAGE_NUMBER,
    LONGEST_PAGE,
    PAGE_LENGTH,
    NumberedPage,
)
from attendance.domain.errors import FieldError

MOST_FIELDS = 100
ASCII = bytes(range(128))
BOOLEANS = {"true": True, "false": False}
PLAIN = re.compile(rb"[A-Za-z0-9_.:=&-]*")
"""Nothing in such a query is escaped."""

WHOLE_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,18}")
SENT_AS = {
    "since": "from",
    "until": "to",
    "last_day": "until",
    "form": "format",
    "by": "actor",
    "everywhere": "all",
    "ended": "all",
}
"""Names of parameters on the wire that handlers spell otherwise: as Python or the use cases have them."""

NUMBER = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PAGE_NUMBER)]
PageNumber = Annotated[
    NumberedPage,
    msgspec.Meta(
        ge=1,
        le=LARGEST_PAGE_NUMBER,
        description="Which page, from 1; the whole list without it and without `per_page`",
    ),
]
"""Whoever takes it takes `per_page`, too: see `PER_PAGE`."""
LARGEST_WHOLE_NUMBER = 2**53 - 1
"""The largest of those that every reader of JSON, the OpenAPI document's too, reads exactly."""

Limit = Annotated[int, msgspec.Meta(ge=1, le=LARGEST_PAGE, description="The most items to answer with")]
Offset = Annotated[
    int, msgspec.Meta(ge=0, le=LARGEST_WHOLE_NUMBER, description="How many items to skip first")
]
Sort = Annotated[
    str,
    msgspec.Meta(
        description="Fields to sort by, with commas; `-` before one for descending order, `+` or nothing "
        "for ascending",
        extra_json_schema={"extra": NAME},
    ),
]
AnyText = Annotated[str, msgspec.Meta(extra_json_schema={"extra": ANY_TEXT})]
SearchText = Annotated[str, msgspec.Meta(extra_json_schema={"extra": PROSE})]

Pairs = Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class QueryField:
    """A query parameter of a handler, called `sent_as` on the wire, of a `kind` within `limited`."""

    name: str
    sent_as: str
    kind: Any
    limited: Any
    is_optional: bool
    is_required: bool
    default: Any

    @classmethod
    def of(cls, name: str, hint: Any, default: Any, *, is_required: bool) -> "QueryField":
        """Of a parameter's annotation. Optional is to be left out, not to be said to be nothing."""
        kinds = [kind for kind in get_args(hint) if kind is not type(None)]
        is_optional = get_origin(hint) is not Annotated and len(kinds) == 1
        limited = kinds[0] if is_optional else hint
        kind = limited.__origin__ if get_origin(limited) is Annotated else limited
        return cls(name, SENT_AS.get(name, name), kind, limited, is_optional, is_required, default)

    @property
    def is_id(self) -> bool:
        return getattr(self.kind, "__supertype__", self.kind) is UUID

    def value(self, sent: str) -> Any:
        """What was sent as the handler has it. Raises msgspec.ValidationError."""
        if self.is_id:
            return sent_id(sent)
        literal: Any = sent
        if self.kind in (int, NumberedPage) and WHOLE_NUMBER.fullmatch(sent):
            literal = int(sent)
        elif self.kind is bool:
            literal = BOOLEANS.get(sent, sent)
        if self.kind is NumberedPage:
            return NumberedPage(msgspec.convert(literal, NUMBER))
        return msgspec.convert(literal, self.limited)

    def described(self) -> tuple[Any, Any]:
        """The annotation and default from which Litestar describes the parameter."""
        metas = getattr(self.limited, "__metadata__", ())
        meta = next((it for it in metas if isinstance(it, msgspec.Meta)), msgspec.Meta())
        extra = dict((meta.extra_json_schema or {}).get("extra", {}))
        kind = str if self.is_id else int if self.kind is NumberedPage else self.kind
        if self.is_id:
            extra |= ANY_TEXT
        if self.is_optional:
            extra |= _SCHEMAS.get(kind) or {"type": OpenAPIType.STRING}
            extra |= {"one_of": None}
            if meta.ge is not None:
                # Litestar leaves out one that is 0
                extra |= {"minimum": meta.ge}
            if isinstance(kind, type) and issubclass(kind, Enum):
                extra |= {"enum": [it.value for it in kind]}
        parameter = QueryParameter(
            name=self.sent_as,
            description=meta.description,
            ge=meta.ge,
            le=meta.le,
            schema_extra=extra or None,
        )
        return Annotated[kind | None if self.is_optional else kind, parameter], self.default


PER_PAGE = QueryField.of(
    "per_page",
    Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=LONGEST_PAGE,
            description=f"How many items a page has, {PAGE_LENGTH} without it; alone it is page 1",
        ),
    ]
    | None,
    None,
    is_required=False,
)
"""How long the pages are of a list that has some."""


_SCHEMAS: dict[Any, dict[str, Any]] = {
    date: {"type": OpenAPIType.STRING, "format": OpenAPIFormat.DATE},
    bool: {"type": OpenAPIType.BOOLEAN},
    int: {"type": OpenAPIType.INTEGER},
}


def parsed(query: bytes) -> Pairs | None:
    """The names and values of a query in order; None for one that is not UTF-8, or too long."""
    if not query:
        return ()
    if PLAIN.fullmatch(query) and query.count(b"&") < MOST_FIELDS:
        pairs = (pair.partition("=") for pair in query.decode().split("&") if pair)
        return [(name, value) for name, _, value in pairs]
    try:
        # sent as it was typed, unescaped, it is UTF-8 as well
        text = quote(query, safe=ASCII)
        return parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MOST_FIELDS)
    except ValueError:
        return None


def values_in(sent: Pairs | None, known: dict[str, QueryField]) -> tuple[dict[str, Any], list[FieldError]]:
    """The values by the handler's names, and everything that is wrong with the query."""
    if sent is None:
        return {}, [FieldError("query", "is not valid UTF-8, or too long")]
    field_errors = _errors_of_names([name for name, _ in sent], known)
    values: dict[str, Any] = {}
    for name, value in sent:
        if "\0" in value:
            field_errors.append(FieldError(name, NUL))
        elif name in known:
            try:
                values[known[name].name] = known[name].value(value)
            except msgspec.ValidationError as error:
                field_errors.append(field_error_of(name, str(error)))
    if (length := values.pop(PER_PAGE.name, None)) is not None:
        values["page"] = NumberedPage(values["page"].number if "page" in values else 1, length)
    return values, field_errors


def _errors_of_names(names: list[str], known: dict[str, QueryField]) -> list[FieldError]:
    """What is unknown, repeated, missing."""
    times = dict.fromkeys(names, 1) if len({*names}) == len(names) else Counter(names)
    return [
        *(FieldError(name, "is not a known parameter") for name in times if name not in known),
        *(FieldError(name, "is repeated") for name in known if times.get(name, 0) > 1),
        *(FieldError(name, "is missing") for name in known if known[name].is_required and name not in times),
    ]
