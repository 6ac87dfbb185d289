"""The event log."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from attendance.application.pagination import PageRequest
from attendance.domain.events import Event
from attendance.domain.ids import AccountId


@dataclass(frozen=True, slots=True, kw_only=True)
class EventCriteria:
    """Events from `since` to just before `until`; None: any.

    `subject_id`: events about this subject, or that concern this client. `subject_kind`: about this kind of
    subject.
    """

    subject_id: UUID | None = None
    subject_kind: str | None = None
    actor_id: AccountId | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event, its position in the log, and the present names of its actor and its subject.

    `actor_username`: None where no account acted. `subject_name`: the username of an account, favorites, a
    calendar token, a session or a role change; the number of a contract; the name of a client, price,
    location, group or lab; of a lesson its group's; of a subscription or a mark its client's; None of a mark
    in a lab, and of what is not stored any more.
    """

    position: int
    event: Event
    actor_username: str | None
    subject_name: str | None


@dataclass(frozen=True, slots=True)
class LogStretch:
    """Events one after the other, oldest first, and the position up to which the log was read.

    Whoever reads on after `position` misses nothing and gets nothing twice: no event can appear any more at a
    position up to it. It is one that an event has, or 0.
    """

    events: tuple[LoggedEvent, ...]
    position: int


class Events(Protocol):
    """Events are added, never changed and never removed."""

    @abstractmethod
    def add(self, event: Event) -> None:
        """Append an event. Raises DuplicateId."""

    @abstractmethod
    def add_all(self, events: Collection[Event]) -> None:
        """Append events in this order, in one statement. Raises DuplicateId."""

    @abstractmethod
    def of(self, subject_id: UUID) -> tuple[Event, ...]:
        """Return the events of a subject, oldest first."""

    @abstractmethod
    def of_all(self, subject_ids: Collection[UUID], action: str) -> tuple[Event, ...]:
        """Return the events with this action of these subjects, oldest first; one statement for all."""

    @abstractmethod
    def list(
        self, criteria: EventCriteria, page_request: PageRequest[LoggedEvent]
    ) -> tuple[LoggedEvent, ...]:
        """Return the events matching `criteria`, newest first whatever the page request says."""

    @abstractmethod
    def count(self, criteria: EventCriteria) -> int:
        """Return how many events match `criteria`."""

    @abstractmethod
    def read_on(self, criteria: EventCriteria, *, after: int, limit: int) -> LogStretch:
        """Return at most `limit` events matching `criteria`, oldest first, from just after a position.

        An event has its position before it is committed, so that one may appear when later ones are there:
        nothing beyond a position that may still be filled is returned. The position of the stretch is
        `after` where there is nothing to read yet, and less where the log ends before that. To be called
        outside a transaction, in which others could not be seen to commit.
        """

    @abstractmethod
    def numbers_of(self, subject_ids: Collection[UUID]) -> Mapping[UUID, int]:
        """Return how many events each of these subjects has, without those that have none; one statement."""
