"""Times of day as they are sent and shown: hours and minutes, in the place's own time."""

from datetime import time
from typing import Annotated

import msgspec

TimeOfDay = Annotated[
    str,
    msgspec.Meta(
        # to Python `$` is also where a newline follows
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)",
        description='Hours and minutes: "18:00".',
        extra={"meaning": time.fromisoformat},
    ),
]


def shown_time(moment: time) -> str:
    return moment.isoformat("minutes")
