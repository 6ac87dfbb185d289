"""Usernames that pose as somebody: as whoever runs the service, as an id, or as somebody's address."""

import re

from attendance.domain.errors import FieldError, error_if
from attendance.domain.text import folded

RESERVED = frozenset({"admin", "administrator", "owner", "support", "root", "system", "operator", "me"})
"""By their keys. The log has some of them for who has no account, and paths have `me` for the caller."""

_ID = re.compile(r"\{?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?")
_ADDRESS = re.compile(r"[^@]+@[^@]+")


def posing_error(username: str, *own: str | None) -> FieldError | None:
    """The error of a new username that poses as somebody, None for another; `own`: one's own addresses."""
    key = folded(username)
    is_address = _ADDRESS.fullmatch(key) and key not in {folded(email) for email in own if email}
    return (
        error_if(key in RESERVED, "username", "is reserved")
        or error_if(_ID.fullmatch(key), "username", "must not look like an id")
        or error_if(is_address, "username", "must not be an email address, unless it is one's own")
    )
