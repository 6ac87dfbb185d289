"""Times of day as they are sent and shown: hours and minutes, in the place's own time."""

from datetime import time
from typing import Annotated

from attendance.adapters.http.server.bodies.validation import formed

TimeOfDay = Annotated[
    str,
    formed(
        "([01][0-9]|2[0-3]):[0-5][0-9]",
        "a time of day from 00:00 to 23:59, of the form HH:MM",
        description='Hours and minutes: "18:00".',
        meaning=time.fromisoformat,
    ),
]


def shown_time(moment: time) -> str:
    return moment.isoformat("minutes")
