"""How a client attended."""

from dataclasses import dataclass
from datetime import date

from attendance.application.attendance.read_models import VisitDetails, VisitsDetails
from attendance.application.listing import Reading, listed
from attendance.application.pagination import parse_sort, validate_range
from attendance.application.ports import Clock, Store
from attendance.application.ports.attendance import VisitCriteria
from attendance.application.retrying import retried
from attendance.domain.club.clients import ClientNotFound, is_own
from attendance.domain.ids import ClientId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission

VISITS_SORT = ("date", "starts")


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitsOfClient:
    """A client's attendance from `since` to `until`, both included and optional, in lessons not cancelled.

    With `page` (from 1) 20 marks, otherwise all; without notes to those who may not see them. Raises Invalid,
    Forbidden, ClientNotFound.
    """

    store: Store
    clock: Clock

    @retried
    def __call__(
        self,
        actor: Actor,
        *,
        client_id: ClientId,
        since: date | None = None,
        until: date | None = None,
        page: int | None = None,
    ) -> VisitsDetails:
        validate_range(since, until)
        with self.store.autocommit() as work:
            client = work.clients.find(client_id)
        own = is_own(actor, client)

        def permitted() -> None:
            require_level(actor, Permission.READ_CLIENT, own=own)
            if client is None:
                raise ClientNotFound

        criteria = VisitCriteria(client_id=client_id, since=since, until=until)
        attendances = listed(
            self.store,
            permitted,
            order=parse_sort("date,starts", VISITS_SORT),
            page=page,
            count=lambda work: work.attendance.count(criteria),
            rows=lambda work, page_request: work.attendance.visits(criteria, page_request),
            details=lambda row: VisitDetails.of(row, actor),
            hidden=VisitDetails.hidden(actor),
        )
        summary = Reading(self.store).one(lambda work: work.attendance.summary(criteria, self.clock()))
        return VisitsDetails(attendances=attendances, summary=summary)
