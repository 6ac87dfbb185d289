"""Clients at risk of staying away, and why."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from attendance.domain.club.subscriptions import Freeze
from attendance.domain.dates import ONE_DAY
from attendance.domain.ids import ClientId
from attendance.domain.status import Status

LOW_RATE = Decimal("0.80")
LEAST_COUNTED = 4
ABSENCES_IN_A_ROW = 3
DAYS_AWAY = 21


class Rule(StrEnum):
    """Why a client is at risk of staying away."""

    LOW_ATTENDANCE = "low_attendance"
    ABSENT_IN_A_ROW = "absent_in_a_row"
    LONG_AWAY = "long_away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why, and the dates that show it: the absences; the last visit, or since when there could be one."""

    rule: Rule
    dates: tuple[date, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRiskCandidate:
    """What tells whether a client is at risk, as of the last day of a range; excused is as if not marked.

    `counted` marks in the range, `absences` of them; `run`: the absences since `last_visit`, in it or not;
    `active_since`: from when on a pass has been active, without a break, that is so then. Dates are in order.
    """

    client_id: ClientId
    name: str
    counted: int
    absences: tuple[date, ...]
    run: tuple[date, ...]
    last_visit: date | None
    active_since: date | None


def run_of(newest_first: Iterable[tuple[date, Status]]) -> tuple[tuple[date, ...], date | None]:
    """The absences since the last visit, in order, and that visit."""
    run: list[date] = []
    for day, status in newest_first:
        if status is Status.ABSENT:
            run.insert(0, day)
        elif status is not Status.EXCUSED:
            return tuple(run), day
    return tuple(run), None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRisk:
    client_id: ClientId
    name: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassPeriod:
    """A pass somebody has, to its last day (None: open end), and whether it is active now."""

    starts_on: date
    last_day: date | None
    freezes: tuple[Freeze, ...]
    is_active: bool

    def spans(self, on: date) -> Iterator[tuple[date, date]]:
        """When it ran until a day: a frozen pass is for no visit."""
        first, end = self.starts_on, min(self.last_day or on, on)
        for freeze in sorted(self.freezes):
            yield first, min(freeze.since - ONE_DAY, end)
            first = max(first, freeze.until + ONE_DAY)
        yield first, end


def active_since(passes: Collection[PassPeriod], on: date) -> date | None:
    """From when on some pass has been active without a day between; None where none is on that day."""
    if not any(it.is_active for it in passes):
        return None
    since = on
    for first, last in sorted((span for it in passes for span in it.spans(on)), key=_end, reverse=True):
        if first <= last and last >= since - ONE_DAY:
            since = min(since, first)
    return since


def _end(span: tuple[date, date]) -> date:
    return span[1]


def at_risk(regular: AtRiskCandidate, until: date) -> AtRisk | None:
    """The reasons there are; None for no reason."""
    reasons = tuple(_reasons(regular, until))
    return AtRisk(client_id=regular.client_id, name=regular.name, reasons=reasons) if reasons else None


def _reasons(regular: AtRiskCandidate, until: date) -> Iterator[Reason]:
    came = regular.counted - len(regular.absences)
    if regular.counted >= LEAST_COUNTED and came < LOW_RATE * regular.counted:
        yield Reason(rule=Rule.LOW_ATTENDANCE, dates=regular.absences)
    if len(regular.run) >= ABSENCES_IN_A_ROW:
        yield Reason(rule=Rule.ABSENT_IN_A_ROW, dates=regular.run)
    if regular.active_since is not None:
        since = max(regular.last_visit or date.min, regular.active_since)
        if (until - since).days >= DAYS_AWAY:
            yield Reason(rule=Rule.LONG_AWAY, dates=(since,))
