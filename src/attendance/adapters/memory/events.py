"""The log, by position and by subject."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from uuid import UUID

from attendance.adapters.memory.pagination import page_of
from attendance.adapters.memory.repository import matches
from attendance.adapters.memory.tables import Tables
from attendance.application.pagination import PageRequest
from attendance.application.ports import Events
from attendance.application.ports.events import EventCriteria, LoggedEvent
from attendance.domain.events import Event

WITHIN = {
    "since": lambda event, criteria: event.at >= criteria.since,
    "until": lambda event, criteria: event.at < criteria.until,
}


@dataclass(frozen=True, slots=True)
class MemoryEvents(Events):
    tables: Tables

    def add(self, event: Event) -> None:
        self.tables.log(event)

    def add_all(self, events: Collection[Event]) -> None:
        for event in events:
            self.tables.log(event)

    def of(self, subject_id: UUID) -> tuple[Event, ...]:
        positions = self.tables.event_positions.get(subject_id) or ()
        return tuple(self.tables.events.rows[position] for position in positions)

    def list(
        self, criteria: EventCriteria, page_request: PageRequest[LoggedEvent]
    ) -> tuple[LoggedEvent, ...]:
        return page_of(
            self._matching(criteria),
            page_request,
            keys={},
            tie=lambda logged: logged.position,
            newest_first=True,
        )

    def count(self, criteria: EventCriteria) -> int:
        return sum(1 for _ in self._matching(criteria))

    def numbers_of(self, subject_ids: Collection[UUID]) -> Mapping[UUID, int]:
        found = {it: self.tables.event_positions.get(it) for it in subject_ids}
        return {subject_id: len(positions) for subject_id, positions in found.items() if positions}

    def _matching(self, criteria: EventCriteria) -> Iterator[LoggedEvent]:
        for position, event in self.tables.events.rows.items():
            if matches(event, criteria, WITHIN):
                account = self.tables.accounts.rows.get(event.actor_id) if event.actor_id else None
                yield LoggedEvent(position, event, account.username if account else None)
