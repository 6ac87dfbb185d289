"""Charging marks again when their lesson changes or a pass is sold."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date

from attendance.application.ports import UnitOfWork
from attendance.domain.attendance.charging import NOTHING, UNPAID, Charge, Visit, charge, moved
from attendance.domain.attendance.marks import Mark
from attendance.domain.club.lessons import Lesson
from attendance.domain.club.subscriptions import Subscription
from attendance.domain.dates import week_of
from attendance.domain.events import ChangeContext
from attendance.domain.ids import ClientId


def charge_again(work: UnitOfWork, before: Lesson, after: Lesson, context: ChangeContext) -> None:
    """Charge a lesson's marks again after an edit, and store them.

    They cost nothing in a cancelled lesson; for one that is moved or restored the payers are chosen again.
    The lesson must be locked; this locks the clients.
    """
    client_ids = {mark.client_id for mark in work.attendance.of_lesson(after.id)}
    if not client_ids:
        return
    work.clients.lock_existing(client_ids)
    passes = passes_by_client(work, client_ids, after)
    changes = [
        mark.recharged(_charge_after(mark, before, after, passes[mark.client_id]), context)
        for mark in work.attendance.of_lesson(after.id)
    ]
    work.attendance.save([change for change in changes if change.events])
    work.events.add_all([event for change in changes for event in change.events])


def clear_marks(work: UnitOfWork, marks: Iterable[Mark], context: ChangeContext) -> None:
    """Remove marks, and what they charged. Their lessons, or else their clients, must be locked."""
    changes = [mark.cleared(context) for mark in marks]
    work.attendance.save(changes)
    work.events.add_all([event for change in changes for event in change.events])


def _charge_after(mark: Mark, before: Lesson, after: Lesson, passes: list[Subscription]) -> Charge:
    visit = visit_to(after)
    if after.cancelled:
        return NOTHING
    if before.cancelled:
        return charge(mark.status, visit, passes, trial=mark.trial)
    return moved(mark.status, visit, passes, trial=mark.trial, before=mark.charge)


def settle_unpaid_visits(
    work: UnitOfWork, subscription: Subscription, context: ChangeContext
) -> Subscription:
    """Let a pass pay for the client's unpaid visits that it covers, oldest first, and return it.

    Of one week for as many as it may, those it has paid for before included. The client must be locked.
    """
    changes, before = [], subscription
    weeks: dict[date, int] = {}
    for unpaid in work.attendance.unpaid_of(subscription.client_id):
        visit, mark = visit_to(unpaid.lesson), unpaid.mark
        if not visit.is_covered_by(subscription):
            continue
        week, _ = week_of(visit.date)
        if week not in weeks:
            weeks[week] = _paid_in_week(work, before, visit.date)
        subscription = replace(subscription, charged_in_week=weeks[week])
        if not visit.may_be_paid_by(subscription):
            continue
        new_charge = charge(
            mark.status,
            visit,
            [subscription],
            trial=mark.trial,
            before=UNPAID,
            subscription_id=subscription.id,
        )
        changes.append(mark.recharged(new_charge, context))
        if new_charge.subscription_id is not None:
            subscription = replace(subscription, charged=subscription.charged + 1)
            weeks[week] += 1
    work.attendance.save(changes)
    work.events.add_all([event for change in changes for event in change.events])
    return subscription


def _paid_in_week(work: UnitOfWork, subscription: Subscription, day: date) -> int:
    """How many visits a pass has paid for in the week of a day that it covers; 0 where that is no limit."""
    if subscription.visits_per_week is None or not subscription.charged:
        return 0
    passes = work.subscriptions.of_clients([subscription.client_id], day)
    return next(it.charged_in_week for it in passes if it.id == subscription.id)


def passes_by_client(
    work: UnitOfWork, client_ids: set[ClientId], lesson: Lesson
) -> dict[ClientId, list[Subscription]]:
    """The passes of each client that are valid on a lesson's date. The clients must be locked."""
    passes: dict[ClientId, list[Subscription]] = {client_id: [] for client_id in client_ids}
    for subscription in work.subscriptions.of_clients(client_ids, lesson.date):
        passes[subscription.client_id].append(subscription)
    return passes


def visit_to(lesson: Lesson) -> Visit:
    """The visit that attending a lesson is."""
    return Visit(date=lesson.date, group_id=lesson.group_id)
