"""The attendance of one client."""

import datetime as dt
from dataclasses import dataclass

from attendance.application.attendance.charging import visit_to
from attendance.application.attendance.read_models import VisitDetails, VisitsDetails
from attendance.application.forms.client_access import readable_client
from attendance.application.forms.listing import Reading, listed
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import Query, TimedQuery
from attendance.application.pagination import PageChoice, parse_sort, validate_range
from attendance.application.ports import Kind, UnitOfWork
from attendance.application.ports.attendance import VisitCriteria
from attendance.domain.attendance.status import Status
from attendance.domain.ids import ClientId, GroupId, LessonId, SubscriptionId
from attendance.domain.permissions.actor import Actor

VISITS_SORT = ("date", "starts")


class VisitsOfClient(TimedQuery):
    """List a client's marks by date, start and lesson, with counts of the range.

    Cancelled lessons do not count. `since`, `until`: the range, local dates, both included; None: open at
    that end. For employees, and for parents of their own clients, without notes. `page` (from 1): that page
    of 20; None: the whole list. Counts and rate are those of the whole range. Raises Invalid, Forbidden,
    ClientNotFound.
    """

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        client_id: ClientId,
        since: dt.date | None = None,
        until: dt.date | None = None,
        page: PageChoice = None,
    ) -> VisitsDetails:
        validate_range(since, until)
        criteria = VisitCriteria(client_id=client_id, since=since, until=until)
        attendances = listed(
            self.store,
            lambda: readable_client(self.store, actor, client_id),
            order=parse_sort("date,starts", VISITS_SORT),
            page=page,
            count=lambda work: work.attendance.count(criteria),
            rows=lambda work, page_request: work.attendance.visits(criteria, page_request),
            details=lambda row: VisitDetails.of(row, actor),
            hidden=VisitDetails.hidden(actor),
        )
        summary = Reading(self.store).one(lambda work: work.attendance.summary(criteria, self.clock()))
        return VisitsDetails(attendances=attendances, summary=summary)


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
