"""Clients at risk of staying away, and why."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from operator import itemgetter

from attendance.domain.attendance.status import Status
from attendance.domain.club.subscriptions import Freeze
from attendance.domain.dates import ONE_DAY
from attendance.domain.ids import ClientId

LOW_RATE = Decimal("0.80")
LEAST_COUNTED = 4
ABSENCES_IN_A_ROW = 3
DAYS_AWAY = 21


class Rule(StrEnum):
    """A rule by which a client is at risk of staying away."""

    LOW_ATTENDANCE = "low_attendance"
    ABSENT_IN_A_ROW = "absent_in_a_row"
    LONG_AWAY = "long_away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A rule that applies, and the dates that show it, in order.

    They are the absences; for `long_away` the last visit, or since when a pass has been active if that is
    later: an absence since then shows that the client was expected and stayed away.
    """

    rule: Rule
    dates: tuple[date, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRiskCandidate:
    """What decides whether a client is at risk, as of the last day of a range; excused marks do not count.

    `counted`: how many marks in the range; `absences`: the dates of absences among them. `run`: the dates of
    absences since `last_visit`, in the range or before. `active_since`: since when the client has had an
    active pass without a break, None without one on the last day. Dates are in order.
    """

    client_id: ClientId
    name: str
    counted: int
    absences: tuple[date, ...]
    run: tuple[date, ...]
    last_visit: date | None
    active_since: date | None


def run_of(newest_first: Iterable[tuple[date, Status]]) -> tuple[tuple[date, ...], date | None]:
    """The dates of the absences since the last visit, in order, and that visit's date; None without one."""
    run: list[date] = []
    for day, status in newest_first:
        if status is Status.ABSENT:
            run.insert(0, day)
        elif status is not Status.EXCUSED:
            return tuple(run), day
    return tuple(run), None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRisk:
    """A client at risk of staying away, with at least one reason."""

    client_id: ClientId
    name: str
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PassPeriod:
    """The time in which a pass runs, to its last day (None: open end), and whether it is active now."""

    starts_on: date
    last_day: date | None
    freezes: tuple[Freeze, ...]
    is_active: bool

    def spans(self, on: date) -> Iterator[tuple[date, date]]:
        """The periods in which it ran until a day, first and last day of each, in order: between freezes."""
        first, end = self.starts_on, min(self.last_day or on, on)
        for freeze in sorted(self.freezes):
            yield first, min(freeze.since - ONE_DAY, end)
            first = max(first, freeze.until + ONE_DAY)
        yield first, end


def active_since(passes: Collection[PassPeriod], on: date) -> date | None:
    """Since when some pass has been active without a break; None where none is active on that day."""
    if not any(period.is_active for period in passes):
        return None
    since = on
    spans = (span for period in passes for span in period.spans(on))
    for first, last in sorted(spans, key=itemgetter(1), reverse=True):
        if first <= last and last >= since - ONE_DAY:
            since = min(since, first)
    return since


def at_risk(candidate: AtRiskCandidate, until: date) -> AtRisk | None:
    """The client with the rules that apply on the last day of a range; None where none applies."""
    reasons = tuple(_reasons(candidate, until))
    return AtRisk(client_id=candidate.client_id, name=candidate.name, reasons=reasons) if reasons else None


def _reasons(candidate: AtRiskCandidate, until: date) -> Iterator[Reason]:
    came = candidate.counted - len(candidate.absences)
    if candidate.counted >= LEAST_COUNTED and came < LOW_RATE * candidate.counted:
        yield Reason(rule=Rule.LOW_ATTENDANCE, dates=candidate.absences)
    if len(candidate.run) >= ABSENCES_IN_A_ROW:
        yield Reason(rule=Rule.ABSENT_IN_A_ROW, dates=candidate.run)
    if candidate.active_since is not None:
        since = max(candidate.last_visit or date.min, candidate.active_since)
        # a lesson that nobody marked, that was excused or did not take place is no staying away
        has_stayed_away = any(day >= since for day in candidate.run)
        if has_stayed_away and (until - since).days >= DAYS_AWAY:
            yield Reason(rule=Rule.LONG_AWAY, dates=(since,))
