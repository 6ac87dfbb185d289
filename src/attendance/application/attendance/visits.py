"""The attendance of one client."""

from datetime import date

from attendance.application.attendance.read_models import VisitDetails, VisitsDetails
from attendance.application.forms.client_access import readable_client
from attendance.application.forms.listing import Reading, listed
from attendance.application.forms.retrying import retried
from attendance.application.forms.use_case import TimedQuery
from attendance.application.pagination import PageChoice, parse_sort, validate_range
from attendance.application.ports.attendance import VisitCriteria
from attendance.domain.ids import ClientId
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
        since: date | None = None,
        until: date | None = None,
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
