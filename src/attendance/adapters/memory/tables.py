"""Dictionaries that remember how to undo what was done to them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from typing import Any, Generic, TypeVar
from uuid import UUID

from attendance.application.ports import RESOURCES, DuplicateId
from attendance.domain.accounts.accounts import Account
from attendance.domain.accounts.kept_answers import KeptAnswer
from attendance.domain.accounts.links import Link, Purpose
from attendance.domain.accounts.mail import Mail
from attendance.domain.accounts.rate_limits import RateLimitWindow
from attendance.domain.accounts.role_changes import RoleChange
from attendance.domain.accounts.sessions import Session
from attendance.domain.attendance.marks import Mark
from attendance.domain.club.clients import Client
from attendance.domain.club.favorites import Favorites
from attendance.domain.club.groups import Group
from attendance.domain.club.lessons import Lesson
from attendance.domain.club.locations import Location
from attendance.domain.club.prices import Price
from attendance.domain.club.subscriptions import Subscription
from attendance.domain.events import Event
from attendance.domain.ids import (
    AccountId,
    ClientId,
    LabId,
    LabMarkId,
    LessonId,
    MailId,
    RoleChangeId,
    SessionId,
    SubscriptionId,
)
from attendance.domain.labs.labs import Lab, Membership
from attendance.domain.labs.marks import LabMark
from attendance.domain.reporting.calendars import CalendarToken

K = TypeVar("K")
V = TypeVar("V")


@dataclass(slots=True)
class Journal:
    """The steps that take everything back to where the last transaction ended, the newest last."""

    steps: list[Callable[[], object]] = field(default_factory=list)

    def forget(self) -> None:
        self.steps.clear()

    def undo(self, mark: int) -> None:
        """Take back what was done since there were `mark` steps."""
        while len(self.steps) > mark:
            self.steps.pop()()

    @contextmanager
    def undone_if_raised(self) -> Iterator[None]:
        """A block whose steps are taken back when it raises."""
        mark = len(self.steps)
        try:
            yield
        except BaseException:
            self.undo(mark)
            raise


@dataclass(slots=True)
class Table(Generic[K, V]):
    """Rows by key, in the order in which they came."""

    journal: Journal
    rows: dict[K, V] = field(default_factory=dict)

    def get(self, key: K) -> V | None:
        return self.rows.get(key)

    def all(self) -> Iterable[V]:
        return self.rows.values()

    def add(self, key: K, row: V) -> None:
        """Raises DuplicateId."""
        if key in self.rows:
            raise DuplicateId
        self.put(key, row)

    def put(self, key: K, row: V) -> None:
        if key in self.rows:
            before = self.rows[key]
            self.journal.steps.append(lambda: self.rows.update({key: before}))
        else:
            self.journal.steps.append(lambda: self.rows.pop(key))
        self.rows[key] = row

    def remove(self, key: K) -> None:
        before = self.rows.pop(key)
        self.journal.steps.append(lambda: self.rows.update({key: before}))

    def remove_some(self, is_over: Callable[[V], bool], most: int) -> int:
        """Remove rows that are over, at most so many, and return how many."""
        found = [*islice((key for key, row in self.rows.items() if is_over(row)), most)]
        for key in found:
            self.remove(key)
        return len(found)


MarkKey = tuple[LabId, AccountId, date]


class Tables:
    """Everything stored, and the indexes the SQL stores have too.

    Those of other resources are there as well; these are named for whoever reads them beside their own.
    """

    accounts: Table[AccountId, Account]
    sessions: Table[SessionId, Session]
    links: Table[tuple[AccountId, Purpose], Link]
    role_changes: Table[RoleChangeId, RoleChange]
    favorites: Table[AccountId, Favorites]
    calendar_tokens: Table[AccountId, CalendarToken]
    rate_limit_windows: Table[str, RateLimitWindow]
    kept_answers: Table[tuple[AccountId, str], KeptAnswer]
    outbox: Table[MailId, Mail]
    sign_in_addresses: Table[str, tuple[AccountId, date]]
    clients: Table[UUID, Client]
    clients_of: Table[AccountId, frozenset[ClientId]]
    prices: Table[UUID, Price]
    locations: Table[UUID, Location]
    groups: Table[UUID, Group]
    lessons: Table[UUID, Lesson]
    subscriptions: Table[UUID, Subscription]
    marks: Table[LessonId, Mapping[ClientId, Mark]]
    charged: Table[SubscriptionId, frozenset[LessonId]]
    labs: Table[LabId, Lab]
    members: Table[LabId, dict[AccountId, Membership]]
    lab_marks: Table[MarkKey, LabMark]
    lab_mark_keys: Table[LabMarkId, MarkKey]
    events: Table[int, Event]
    event_ids: Table[UUID, int]
    event_positions: Table[UUID, tuple[int, ...]]

    def __init__(self) -> None:
        self.journal = Journal()
        self._indexes: dict[tuple[str, int], Table[Any, UUID]] = {}
        for name in TABLES:
            setattr(self, name, Table(self.journal))

    def index(self, name: str, number: int) -> Table[Any, UUID]:
        """The ids of a table's rows by one of its unique keys."""
        return self._indexes.setdefault((name, number), Table(self.journal))

    def log(self, event: Event) -> None:
        position = len(self.events.rows) + 1
        self.event_ids.add(event.id, position)
        self.events.put(position, event)
        before = self.event_positions.get(event.subject_id) or ()
        self.event_positions.put(event.subject_id, (*before, position))


TABLES = frozenset({*Tables.__annotations__, *(resource.name for resource in RESOURCES)})
"""The names of all tables."""
