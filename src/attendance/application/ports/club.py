"""Clients, contracts, prices, subscriptions, locations, groups, lessons, favorites."""

from abc import abstractmethod
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Protocol

from attendance.application.ports.repository import Repository
from attendance.domain.club.contracts import ContractState
from attendance.domain.club.favorites import Favorites as FavoritesOfAccount
from attendance.domain.club.lessons import Lesson, LessonState
from attendance.domain.club.subscriptions import Subscription, SubscriptionState
from attendance.domain.ids import (
    AccountId,
    ClientId,
    ContractId,
    GroupId,
    LessonId,
    LocationId,
    SubscriptionId,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCriteria:
    """`part` (folded) of the name or the guardian's name, `user_id` who reads it as its own; None: any."""

    part: str = ""
    active: bool | None = None
    user_id: AccountId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractCriteria:
    """By the state on a date; None: any."""

    on: date
    client_id: ClientId | None = None
    state: ContractState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceCriteria:
    """Those on sale on a date; None: all."""

    on_sale_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationCriteria:
    active: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCriteria:
    """All groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonCriteria:
    """Of a group, by date (both ends included) and by the state at a moment; None: any."""

    group_id: GroupId
    at: datetime
    since: date | None = None
    until: date | None = None
    state: LessonState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionCriteria:
    """By the state on a date; None: any."""

    on: date
    client_id: ClientId | None = None
    contract_id: ContractId | None = None
    state: SubscriptionState | None = None


class Favorites(Protocol):
    @abstractmethod
    def of(self, account_id: AccountId) -> FavoritesOfAccount:
        """Empty ones of version 0 where none were chosen."""

    @abstractmethod
    def save(self, favorites: FavoritesOfAccount) -> None:
        """Store version N only over version N - 1; raise Contended otherwise."""


class Subscriptions(Repository[Subscription, SubscriptionCriteria], Protocol):
    """Their `charged` is counted from marks each time they are read."""

    @abstractmethod
    def of_clients(self, client_ids: Collection[ClientId], on: date) -> tuple[Subscription, ...]:
        """Those begun and not over on a date; frozen or cancelled is for the domain. One statement.

        Read after the clients are held: whatever charges or changes a pass holds its client first.
        """

    @abstractmethod
    def days_charged(self, subscription_id: SubscriptionId) -> frozenset[date]:
        """The dates of the lessons that it paid for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonWithTeachers:
    """A lesson, and everybody who teaches it: its own teachers, and its group's on its date."""

    lesson: Lesson
    teachers: frozenset[AccountId]


class Lessons(Repository[Lesson, LessonCriteria], Protocol):
    """Raises SlotTaken where a group has two lessons at one time."""

    @abstractmethod
    def with_teachers(self, lesson_id: LessonId, *, for_update: bool) -> LessonWithTeachers:
        """A lesson and who teaches it, in one statement. Raise LessonNotFound.

        `for_update`: the lesson is locked, nobody else changes it until this unit ends.
        """

    @abstractmethod
    def add_all(self, lessons: Collection[Lesson]) -> None:
        """In one statement."""

    @abstractmethod
    def slots_taken(self, group_id: GroupId, since: date, until: date) -> frozenset[tuple[date, time]]:
        """When the group has lessons, and for which places in its schedule they were made: date and start."""

    @abstractmethod
    def lock_held_dates(self, group_id: GroupId, at: datetime) -> frozenset[date]:
        """The dates of lessons that were held, as of a moment.

        Holds all that have begun until this unit ends: none gets its first mark while rosters are changed.
        """

    @abstractmethod
    def lock_at_location(self, location_id: LocationId, since: date, until: date) -> tuple[Lesson, ...]:
        """Lock and return the lessons at a location from `since` to `until`, both included, by id."""
