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
    own: str

    def named(self, name: str) -> tzinfo:
        # the machine knows more, such as its own "localtime": a database has to mean the same elsewhere
        if name not in known_zones():
            raise Invalid(FieldError("timezone", "must be a time zone such as Europe/Berlin"))
        return ZoneInfo(name)


@cache
def known_zones() -> frozenset[str]:
    """The names of IANA's zones, as the package tzdata lists them."""
    listed = files("tzdata").joinpath("zones").read_text()
    return frozenset(listed.split()) - {"Factory"}
