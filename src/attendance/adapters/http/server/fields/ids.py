"""Identifiers as clients send them."""

import re
from typing import Annotated
from uuid import UUID, uuid5

import msgspec

from attendance.adapters.http.server.fields.characters import ANY_TEXT
from attendance.domain.errors import FieldError, Invalid
from attendance.domain.ids import AccountId
from attendance.domain.permissions.actor import Actor

CANONICAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
NOBODYS = UUID(int=0)
ME = "me"

UserOrMe = Annotated[AccountId, ME]
"""A user in a path; `me` is the caller."""


def sent_id(text: str) -> UUID:
    """The id a client sent. A malformed one becomes an id of its own that nothing has: simply not found."""
    return UUID(text) if CANONICAL.fullmatch(text) else uuid5(NOBODYS, text)


def meant_id(text: str) -> UUID:
    """The id that stands in a body. Raises Invalid for a malformed one."""
    if not CANONICAL.fullmatch(text):
        raise Invalid(FieldError("", "must be an id: a UUID"))
    return UUID(text)


Id = Annotated[str, msgspec.Meta(extra={"meaning": meant_id}, extra_json_schema={"extra": ANY_TEXT})]
"""An id in a body."""

Teacher = Annotated[
    str,
    msgspec.Meta(
        description="The id of somebody who teaches it, or `me`", extra_json_schema={"extra": ANY_TEXT}
    ),
]
"""A user in a query; `me` is the caller: see `user_meant`."""


def user_meant(sent: str | None, actor: Actor) -> AccountId | None:
    """The user whose id was sent, the caller for `me`, None for nobody."""
    return None if sent is None else actor.id if sent == ME else AccountId(sent_id(sent))


AnyId = Annotated[str, msgspec.Meta(extra={"meaning": sent_id}, extra_json_schema={"extra": ANY_TEXT})]
"""An id in a body, of which a malformed one is simply one that nothing has, like others that nothing has."""
