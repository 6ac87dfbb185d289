"""Reading the log of events."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from uuid import UUID

from attendance.application.forms.listing import Listed, listed
from attendance.application.forms.use_case import Query
from attendance.application.pagination import PageChoice, validate_range
from attendance.application.ports.events import EventCriteria, LoggedEvent
from attendance.domain.events import Action, SubjectKind
from attendance.domain.ids import AccountId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEvents(Query):
    """List the events of the log, newest first.

    `subject`, `kind`, `by`, `action`: only events about this, about this kind of subject, by this account,
    with this action; about a client also those of their marks, contracts and passes. `since`, `until`:
    only on dates from and to these in the organisation's zone, both included; None: open at that end. `page`
    (from 1): that page of 20; None: the whole list. Raises Invalid, Forbidden.
    """

    zone: tzinfo

    def __call__(
        self,
        actor: Actor,
        *,
        subject: UUID | None = None,
        kind: SubjectKind | None = None,
        by: AccountId | None = None,
        action: Action | None = None,
        since: date | None = None,
        until: date | None = None,
        page: PageChoice = None,
    ) -> Listed[LoggedEvent]:
        validate_range(since, until)
        criteria = EventCriteria(
            subject_id=subject,
            subject_kind=kind,
            actor_id=by,
            action=action,
            since=None if since is None else self._start(since),
            until=None if until in (None, date.max) else self._start(until + timedelta(days=1)),
        )
        return listed(
            self.store,
            lambda: require_level(actor, Permission.READ_EVENTS),
            order=(),
            page=page,
            count=lambda work: work.events.count(criteria),
            rows=lambda work, page_request: work.events.list(criteria, page_request),
            details=lambda logged: logged,
        )

    def _start(self, day: date) -> datetime:
        """The instant at which a date begins in the zone, or in UTC at the very ends of the calendar."""
        try:
            return datetime.combine(day, time.min, self.zone).astimezone(UTC)
        except OverflowError:
            return datetime.combine(day, time.min, UTC)
