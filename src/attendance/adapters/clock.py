"""The clock, identifiers, secrets, and time zones from the machine or from the package tzdata."""

import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache
from importlib.resources import files
from uuid import UUID
from zoneinfo import ZoneInfo

from uuid_utils.compat import uuid7

from attendance.application.ports import Zones
from attendance.domain.errors import FieldError, Invalid


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_id() -> UUID:
    """Return a UUIDv7; those of one process sort in the order in which they were made."""
    return uuid7()


def new_token() -> str:
    """Return 32 random bytes in base64url."""
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class IanaZones(Zones):
    """Zones by their IANA names; `own` is the organisation's."""

    own: str

    def names(self) -> Collection[str]:
        return known_zones()

    def named(self, name: str) -> tzinfo:
        # ZoneInfo also knows names of this machine alone ("localtime")
        if name not in known_zones():
            raise Invalid(FieldError("timezone", "must be a time zone such as Europe/Berlin"))
        return ZoneInfo(name)


@cache
def known_zones() -> frozenset[str]:
    """Return the names of all IANA zones, as the package tzdata lists them."""
    listed = files("tzdata").joinpath("zones").read_text()
    return frozenset(listed.split()) - {"Factory"}
