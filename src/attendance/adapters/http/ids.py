"""Identifiers as clients send them."""

import re
from uuid import UUID

CANONICAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
NOBODYS = UUID(int=0)


def sent_id(text: str) -> UUID:
    """The id a client sent. A malformed one becomes an id nothing has, so that it is simply not found."""
    return UUID(text) if CANONICAL.fullmatch(text) else NOBODYS
