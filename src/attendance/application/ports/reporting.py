"""Statistics, and calendars with who may read them by a token."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Protocol
from uuid import UUID

from attendance.domain.club.subscriptions import Subscription
from attendance.domain.ids import AccountId, ClientId, GroupId, LocationId
from attendance.domain.permissions.roles import Level
from attendance.domain.reporting.at_risk import AtRiskCandidate
from attendance.domain.reporting.calendars import CalendarEntry, CalendarToken
from attendance.domain.reporting.statistics import Figures


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenHolder:
    """The account that a token belongs to, and its level now."""

    account_id: AccountId
    level: Level


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAsTaught:
    """The name of a group, and whether somebody teaches it on a day."""

    name: str
    is_taught: bool


class Calendars(Protocol):
    """Calendar tokens, at most one per account, and lessons as calendars show them."""

    @abstractmethod
    def token_of(self, account_id: AccountId) -> CalendarToken | None:
        """Return the account's token."""

    @abstractmethod
    def put_token(self, token: CalendarToken) -> None:
        """Store a token in place of the account's token, if it has one."""

    @abstractmethod
    def remove_token(self, account_id: AccountId) -> None:
        """Remove the account's token, if it has one."""

    @abstractmethod
    def holder(self, digest: str) -> TokenHolder | None:
        """Return who has the token with this digest, in one statement; None where no active account has."""

    @abstractmethod
    def groups_taught(self, account_id: AccountId, day: date) -> Collection[GroupId]:
        """Return the groups that somebody teaches on a day, sorted by id."""

    @abstractmethod
    def group(self, group_id: GroupId, account_id: AccountId, day: date) -> GroupAsTaught:
        """Return a group and whether somebody teaches it on a day, in one statement. Raises GroupNotFound."""

    @abstractmethod
    def of_teacher(self, account_id: AccountId, since: date, until: date) -> tuple[CalendarEntry, ...]:
        """Return the lessons whose own teachers somebody is among.

        From `since` to `until` (local dates, both included), sorted by their beginning, ties by id, in one
        statement.
        """

    @abstractmethod
    def of_group(self, group_id: GroupId, since: date, until: date) -> tuple[CalendarEntry, ...]:
        """Return a group's lessons, in the same range and order, in one statement."""

    @abstractmethod
    def of_client(self, client_id: ClientId, since: date, until: date) -> tuple[CalendarEntry, ...]:
        """Return the lessons of groups in which a client is on their date, in the same way."""


class Kind(StrEnum):
    """What figures are grouped by."""

    GROUP = "group"
    LOCATION = "location"
    EMPLOYEE = "employee"


@dataclass(frozen=True, slots=True, kw_only=True)
class Employee:
    """What an account is called, without a name by its username; `active` False: it is switched off."""

    name: str
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StatisticsCriteria:
    """Lessons of groups, at a location, taught by somebody, from `since` to `until` (both included).

    None: any. A lesson counts as begun when its start is not after the instant `at`.
    """

    since: date
    until: date
    at: datetime
    group_ids: frozenset[GroupId] | None = None
    location_id: LocationId | None = None
    teacher_id: AccountId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PassOfClient:
    """A pass, and the name of the client whose it is."""

    client_name: str
    subscription: Subscription


@dataclass(frozen=True, slots=True, kw_only=True)
class UnpaidOfClient:
    """How many visits of a client are unpaid, and the dates of the first and the last of their lessons."""

    client_id: ClientId
    client_name: str
    visits: int
    first_on: date
    last_on: date


class Statistics(Protocol):
    """Figures of lessons and marks, each read in one statement unless said otherwise."""

    @abstractmethod
    def by_day(self, of: StatisticsCriteria) -> Mapping[date, Figures]:
        """Return the figures of each day that has lessons."""

    @abstractmethod
    def total(self, of: StatisticsCriteria) -> Figures:
        """Return the figures of all lessons of a range together."""

    @abstractmethod
    def by_kind(self, of: StatisticsCriteria, kind: Kind) -> Mapping[UUID, Figures]:
        """Return the figures of each group, location or teacher that has lessons.

        A lesson counts in full for each of its teachers.
        """

    @abstractmethod
    def names(self, kind: Kind) -> Mapping[UUID, str]:
        """Return the names of all groups, all locations, or all active accounts of level 3 and above."""

    @abstractmethod
    def names_of(self, kind: Kind, ids: Collection[UUID]) -> Mapping[UUID, str]:
        """Return the names of those that exist; of an account without a name its username."""

    @abstractmethod
    def employees(self, ids: Collection[UUID]) -> Mapping[UUID, Employee]:
        """Return those of these accounts that exist, whatever their role."""

    @abstractmethod
    def groups_taught(self, user_id: AccountId, since: date, until: date) -> frozenset[GroupId]:
        """Return the groups that somebody teaches on any day of a range, or lessons of which in it."""

    @abstractmethod
    def sales(self, since: date, until: date) -> Mapping[str, Decimal]:
        """Return the amounts due for passes sold in a range, by currency; void passes are no sale."""

    @abstractmethod
    def passes_sold(self, since: date, until: date) -> tuple[PassOfClient, ...]:
        """Return the passes sold in a range, sorted by day of sale, the newest first, ties by id.

        Void passes are no sale. Both ends are included.
        """

    @abstractmethod
    def passes_not_over(self, on: date) -> tuple[PassOfClient, ...]:
        """Return the passes of active clients that are not over on a day, begun or not.

        Sorted by the client's name and id, then by the pass's id. Frozen and used up ones are among them,
        void ones are not.
        """

    @abstractmethod
    def unpaid_by_client(self) -> tuple[UnpaidOfClient, ...]:
        """Return who has unpaid visits, in lessons that were not cancelled, sorted by name, ties by id."""

    @abstractmethod
    def at_risk_candidates(self, of: StatisticsCriteria) -> tuple[AtRiskCandidate, ...]:
        """Return active clients among whom are all who are at risk, sorted by name, ties by id.

        At most three statements. What is no reason may be left out of a candidate: the marks in the range, or
        the run of absences and the last visit. With `group_ids`: clients on the rosters of these groups or
        marked in their lessons of the range, with the marks of these groups alone.
        """
