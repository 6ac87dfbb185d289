"""What the first groups of the demo have on its present day, so that every page has something to show."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum, auto

from attendance.domain.club.groups import Slot

GROUPS = 4
"""So many groups have something special; one teacher has them all."""
LENGTH = timedelta(hours=1)
TO_THE_MINUTE = 15


class Fate(Enum):
    """What has become of a lesson."""

    DONE = auto()
    """Everybody is marked."""
    PARTLY = auto()
    UNTAKEN = auto()
    CANCELLED = auto()


class Persona(Enum):
    """What is special about a client."""

    PASS_ENDS = auto()
    """The present pass ends in three days."""
    SAYS_SO = auto()
    """Its parent has announced that it does not come to the next lesson."""
    BIRTHDAY = auto()
    UNPAID = auto()
    """Came on after its pass had ended."""
    STAYS_AWAY = auto()
    """Absent from the last lessons."""
    NEW = auto()
    """In the group since today."""
    FROZEN = auto()
    """Its pass is frozen these days."""


PERSONAS = (
    (Persona.PASS_ENDS, Persona.SAYS_SO, Persona.BIRTHDAY, Persona.UNPAID, Persona.STAYS_AWAY),
    (Persona.BIRTHDAY, Persona.UNPAID, Persona.NEW, Persona.FROZEN, Persona.STAYS_AWAY),
)
"""Of the first clients of the first groups."""

HOURS_FROM_NOW: tuple[tuple[tuple[float, Fate | None], ...], ...] = (
    ((-5, Fate.DONE), (1.5, None)),
    ((-0.4, Fate.PARTLY), (-3, Fate.UNTAKEN)),
    ((-4, Fate.CANCELLED), (3, None)),
    ((-1.75, Fate.DONE),),
)
"""When the first groups have lessons on the present day, and what becomes of those that begin by now.

At night there is no room for all of them: those that are named first count.
"""

NOTES = ("Is picked up by the grandmother on Fridays", "Asthma: the spray is in the blue bag")
"""Of the first client of the first groups."""

FROZEN_BEFORE, FROZEN_AFTER = timedelta(days=5), timedelta(days=9)
UNPAID_SINCE = timedelta(days=20)
PASS_ENDS_IN = timedelta(days=3)


@dataclass(frozen=True, slots=True)
class Present:
    """The present day of the club, `now` in its zone."""

    now: datetime

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def yesterday(self) -> date:
        return self.today - timedelta(days=1)

    def persona(self, group: int, place: int) -> Persona | None:
        """What is special about the client at a place, from 0, of a group; None: nothing."""
        personas = PERSONAS[group] if group < len(PERSONAS) else ()
        return personas[place] if place < len(personas) else None

    def note(self, group: int, place: int) -> str:
        """What those who teach are to know of a client; mostly nothing."""
        return NOTES[group] if place == 0 and group < len(NOTES) else ""

    def birthday(self, years: int) -> date:
        """Today, some years ago; on the 28th for who was born on a leap day."""
        if (self.today.month, self.today.day) == (2, 29):
            return date(self.today.year - years, 2, 28)
        return self.today.replace(year=self.today.year - years)

    def fates(self, group: int) -> dict[tuple[date, time], Fate | None]:
        """What becomes of a group's lessons of today, by when they begin; what does not fit is left out."""
        found: dict[datetime, Fate | None] = {}
        for hours, fate in HOURS_FROM_NOW[group] if group < GROUPS else ():
            starts = self._start(hours)
            if all(abs(starts - other) >= LENGTH for other in found):
                found[starts] = fate
        return {(starts.date(), starts.time()): fate for starts, fate in found.items()}

    def schedule(self, group: int) -> tuple[Slot, ...]:
        """The lessons of the present day each week, and one more: the second group's was yesterday."""
        days_before = 1 if group == 1 else 3
        other = (self.today - timedelta(days=days_before)).isoweekday()
        of_today = (
            Slot(
                weekday=self.today.isoweekday(),
                starts=starts,
                ends=(datetime.combine(day, starts) + LENGTH).time(),
            )
            for day, starts in self.fates(group)
        )
        return (*of_today, Slot(weekday=other, starts=time(16), ends=time(17, 30)))

    def _start(self, hours: float) -> datetime:
        """So many hours from now, within the day, at a minute that people would choose."""
        day = datetime.combine(self.today, time())
        moment = self.now.replace(tzinfo=None) + timedelta(hours=hours)
        earliest, latest = day, day + timedelta(days=1) - LENGTH - timedelta(minutes=10)
        moment = min(max(moment, earliest), latest)
        return moment.replace(minute=moment.minute - moment.minute % TO_THE_MINUTE, second=0, microsecond=0)
