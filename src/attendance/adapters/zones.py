"""Time zones, from the machine or from the package tzdata."""

from dataclasses import dataclass
from datetime import tzinfo
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

from attendance.application.ports import Zones
from attendance.domain.errors import FieldError, Invalid


@dataclass(frozen=True)
class IanaZones(Zones):
    """Zones by their IANA names; `own` is the organisation's."""

    own: str

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
