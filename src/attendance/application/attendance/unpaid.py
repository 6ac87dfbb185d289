"""Visits that no pass has paid for: listing them, and letting a pass pay for them."""

import datetime as dt
from dataclasses import dataclass

from attendance.application.attendance.charging import settle_unpaid_visits, visit_to
from attendance.application.club.subscriptions import SubscriptionDetails
from attendance.application.forms.client_access import readable_client
from attendance.application.forms.listing import Reading
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import DatedCommand, Query
from attendance.application.ports import Kind, UnitOfWork
from attendance.domain.attendance.status import Status
from attendance.domain.ids import ClientId, GroupId, LessonId, SubscriptionId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpaidVisit:
    """A visit that no pass has paid for, and the lesson it was to.

    `covered_by`: the client's passes that cover it and have a visit left, by id, whatever their weeks allow.
    """

    lesson_id: LessonId
    group_id: GroupId
    group_name: str
    date: dt.date
    starts: dt.time
    status: Status
    covered_by: tuple[SubscriptionId, ...]


class UnpaidVisitsOfClient(Query):
    """Return a client's visits that no pass has paid for, by date and start, ties by the lesson's id.

    Those of cancelled lessons are not among them. For employees, and for parents of their own clients. Raises
    Forbidden, ClientNotFound.
    """

    @retried
    def __call__(self, actor: Actor, *, client_id: ClientId) -> tuple[UnpaidVisit, ...]:
        readable_client(self.store, actor, client_id)

        def read(work: UnitOfWork) -> tuple[UnpaidVisit, ...]:
            unpaid = work.attendance.unpaid_of(client_id)
            if not unpaid:
                return ()
            days = [it.lesson.date for it in unpaid]
            passes = work.subscriptions.of_clients([client_id], min(days), until=max(days))
            usable = [each for each in passes if each.visits_left != 0]
            names = work.statistics.names_of(Kind.GROUP, {it.lesson.group_id for it in unpaid})
            return tuple(
                UnpaidVisit(
                    lesson_id=LessonId(it.lesson.id),
                    group_id=it.lesson.group_id,
                    group_name=names[it.lesson.group_id],
                    date=it.lesson.date,
                    starts=it.lesson.starts,
                    status=it.mark.status,
                    covered_by=tuple(each.id for each in usable if visit_to(it.lesson).is_covered_by(each)),
                )
                for it in unpaid
            )

        return Reading(self.store).one(read)


class SettleUnpaidVisits(DatedCommand):
    """Let a pass pay for the client's unpaid visits that it covers, oldest first, and return the pass.

    As one does that is sold with `settle_unpaid`: as long as it has visits left, of one week for as many as
    it may; one that does not charge absences settles them for nothing. Where there is none nothing changes.
    Raises Forbidden, SubscriptionNotFound.
    """

    @retried
    def __call__(self, actor: Actor, *, subscription_id: SubscriptionId) -> SubscriptionDetails:
        require_level(actor, Permission.SELL_SUBSCRIPTION)
        context = self._change_context(actor)
        with self.store.transaction() as work:
            # nobody charges the client's passes meanwhile
            work.clients.get_for_update(work.subscriptions.get(subscription_id).client_id)
            subscription = work.subscriptions.get(subscription_id)
            subscription = settle_unpaid_visits(work, subscription, context)
        return SubscriptionDetails.of(subscription, self.today())
