"""The log."""

from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from attendance.application.pagination import PageRequest
from attendance.domain.events import Event
from attendance.domain.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCriteria:
    """From `since` to just before `until`; None: any."""

    subject_id: UUID | None = None
    actor_id: AccountId | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event, its place in the log, and the present username of who did it, if an account did."""

    position: int
    event: Event
    actor_username: str | None


class Events(Protocol):
    @abstractmethod
    def add(self, event: Event) -> None: ...

    @abstractmethod
    def add_all(self, events: Collection[Event]) -> None:
        """In this order, in one statement."""

    @abstractmethod
    def of(self, subject_id: UUID) -> tuple[Event, ...]:
        """What happened to a subject, oldest first."""

    @abstractmethod
    def list(
        self, criteria: EventCriteria, page_request: PageRequest[LoggedEvent]
    ) -> tuple[LoggedEvent, ...]:
        """Those that match, newest first."""

    @abstractmethod
    def count(self, criteria: EventCriteria) -> int: ...
