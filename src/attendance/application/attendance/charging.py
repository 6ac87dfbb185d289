"""What happens to the charges of marks when a lesson changes or a pass is sold."""

from dataclasses import replace

from attendance.application.ports import UnitOfWork
from attendance.domain.attendance.charging import NOTHING, UNPAID, Charge, Visit, charge, moved
from attendance.domain.attendance.marks import Mark
from attendance.domain.club.lessons import Lesson
from attendance.domain.club.subscriptions import Subscription
from attendance.domain.events import ChangeContext
from attendance.domain.ids import ClientId


def charge_again(work: UnitOfWork, before: Lesson, after: Lesson, does: ChangeContext) -> None:
    """Give visits back for a lesson that is cancelled, charge them anew for one restored or moved.

    The lesson must be held.
    """
    clients = {mark.client_id for mark in work.attendance.of_lesson(after.id)}
    if not clients:
        return
    work.clients.lock_existing(clients)
    passes = passes_by_client(work, clients, after)
    changes = [
        mark.recharged(_charge_after(mark, before, after, passes[mark.client_id]), does)
        for mark in work.attendance.of_lesson(after.id)
    ]
    work.attendance.save([it for it in changes if it.events])
    work.events.add_all([event for it in changes for event in it.events])


def _charge_after(mark: Mark, before: Lesson, after: Lesson, passes: list[Subscription]) -> Charge:
    visit = visit_to(after)
    if after.cancelled:
        return NOTHING
    if before.cancelled:
        return charge(mark.status, visit, passes, trial=mark.trial)
    return moved(mark.status, visit, passes, trial=mark.trial, before=mark.charge)


def settle_unpaid(work: UnitOfWork, subscription: Subscription, does: ChangeContext) -> Subscription:
    """Let a new pass pay for what its client has not paid yet, oldest first. The client must be held."""
    changes = []
    for unpaid in work.attendance.unpaid_of(subscription.client_id):
        visit, mark = visit_to(unpaid.lesson), unpaid.mark
        if subscription.visits_left == 0 or not visit.is_covered_by(subscription):
            continue
        costs = charge(
            mark.status, visit, [subscription], trial=mark.trial, before=UNPAID, named=subscription.id
        )
        changes.append(mark.recharged(costs, does))
        if costs.subscription_id is not None:
            subscription = replace(subscription, charged=subscription.charged + 1)
    work.attendance.save(changes)
    work.events.add_all([event for it in changes for event in it.events])
    return subscription


def passes_by_client(
    work: UnitOfWork, client_ids: set[ClientId], lesson: Lesson
) -> dict[ClientId, list[Subscription]]:
    """What may pay for each client's visit to a lesson. The clients must be held."""
    passes: dict[ClientId, list[Subscription]] = {client_id: [] for client_id in client_ids}
    for subscription in work.subscriptions.of_clients(client_ids, lesson.date):
        passes[subscription.client_id].append(subscription)
    return passes


def visit_to(lesson: Lesson) -> Visit:
    return Visit(date=lesson.date, group_id=lesson.group_id)
