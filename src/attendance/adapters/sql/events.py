"""The log."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa

from attendance.adapters.sql.connection import Work
from attendance.adapters.sql.tables import events
from attendance.application.ports import Events
from attendance.domain.events import Action, Event

ADD = sa.insert(events).inline()
OF = (
    sa.select(*events.c["id", "at", "actor_id", "action", "subject_id", "before", "after"])
    .where(events.c.subject_id == sa.bindparam("subject_id"))
    .order_by(events.c.position)
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

    def of(self, subject_id: UUID) -> tuple[Event, ...]:
        rows = self.work.run(OF, {"subject_id": subject_id}).rows
        return tuple(Event(**{**row._asdict(), "action": Action(row.action)}) for row in rows)
