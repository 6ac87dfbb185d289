"""The store: repositories, as one transaction sees them."""

from abc import abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from attendance.application.ports.accounts import (
    Accounts,
    Links,
    Outbox,
    RateLimitWindows,
    RoleChanges,
    Sessions,
)
from attendance.application.ports.attendance import Attendance, Marks
from attendance.application.ports.club import (
    ClientCriteria,
    ContractCriteria,
    Favorites,
    GroupCriteria,
    Lessons,
    LocationCriteria,
    PriceCriteria,
    Subscriptions,
)
from attendance.application.ports.events import Events
from attendance.application.ports.labs import LabAttendance, Labs
from attendance.application.ports.reporting import Calendars, Statistics
from attendance.application.ports.repository import Repository
from attendance.domain.club.clients import Client
from attendance.domain.club.contracts import Contract
from attendance.domain.club.groups import Group
from attendance.domain.club.locations import Location
from attendance.domain.club.prices import Price


class Contended(Exception):
    """Another transaction got in the way, this one left no trace: the use case may be tried again."""


@dataclass(frozen=True, slots=True)
class UnitOfWork:
    """Everything stored, as one transaction sees it."""

    accounts: Accounts
    sessions: Sessions
    links: Links
    role_changes: RoleChanges
    favorites: Favorites
    clients: Repository[Client, ClientCriteria]
    contracts: Repository[Contract, ContractCriteria]
    prices: Repository[Price, PriceCriteria]
    locations: Repository[Location, LocationCriteria]
    groups: Repository[Group, GroupCriteria]
    lessons: Lessons
    subscriptions: Subscriptions
    attendance: Attendance
    marks: Marks
    statistics: Statistics
    calendars: Calendars
    labs: Labs
    lab_attendance: LabAttendance
    events: Events
    rate_limit_windows: RateLimitWindows
    outbox: Outbox


class Store(Protocol):
    @abstractmethod
    def transaction(self) -> AbstractContextManager[UnitOfWork]:
        """One transaction: committed when the block ends, rolled back when it raises."""

    @abstractmethod
    def autocommit(self) -> AbstractContextManager[UnitOfWork]:
        """Every call is a transaction of its own.

        For lookups, and where one guarded write decides by itself whether what was read still holds.
        """

    @abstractmethod
    def read(self) -> AbstractContextManager[UnitOfWork]:
        """For lists that only show. May lag behind what was just written, where a replica serves it."""

    @abstractmethod
    def attempts(self) -> Iterator[None]:
        """One item per attempt at a use case, the next after a short wait; ends with the store's patience."""
