"""Which pass pays for a visit."""

import datetime as dt
from dataclasses import dataclass
from uuid import UUID

from benchmarks.peer.models import Lesson, Subscription


class NoCandidate(Exception):
    """The pass that was named cannot pay."""


@dataclass
class Pass:
    """A subscription, and how many visits it has paid for."""

    subscription: Subscription
    charged: int

    @property
    def is_used_up(self) -> bool:
        visits = self.subscription.visits
        return visits is not None and visits <= self.charged

    def covers(self, lesson: Lesson) -> bool:
        it = self.subscription
        return (
            it.starts_on <= lesson.date <= (it.valid_until or lesson.date)
            and lesson.date <= (it.cancelled_on or lesson.date)
            and (not it.group_ids or str(lesson.group_id) in it.group_ids)
            and not any(
                dt.date.fromisoformat(freeze["since"])
                <= lesson.date
                <= dt.date.fromisoformat(freeze["until"])
                for freeze in it.freezes
            )
        )

    def turn(self) -> tuple[object, ...]:
        it = self.subscription
        return (
            it.visits is not None,
            it.valid_until or dt.date.max,
            len(it.group_ids) or float("inf"),
            it.sold_on,
            it.created_at,
            it.id,
        )


def charge(
    status: str,
    lesson: Lesson,
    passes: list[Pass],
    *,
    trial: bool,
    payer_id: UUID | None,
    unpaid: bool,
    named: UUID | None,
    anew: bool,
) -> tuple[UUID | None, bool]:
    """Who pays from now on, and whether nobody does."""
    if anew and payer_id is not None:
        passes = [Pass(it.subscription, it.charged - (it.subscription.id == payer_id)) for it in passes]
        payer_id, unpaid = None, False
    if trial or status == "excused":
        return None, False
    is_kept = named in (None, payer_id)
    decides = next((it for it in passes if it.subscription.id == payer_id), None)
    if decides is None or not is_kept:
        candidates = [it for it in passes if it.covers(lesson) and not it.is_used_up]
        if named is not None:
            candidates = [it for it in candidates if it.subscription.id == named]
            if not candidates:
                raise NoCandidate
        decides = min(candidates, key=Pass.turn, default=None)
    if status == "absent":
        if decides is not None and not decides.subscription.charges_absence:
            return None, False
        if decides is None and any(
            it.covers(lesson) and not it.subscription.charges_absence for it in passes
        ):
            return None, False
    if (payer_id is not None or unpaid) and is_kept:
        return payer_id, unpaid
    return (None, True) if decides is None else (decides.subscription.id, False)
