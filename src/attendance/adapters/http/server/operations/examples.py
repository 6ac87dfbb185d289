"""Examples for the OpenAPI document, made from the types of bodies and answers: nothing is written twice.

What a text is about its name tells, where its type does not. A body that is not good with all of its fields
says which make a good one: `Body.shown`.
"""

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Annotated, Any, Literal, get_args, get_origin
from uuid import UUID

import msgspec
from msgspec import UnsetType

from attendance.adapters.http.server.bodies.meaning import MEANING, Body
from attendance.adapters.http.server.fields.ids import meant_id, sent_id

AN_ID = "01983c5e-7b9a-7000-8000-000000000001"
BY_TYPE: dict[Any, Any] = {
    UUID: AN_ID,
    date: "2026-03-02",
    datetime: "2026-03-02T17:00:00Z",
    bool: True,
    int: 1,
    float: 0.8889,
    str: "",
}
BY_MEANING: dict[Any, str] = {meant_id: AN_ID, sent_id: AN_ID, Decimal: "80.00"}
BY_NAME: dict[str, Any] = {
    "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbm5hIn0.c2lnbmF0dXJl",
    "address": "Mill Street 1",
    "amount": "80.00",
    "currency": "EUR",
    "current_password": "paper clip moon",
    "cancelled_on": "2026-12-31",
    "description": "Chess for beginners",
    "email": "anna@example.org",
    "ends": "18:30",
    "ends_on": "2026-03-31",
    "error": "malformed request",
    "expires_at": "2026-03-09T17:00:00Z",
    "field": "name",
    "guardian_name": "Bea Example",
    "kind": "attendance",
    "language": "en",
    "level": 2,
    "message": "is missing",
    "name": "Anna Example",
    "new_password": "mountain radio",
    "notes": "Comes by bus",
    "number": "2026/0a1b2c3d",
    "password": "paper clip moon",
    "path": "/api/v1/auth/registration",
    "pending_email": "anna@example.com",
    "phone": "+49 170 1234567",
    "reason": "the hall is closed",
    "starts": "17:00",
    "timezone": "Europe/Berlin",
    "to": "2026-03-31",
    "token": "5f2b8c",
    "topic": "Openings",
    "until": "2026-03-31",
    "username": "anna",
    "weekday": 1,
}


def example_of(kind: type[msgspec.Struct], but: Collection[str] = ()) -> dict[str, Any]:
    """A body or an answer as JSON, with a value for each field that it shows."""
    shown = getattr(kind, "shown", ()) if issubclass(kind, Body) else ()
    return {
        field.encode_name: _value(field.type, field.encode_name)
        for field in msgspec.structs.fields(kind)
        if field.name not in but and (not shown or field.name in shown)
    }


def _value(hint: Any, name: str) -> Any:
    lowest, meaning = None, None
    while get_origin(hint) is Annotated:
        for meta in hint.__metadata__:
            lowest = getattr(meta, "ge", None) if lowest is None else lowest
            meaning = (getattr(meta, "extra", None) or {}).get(MEANING, meaning)
            if examples := getattr(meta, "examples", None):
                return examples[0]
        hint = hint.__origin__
    kinds = [kind for kind in get_args(hint) if kind not in (type(None), UnsetType)]
    if get_origin(hint) is list:
        return [_value(kinds[0], name)]
    if get_origin(hint) is dict:
        return {AN_ID: _value(kinds[-1], name)} if kinds[-1] is str else {}
    if get_origin(hint) is Literal:
        return kinds[0]
    if kinds:
        return _value(kinds[0], name)
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return example_of(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint)).value
    if meaning in BY_MEANING:
        return BY_MEANING[meaning]
    value = BY_TYPE.get(hint)
    named = BY_NAME.get(name)
    if named is not None and type(named) is type(value):
        return named
    return lowest if lowest is not None and hint is int and lowest > 1 else value
