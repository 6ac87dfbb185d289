"""The log."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.engine.bulk import Bulk
from attendance.adapters.sql.engine.connection import Work
from attendance.adapters.sql.engine.listing import Listing, SortColumn
from attendance.adapters.sql.tables import accounts, events
from attendance.application.pagination import PageRequest
from attendance.application.ports import Events
from attendance.application.ports.events import EventCriteria, LoggedEvent
from attendance.domain.events import Action, Event

ADD = sa.insert(events).inline()
ADD_ALL = Bulk(events, columns=[column.name for column in events.c if column.name != "position"])
COLUMNS = ("id", "at", "actor_id", "action", "subject_id", "before", "after")
OF = (
    sa.select(*events.c[*COLUMNS])
    .where(events.c.subject_id == sa.bindparam("subject_id"))
    .order_by(events.c.position)
)

SINCE, UNTIL = (sa.bindparam(name, type_=events.c.at.type) for name in ("since", "until"))
LISTING: Listing[LoggedEvent] = Listing(
    shown=[
        events.c.position,
        *events.c[*COLUMNS],
        sa.select(accounts.c.username)
        .where(accounts.c.id == events.c.actor_id)
        .scalar_subquery()
        .label("actor_username"),
    ],
    tie=SortColumn(events.c.position, lambda logged: logged.position),
    newest_first=True,
    conditions={
        "subject_id": events.c.subject_id == sa.bindparam("subject_id"),
        "actor_id": events.c.actor_id == sa.bindparam("actor_id"),
        "action": events.c.action == sa.bindparam("action"),
        "since": events.c.at >= SINCE,
        "until": events.c.at < UNTIL,
    },
)


def event_row(event: Event) -> dict[str, Any]:
    return {
        "id": event.id,
        "at": event.at,
        "actor_id": event.actor_id,
        "action": event.action,
        "subject_kind": event.subject_kind,
        "subject_id": event.subject_id,
        "before": event.before,
        "after": event.after,
    }


@dataclass(frozen=True, slots=True)
class SqlEvents(Events):
    work: Work

    def add(self, event: Event) -> None:
        self.work.run(ADD, event_row(event))

    def add_all(self, events: Collection[Event]) -> None:
        ADD_ALL.write(self.work, [*map(event_row, events)])

    def of(self, subject_id: UUID) -> tuple[Event, ...]:
        rows = self.work.run(OF, {"subject_id": subject_id}).rows
        return tuple(Event(**{**row._asdict(), "action": Action(row.action)}) for row in rows)

    def list(
        self, criteria: EventCriteria, page_request: PageRequest[LoggedEvent]
    ) -> tuple[LoggedEvent, ...]:
        return tuple(map(_logged, LISTING.rows(self.work, _given(criteria), page_request)))

    def count(self, criteria: EventCriteria) -> int:
        return LISTING.count(self.work, _given(criteria))


def _given(criteria: EventCriteria) -> dict[str, Any]:
    return {name: value for name, value in asdict(criteria).items() if value is not None}


def _logged(row: Any) -> LoggedEvent:
    told = row._asdict()
    position, username = told.pop("position"), told.pop("actor_username")
    return LoggedEvent(position, Event(**told | {"action": Action(row.action)}), username)
