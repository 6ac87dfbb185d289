"""What is written down about everything: events, tallies of what is limited, mails that wait."""

from abc import abstractmethod
from collections.abc import Collection
from datetime import datetime
from typing import Protocol
from uuid import UUID

from attendance.application.cuts import Cut
from attendance.application.filters import EventFilter
from attendance.application.views import LoggedEvent
from attendance.domain.events import Event
from attendance.domain.ids import MailId
from attendance.domain.limits import Tally
from attendance.domain.mail import Mail, MailState


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
    def list(self, which: EventFilter, cut: Cut[LoggedEvent]) -> tuple[LoggedEvent, ...]:
        """Those that match, newest first."""

    @abstractmethod
    def count(self, which: EventFilter) -> int: ...


class Tallies(Protocol):
    @abstractmethod
    def find(self, key: str) -> Tally:
        """An empty one where nothing was counted."""

    @abstractmethod
    def hold(self, key: str) -> Tally:
        """Like `find`, and nobody else holds it until this unit ends. Take several in the order of keys."""

    @abstractmethod
    def save(self, tally: Tally) -> None:
        """Only what is held is saved."""

    @abstractmethod
    def purge(self, before: datetime) -> None:
        """Remove tallies whose last time was before."""


class Outbox(Protocol):
    @abstractmethod
    def add(self, mail: Mail) -> None: ...

    @abstractmethod
    def is_due(self, at: datetime) -> bool:
        """Whether a waiting mail is due. Locks nothing: it is asked all the time."""

    @abstractmethod
    def claim(self, at: datetime, until: datetime) -> Mail | None:
        """The waiting mail that is due longest, with one attempt more; nobody else gets it before `until`."""

    @abstractmethod
    def save(self, mail: Mail) -> None:
        """What became of a mail: its state, facts, error and next due time. Ends the claim on it."""

    @abstractmethod
    def hold(self, mail_id: MailId) -> Mail:
        """Nobody else changes it until this unit ends. Raise MailNotFound."""

    @abstractmethod
    def in_state(self, state: MailState) -> tuple[Mail, ...]:
        """All of them, oldest first."""

    @abstractmethod
    def purge(self, before: datetime) -> None:
        """Remove mails sent that were created before."""
