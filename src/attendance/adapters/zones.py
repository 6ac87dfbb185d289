"""Time zones, from the machine or from the package tzdata."""

from dataclasses import dataclass
from datetime import tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from attendance.application.ports import Zones
from attendance.domain.errors import Fault, Invalid


@dataclass(frozen=True)
class IanaZones(Zones):
    own: str

    def named(self, name: str) -> tzinfo:
        try:
            return ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError, OSError) as error:
            raise Invalid(Fault("timezone", "must be a time zone such as Europe/Berlin")) from error
