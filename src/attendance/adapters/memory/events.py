"""The log, by position and by subject."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from uuid import UUID

from attendance.adapters.memory.pagination import cut_of
from attendance.adapters.memory.tables import Tables
from attendance.application.pagination import Cut
from attendance.application.ports import Events
from attendance.application.ports.events import EventFilter, LoggedEvent
from attendance.domain.events import Event


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

    def list(self, which: EventFilter, cut: Cut[LoggedEvent]) -> tuple[LoggedEvent, ...]:
        return cut_of(
            self._matching(which), cut, keys={}, tie=lambda logged: logged.position, newest_first=True
        )

    def count(self, which: EventFilter) -> int:
        return sum(1 for _ in self._matching(which))

    def _matching(self, which: EventFilter) -> Iterator[LoggedEvent]:
        for position, event in self.tables.events.rows.items():
            if (
                which.subject_id in (None, event.subject_id)
                and which.actor_id in (None, event.actor_id)
                and which.action in (None, event.action)
                and (which.since is None or event.at >= which.since)
                and (which.until is None or event.at < which.until)
            ):
                account = self.tables.accounts.rows.get(event.actor_id) if event.actor_id else None
                yield LoggedEvent(position, event, account.username if account else None)
