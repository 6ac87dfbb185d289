"""The log, by position and by subject."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from attendance.adapters.memory.pagination import page_of
from attendance.adapters.memory.repository import matches
from attendance.adapters.memory.tables import Tables
from attendance.application.pagination import PageRequest
from attendance.application.ports import RESOURCES, Events
from attendance.application.ports.events import EventCriteria, LoggedEvent, LogStretch
from attendance.domain.events import Event

WITHIN = {
    "subject_id": lambda event, criteria: criteria.subject_id in (event.subject_id, event.client_id),
    "since": lambda event, criteria: event.at >= criteria.since,
    "until": lambda event, criteria: event.at < criteria.until,
}


def _of_subject(table: str, field: str) -> Callable[[Tables, Event], str | None]:
    """What reads a field of the subject, which is in this table."""
    return lambda tables, event: getattr(getattr(tables, table).get(event.subject_id), field, None)


def _through(table: str, reference: str, other: str, field: str) -> Callable[[Tables, Event], str | None]:
    """What reads a field of what the subject refers to."""

    def name(tables: Tables, event: Event) -> str | None:
        reference_id = getattr(getattr(tables, table).get(event.subject_id), reference, None)
        return getattr(getattr(tables, other).get(reference_id), field, None)

    return name


def _client_name(tables: Tables, event: Event) -> str | None:
    client = event.client_id and tables.clients.get(event.client_id)
    return client.name if client else None


NAME_OF: Mapping[str, Callable[[Tables, Event], str | None]] = {
    **dict.fromkeys(("account", "favorites", "calendar_token"), _of_subject("accounts", "username")),
    "session": _through("sessions", "account_id", "accounts", "username"),
    "role_change": _through("role_changes", "user_id", "accounts", "username"),
    "lesson": _through("lessons", "group_id", "groups", "name"),
    **dict.fromkeys(("subscription", "attendance"), _client_name),
    "lab": _of_subject("labs", "name"),
    **{it.entity.kind: _of_subject(it.name, it.label) for it in RESOURCES if it.label},
}
"""By the kind of a subject, its name."""


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

    def of_all(self, subject_ids: Collection[UUID], action: str) -> tuple[Event, ...]:
        positions = sorted(
            position for it in {*subject_ids} for position in self.tables.event_positions.get(it) or ()
        )
        found = (self.tables.events.rows[position] for position in positions)
        return tuple(event for event in found if event.action == action)

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

    def read_on(self, criteria: EventCriteria, *, after: int, limit: int) -> LogStretch:
        further = (logged for logged in self._matching(criteria) if logged.position > after)
        events = tuple(islice(further, limit))
        end = len(self.tables.events.rows)
        return LogStretch(events, events[-1].position if len(events) == limit else end)

    def numbers_of(self, subject_ids: Collection[UUID]) -> Mapping[UUID, int]:
        found = {it: self.tables.event_positions.get(it) for it in subject_ids}
        return {subject_id: len(positions) for subject_id, positions in found.items() if positions}

    def _matching(self, criteria: EventCriteria) -> Iterator[LoggedEvent]:
        for position, event in self.tables.events.rows.items():
            if matches(event, criteria, WITHIN):
                actor = self.tables.accounts.rows.get(event.actor_id) if event.actor_id else None
                yield LoggedEvent(
                    position, event, actor.username if actor else None, self._subject_name(event)
                )

    def _subject_name(self, event: Event) -> str | None:
        """The present name of an event's subject: see LoggedEvent."""
        names = NAME_OF.get(event.subject_kind)
        return names(self.tables, event) if names else None
