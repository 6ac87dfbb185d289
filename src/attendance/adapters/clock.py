"""The machine's clock, identifiers and secrets."""

import secrets
from datetime import UTC, datetime
from uuid import UUID

from uuid_utils.compat import uuid7


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_id() -> UUID:
    """Return a UUIDv7; those of one process sort in the order in which they were made."""
    return uuid7()


def new_token() -> str:
    """Return 32 random bytes in base64url."""
    return secrets.token_urlsafe(32)
