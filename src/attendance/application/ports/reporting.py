"""Statistics, and calendars with who may read them by a token."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from attendance.domain.ids import AccountId, GroupId, LocationId
from attendance.domain.permissions.roles import Level
from attendance.domain.reporting.at_risk import AtRiskCandidate
from attendance.domain.reporting.calendars import CalendarEntry, CalendarToken
from attendance.domain.reporting.statistics import Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenHolder:
    """Whose token it is, and what they may at this moment."""

    account_id: AccountId
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAsTaught:
    """What a group is called, and whether somebody teaches it on a day."""

    name: str
    is_taught: bool


class Calendars(Protocol):
    @abstractmethod
    def token_of(self, account_id: AccountId) -> CalendarToken | None: ...

    @abstractmethod
    def put_token(self, token: CalendarToken) -> None:
        """In place of the account's token, if it has one."""

    @abstractmethod
    def remove_token(self, account_id: AccountId) -> None: ...

    @abstractmethod
    def holder(self, digest: str) -> TokenHolder | None:
        """One statement; None where nobody has such a token, or their account is not active."""

    @abstractmethod
    def groups_taught(self, account_id: AccountId, day: date) -> Collection[GroupId]:
        """The groups that somebody teaches on a day, in the order of ids."""

    @abstractmethod
    def group(self, group_id: GroupId, account_id: AccountId, day: date) -> GroupAsTaught:
        """One statement. Raise GroupNotFound."""

    @abstractmethod
    def of_teacher(self, account_id: AccountId, since: date, until: date) -> tuple[CalendarEntry, ...]:
        """Lessons that somebody teaches, named in them or teaching their group on their date.

        On local dates, both ends included, by their beginning, then by id. One statement.
        """

    @abstractmethod
    def of_group(self, group_id: GroupId, since: date, until: date) -> tuple[CalendarEntry, ...]:
        """A group's lessons, likewise. One statement."""


class Kind(StrEnum):
    """Of what there are figures."""

    GROUP = "group"
    LOCATION = "location"
    EMPLOYEE = "employee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """Lessons of groups, at a location, taught by somebody, on local dates, both ends included; None: any.

    `at`: as of when lessons have begun.
    """

    since: date
    until: date
    at: datetime
    group_ids: frozenset[GroupId] | None = None
    location_id: LocationId | None = None
    teacher_id: AccountId | None = None


class Statistics(Protocol):
    @abstractmethod
    def by_day(self, of: Range) -> Mapping[date, Figures]:
        """Figures of each day that has lessons. One statement."""

    @abstractmethod
    def in_all(self, of: Range) -> Figures:
        """Figures of all lessons together. One statement."""

    @abstractmethod
    def by_kind(self, of: Range, kind: Kind) -> Mapping[UUID, Figures]:
        """Figures of each group, location or teacher that has lessons; each teacher has a lesson in full."""

    @abstractmethod
    def names(self, kind: Kind) -> Mapping[UUID, str]:
        """What all groups, all locations, or all active accounts of level 3 and above are called."""

    @abstractmethod
    def names_of(self, kind: Kind, ids: Collection[UUID]) -> Mapping[UUID, str]:
        """What these are called, as far as they exist: an account by its name, or username without one."""

    @abstractmethod
    def groups_taught(self, user_id: AccountId, since: date, until: date) -> frozenset[GroupId]:
        """Groups that somebody teaches on any day of a range, or lessons of which somebody teaches in it."""

    @abstractmethod
    def sales(self, since: date, until: date) -> Mapping[str, Decimal]:
        """What is due for passes sold in a range, by currency; void ones are no sale."""

    @abstractmethod
    def at_risk_candidates(self, of: Range) -> tuple[AtRiskCandidate, ...]:
        """Active clients who may be at risk, by name: at least all who are. At most three statements.

        What is no reason may be left out of them: marks in the range, or the run and the last visit.

        Of `group_ids`: clients on the roster of, or marked in, their lessons of the range, and marks of these
        groups alone.
        """
