"""Usernames that pose as somebody: as whoever runs the service, as an id, or as somebody's address.

Nor does anybody choose one of those that accounts are given with their ids.
"""

import re

from attendance.domain.accounts.accounts import Account, is_address
from attendance.domain.errors import FieldError, error_if
from attendance.domain.text import folded

RESERVED = frozenset({"admin", "administrator", "owner", "support", "root", "system", "operator", "me"})
"""By their keys. The log has some of them for who has no account, and paths have `me` for the caller."""

_ID = re.compile(r"\{?[0-9a-f]{8}(-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\}?")
_GIVEN = re.compile(r"user-[0-9a-f]{12}")
_ADDRESS = re.compile(r"[^@]+@[^@]+")


def posing_error(username: str, *own: str | None) -> FieldError | None:
    """The error of a new username that poses as somebody, None for another; `own`: one's own addresses."""
    key = folded(username)
    is_others = _ADDRESS.fullmatch(key) and not any(is_address(username, email) for email in own)
    is_id = _ID.fullmatch(key) or _GIVEN.fullmatch(key)
    return (
        error_if(key in RESERVED, "username", "is reserved")
        or error_if(is_id, "username", "must not look like an id")
        or error_if(is_others, "username", "must not be an email address, unless it is one's own")
    )


def given_up_error(before: Account, after: Account) -> FieldError | None:
    """The error of a username that is the address which another replaces, at once or when it is confirmed.

    None where neither username nor addresses change.
    """
    if all(getattr(before, name) == getattr(after, name) for name in ("username", "email", "pending_email")):
        return None
    new_email = after.email if after.pending_email is None else after.pending_email
    is_kept = before.email is None or is_address(before.email, new_email)
    is_given_up = not is_kept and is_address(after.username, before.email)
    return error_if(is_given_up, "username", "must not be an address that is given up")
