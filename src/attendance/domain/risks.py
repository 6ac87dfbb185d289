"""Clients at risk of staying away, and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from itertools import takewhile

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
class Regular:
    """What tells whether a client is at risk, as of the last day of a range.

    `marks` are the dates of all that counts (who was there, or absent) up to that day, newest first;
    `active_since`: from when on a pass has been active that is active then.
    """

    client_id: ClientId
    name: str
    marks: tuple[tuple[date, Status], ...]
    active_since: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AtRisk:
    client_id: ClientId
    name: str
    reasons: tuple[Reason, ...]


def at_risk(regular: Regular, since: date, until: date) -> AtRisk | None:
    """The reasons there are; None for no reason."""
    reasons = tuple(it for it in _reasons(regular, since, until) if it)
    return AtRisk(client_id=regular.client_id, name=regular.name, reasons=reasons) if reasons else None


def _reasons(regular: Regular, since: date, until: date) -> Iterator[Reason | None]:
    counted = [(day, status) for day, status in regular.marks if day >= since]
    absent = tuple(day for day, status in reversed(counted) if status is Status.ABSENT)
    if len(counted) >= LEAST_COUNTED and (len(counted) - len(absent)) < LOW_RATE * len(counted):
        yield Reason(rule=Rule.LOW_ATTENDANCE, dates=absent)
    run = [day for day, _ in takewhile(lambda mark: mark[1] is Status.ABSENT, regular.marks)]
    if len(run) >= ABSENCES_IN_A_ROW:
        yield Reason(rule=Rule.ABSENT_IN_A_ROW, dates=tuple(reversed(run)))
    if regular.active_since is not None:
        last = next((day for day, status in regular.marks if status is not Status.ABSENT), date.min)
        if (until - max(last, regular.active_since)).days >= DAYS_AWAY:
            yield Reason(rule=Rule.LONG_AWAY, dates=(max(last, regular.active_since),))
