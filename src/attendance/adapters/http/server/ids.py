"""Identifiers as clients send them."""

import re
from uuid import UUID, uuid5

CANONICAL = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
NOBODYS = UUID(int=0)


def sent_id(text: str) -> UUID:
    """The id a client sent. A malformed one becomes an id of its own that nothing has: simply not found."""
    return UUID(text) if CANONICAL.fullmatch(text) else uuid5(NOBODYS, text)
