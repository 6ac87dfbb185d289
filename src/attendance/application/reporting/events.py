"""Reading the log."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from uuid import UUID

from attendance.application.listing import Listed, listed
from attendance.application.pagination import validate_range
from attendance.application.ports import Store
from attendance.application.ports.events import EventCriteria, LoggedEvent
from attendance.domain.events import Action
from attendance.domain.ids import AccountId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import require_level
from attendance.domain.permissions.table import Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEvents:
    """What happened, newest first: to a subject, by an actor, from `since` to `until`, both included.

    Dates are those of the organisation's zone. With `page` (from 1) 20 of them, otherwise all. Raises
    Invalid, Forbidden.
    """

    store: Store
    zone: tzinfo

    def __call__(
        self,
        actor: Actor,
        *,
        subject: UUID | None = None,
        by: AccountId | None = None,
        action: Action | None = None,
        since: date | None = None,
        until: date | None = None,
        page: int | None = None,
    ) -> Listed[LoggedEvent]:
        validate_range(since, until)
        criteria = EventCriteria(
            subject_id=subject,
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
        """The instant at which a date begins in the zone; UTC's where the zone's own cannot be told."""
        try:
            return datetime.combine(day, time.min, self.zone).astimezone(UTC)
        except OverflowError:
            return datetime.combine(day, time.min, UTC)
