"""The log."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.engine.bulk import Bulk, among
from attendance.adapters.sql.engine.connection import Connection, Statements
from attendance.adapters.sql.engine.listing import Listing, SortColumn
from attendance.adapters.sql.tables import accounts, events
from attendance.application.pagination import PageRequest
from attendance.application.ports import Events
from attendance.application.ports.events import EventCriteria, LoggedEvent
from attendance.domain.events import Event

ADD = sa.insert(events).inline()
ADD_ALL = Bulk(events, columns=[column.name for column in events.c if column.name != "position"])
COLUMNS = ("id", "at", "actor_id", "action", "subject_id", "before", "after")
OF = (
    sa.select(*events.c[*COLUMNS])
    .where(events.c.subject_id == sa.bindparam("subject_id"))
    .order_by(events.c.position)
)
NUMBERS_OF: Statements = {
    dialect: sa.select(events.c.subject_id, sa.func.count().label("number"))
    .where(is_among)
    .group_by(events.c.subject_id)
    for dialect, is_among in among(events.c.subject_id, "subject_ids").items()
}

SINCE, UNTIL = (sa.bindparam(name, type_=events.c.at.type) for name in ("since", "until"))
LISTING: Listing[LoggedEvent] = Listing(
    columns=[
        events.c.position,
        *events.c[*COLUMNS],
        sa.select(accounts.c.username)
        .where(accounts.c.id == events.c.actor_id)
        .scalar_subquery()
        .label("actor_username"),
    ],
    tie=SortColumn(events.c.position, lambda logged: logged.position),
    criteria=EventCriteria,
    newest_first=True,
    conditions={
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
    connection: Connection

    def add(self, event: Event) -> None:
        self.connection.run(ADD, event_row(event))

    def add_all(self, events: Collection[Event]) -> None:
        ADD_ALL.write(self.connection, [*map(event_row, events)])

    def of(self, subject_id: UUID) -> tuple[Event, ...]:
        rows = self.connection.run(OF, {"subject_id": subject_id}).rows
        return tuple(Event(**row._asdict()) for row in rows)

    def list(
        self, criteria: EventCriteria, page_request: PageRequest[LoggedEvent]
    ) -> tuple[LoggedEvent, ...]:
        return tuple(map(_logged, LISTING.rows(self.connection, criteria, page_request)))

    def count(self, criteria: EventCriteria) -> int:
        return LISTING.count(self.connection, criteria)

    def numbers_of(self, subject_ids: Collection[UUID]) -> Mapping[UUID, int]:
        rows = self.connection.run(NUMBERS_OF, {"subject_ids": [*subject_ids]}).rows
        return {row.subject_id: row.number for row in rows}


def _logged(row: Any) -> LoggedEvent:
    fields = row._asdict()
    position, username = fields.pop("position"), fields.pop("actor_username")
    return LoggedEvent(position, Event(**fields), username)
