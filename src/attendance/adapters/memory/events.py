"""The log, by subject."""

from dataclasses import dataclass
from uuid import UUID

from attendance.adapters.memory.tables import Tables
from attendance.application.ports import Events
from attendance.domain.events import Event


@dataclass(frozen=True, slots=True)
class MemoryEvents(Events):
    tables: Tables

    def add(self, event: Event) -> None:
        self.tables.events.put(event.subject_id, (*self.of(event.subject_id), event))

    def of(self, subject_id: UUID) -> tuple[Event, ...]:
        return self.tables.events.get(subject_id) or ()
