"""Clients, contracts, prices, subscriptions, locations, groups, lessons, favorites."""

from abc import abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, Protocol

from attendance.application.ports.repository import Repository, Resource, Unique
from attendance.domain.attendance.payers import CoveringPass
from attendance.domain.club.clients import Client, ClientNotFound
from attendance.domain.club.contracts import Contract, ContractNotFound, ContractState, NumberTaken
from attendance.domain.club.favorites import Favorites as FavoritesOfAccount
from attendance.domain.club.groups import Group, GroupNotFound
from attendance.domain.club.lessons import Lesson, LessonNotFound, LessonState, SlotTaken
from attendance.domain.club.locations import AddressTaken, Location, LocationNotFound
from attendance.domain.club.prices import Price, PriceNotFound
from attendance.domain.club.subscriptions import Subscription, SubscriptionNotFound, SubscriptionState
from attendance.domain.dates import is_within
from attendance.domain.ids import (
    AccountId,
    ClientId,
    ContractId,
    GroupId,
    LessonId,
    LocationId,
    SubscriptionId,
)
from attendance.domain.text import Words, digits, folded, has_words, searched_text, sort_key


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientCriteria:
    """Clients with each of the words in a name, the address for mail or the phone; None: any.

    `user_id`: linked to this account. `group_id`: members of this group on the date `member_on`.
    """

    words: Words | None = None
    active: bool | None = None
    user_id: AccountId | None = None
    group_id: GroupId | None = None
    member_on: date | None = None


def searched_text_of(client: Client) -> str:
    """What words are looked for in: both names, the address for mail, the digits of the phone."""
    return searched_text(client.name, client.guardian_name, client.email, digits(client.phone))


CLIENTS = Resource(
    "clients",
    Client,
    ClientNotFound,
    ClientCriteria,
    sort={"name": "name_key", "birthday": "birthday", "created_at": "created_at"},
    keys={"name_key": lambda client: sort_key(client.name), "searched_text": searched_text_of},
    predicates={
        "words": lambda client, criteria: has_words(searched_text_of(client), criteria.words or ()),
        "user_id": lambda client, criteria: criteria.user_id in client.user_ids,
    },
    label="name",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractCriteria:
    """Contracts of a client that have a state on the date `on`; None: any."""

    on: date
    client_id: ClientId | None = None
    state: ContractState | None = None


CONTRACTS = Resource(
    "contracts",
    Contract,
    ContractNotFound,
    ContractCriteria,
    sort={"number": "number_sort_key", "signed_on": "signed_on"},
    keys={
        "number_key": lambda contract: folded(contract.number),
        "number_sort_key": lambda contract: sort_key(contract.number),
    },
    predicates={"state": lambda contract, criteria: contract.state(criteria.on) is criteria.state},
    unique=(Unique(NumberTaken, ("number_key",)),),
    label="number",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceCriteria:
    """Prices on sale on a date; None: all."""

    on_sale_on: date | None = None


PRICES = Resource(
    "prices",
    Price,
    PriceNotFound,
    PriceCriteria,
    sort={"name": "name_key", "amount": "amount"},
    keys={"name_key": lambda price: sort_key(price.name)},
    predicates={
        "on_sale_on": lambda price, criteria: (
            criteria.on_sale_on is not None and price.is_on_sale(criteria.on_sale_on)
        )
    },
    label="name",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationCriteria:
    """Locations that are active, or archived; None: both."""

    active: bool | None = None


LOCATIONS = Resource(
    "locations",
    Location,
    LocationNotFound,
    LocationCriteria,
    sort={"name": "name_key", "created_at": "created_at"},
    keys={
        "name_key": lambda location: sort_key(location.name),
        "address_key": lambda location: folded(location.address),
    },
    unique=(Unique(AddressTaken, ("address_key",)),),
    label="name",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupCriteria:
    """Groups of which a client is a member on some day after `member_after`; None: all groups.

    With each of the words in the name, at a location, taught by `teacher_id` on the date `on`, active on it
    or not, ended before it or not; None: any.
    """

    member_id: ClientId | None = None
    member_after: date = date.min
    words: Words | None = None
    location_id: LocationId | None = None
    teacher_id: AccountId | None = None
    active: bool | None = None
    ended: bool | None = None
    on: date = date.min


GROUPS = Resource(
    "groups",
    Group,
    GroupNotFound,
    GroupCriteria,
    sort={"name": "name_key", "created_at": "created_at"},
    keys={"name_key": lambda group: sort_key(group.name)},
    predicates={
        "member_id": lambda group, criteria: any(
            member.client_id == criteria.member_id
            and (member.until is None or member.until > criteria.member_after)
            for member in group.members
        ),
        "words": lambda group, criteria: has_words(searched_text(group.name), criteria.words or ()),
        "teacher_id": lambda group, criteria: criteria.teacher_id in group.teachers_on(criteria.on),
        "active": lambda group, criteria: group.is_active(criteria.on) is criteria.active,
        "ended": lambda group, criteria: group.has_ended(criteria.on) is criteria.ended,
    },
    label="name",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonCriteria:
    """Lessons from `since` to `until`, both included, that have a state at the instant `at`; None: any.

    `teacher_id`: among the lesson's own teachers. `untaken`: begun by `at`, not cancelled, without a mark.
    `over`: ended by `at`.
    """

    at: datetime
    group_id: GroupId | None = None
    location_id: LocationId | None = None
    teacher_id: AccountId | None = None
    since: date | None = None
    until: date | None = None
    state: LessonState | None = None
    untaken: bool | None = None
    over: bool | None = None


LESSONS = Resource(
    "lessons",
    Lesson,
    LessonNotFound,
    LessonCriteria,
    sort={"date": "date", "starts": "starts", "created_at": "created_at"},
    keys={
        "scheduled_date": lambda lesson: lesson.scheduled and lesson.scheduled.date,
        "scheduled_starts": lambda lesson: lesson.scheduled and lesson.scheduled.starts,
    },
    predicates={
        "since": lambda lesson, criteria: is_within(lesson.date, criteria.since, None),
        "until": lambda lesson, criteria: is_within(lesson.date, None, criteria.until),
        "state": lambda lesson, criteria: lesson.state(at=criteria.at) is criteria.state,
        "teacher_id": lambda lesson, criteria: criteria.teacher_id in lesson.teachers,
        "untaken": lambda lesson, criteria: lesson.is_untaken(at=criteria.at) is criteria.untaken,
        "over": lambda lesson, criteria: lesson.is_over(criteria.at) is criteria.over,
    },
    unique=(
        Unique(SlotTaken, ("group_id", "date", "starts")),
        Unique(SlotTaken, ("group_id", "scheduled_date", "scheduled_starts")),
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionCriteria:
    """Passes of a client, or of several, under a contract, that have a state on the date `on`; None: any."""

    on: date
    client_id: ClientId | None = None
    client_ids: frozenset[ClientId] | None = None
    contract_id: ContractId | None = None
    state: SubscriptionState | None = None


SUBSCRIPTIONS = Resource(
    "subscriptions",
    Subscription,
    SubscriptionNotFound,
    SubscriptionCriteria,
    sort={"starts_on": "starts_on", "ends_on": "ends_on", "sold_on": "sold_on"},
    predicates={
        "client_ids": lambda subscription, criteria: subscription.client_id in (criteria.client_ids or ()),
        "state": lambda subscription, criteria: subscription.state(criteria.on) is criteria.state,
    },
)
RESOURCES: tuple[Resource[Any, Any], ...] = (
    CLIENTS,
    CONTRACTS,
    PRICES,
    LOCATIONS,
    GROUPS,
    LESSONS,
    SUBSCRIPTIONS,
)


class Favorites(Protocol):
    """What each account has chosen to have at hand."""

    @abstractmethod
    def of(self, account_id: AccountId) -> FavoritesOfAccount:
        """Return an account's favorites; empty ones of version 0 where none were chosen."""

    @abstractmethod
    def save(self, favorites: FavoritesOfAccount) -> None:
        """Store version N in place of version N - 1 (of none for 1). Raises Contended otherwise."""


class Subscriptions(Repository[Subscription, SubscriptionCriteria], Protocol):
    """Passes; `charged` is counted from marks each time. Sorted by starts_on, ends_on or sold_on."""

    @abstractmethod
    def of_clients(
        self, client_ids: Collection[ClientId], on: date, *, until: date | None = None
    ) -> tuple[Subscription, ...]:
        """Return the clients' passes that have begun and are not over on a date, sorted by id.

        `until`: on some day from that date to this one, both included. Frozen and cancelled ones are among
        them. `charged_in_week` is that of the week of the date. One statement. Lock the clients first:
        whatever charges or changes a pass locks its client first.
        """

    @abstractmethod
    def clients_between(
        self,
        since: date,
        until: date,
        *,
        location_id: LocationId | None = None,
        after: ClientId | None = None,
        limit: int,
    ) -> tuple[ClientId, ...]:
        """Return the clients with a pass that has begun and is not over on some day of a range, sorted by id.

        Frozen ones count, those cancelled before the range do not. `location_id`: only members, on some day
        of the range, of a group there. `after`: only those whose id is greater. At most `limit`; one
        statement.
        """

    @abstractmethod
    def days_charged_between(
        self, subscription_ids: Collection[SubscriptionId], since: date, until: date
    ) -> Mapping[SubscriptionId, frozenset[date]]:
        """Return the dates from `since` to `until` of the lessons that each pass has paid for.

        Passes that have paid for none are left out. One statement.
        """

    @abstractmethod
    def covering(self, client_ids: Collection[ClientId], on: date) -> tuple[CoveringPass, ...]:
        """Return the clients' passes that cover a date, as `Subscription.covers` says.

        Sorted by when they were sold: by sold_on, created_at, id. Each with what its price is called now. One
        statement.
        """

    @abstractmethod
    def days_charged(self, subscription_id: SubscriptionId) -> frozenset[date]:
        """Return the dates of the lessons that a pass has paid for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonWithTeachers:
    """A lesson, and everybody who teaches it: its own teachers, and its group's on its date.

    With what its group and location are called now.
    """

    lesson: Lesson
    teachers: frozenset[AccountId]
    group_name: str
    location_name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonInContext:
    """A lesson, what its group and location are called, and how many clients it is about.

    `roster`: members on its date, without guests; `unmarked`: those of them without a mark; `marked`: clients
    with a mark, guests among them.
    """

    lesson: Lesson
    group_name: str
    location_name: str
    roster: int
    unmarked: int
    marked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonLabel:
    """What a lesson is called by: the name of its group, its date, and when it starts."""

    group_name: str
    date: date
    starts: time


class Lessons(Repository[Lesson, LessonCriteria], Protocol):
    """Lessons. `add` and `save` raise SlotTaken where a group would have two at one time.

    Sorted by date, starts or created_at.
    """

    @abstractmethod
    def with_teachers(self, lesson_id: LessonId, *, for_update: bool) -> LessonWithTeachers:
        """Return a lesson and who teaches it, in one statement; `for_update` locks the lesson.

        Raises LessonNotFound.
        """

    @abstractmethod
    def in_context(self, lessons: Collection[Lesson]) -> tuple[LessonInContext, ...]:
        """Return these lessons, in the same order, with what is around each; one statement for all.

        Without those that are not stored any more: somebody may have deleted one since it was read.
        """

    @abstractmethod
    def labels_of(self, lesson_ids: Collection[LessonId]) -> Mapping[LessonId, LessonLabel]:
        """Return what those of these lessons that are stored are called by; one statement for all."""

    @abstractmethod
    def of_member(self, client_id: ClientId, since: date, until: date) -> tuple[Lesson, ...]:
        """Return the lessons of groups in which a client is on their date, sorted by date, start, ties by id.

        From `since` to `until` (local dates, both included), cancelled ones too, in one statement.
        """

    @abstractmethod
    def add_all(self, lessons: Collection[Lesson]) -> None:
        """Store all of them or none, in one statement. Raises DuplicateId, SlotTaken."""

    @abstractmethod
    def remove_all(self, lessons: Collection[Lesson]) -> None:
        """Remove these lessons, which are locked and have no marks, in one statement."""

    @abstractmethod
    def of_group_between(self, group_id: GroupId, since: datetime, until: datetime) -> tuple[Lesson, ...]:
        """Return a group's lessons that are on at some instant between two, sorted by start, ties by id.

        Both ends excluded; without cancelled ones.
        """

    @abstractmethod
    def next_of_groups(self, group_ids: Collection[GroupId], at: datetime) -> tuple[Lesson, ...]:
        """Return the first lesson of each group that is not over at the instant `at`, sorted by group.

        The first by start, ties by id; without cancelled ones. One statement.
        """

    @abstractmethod
    def taught_on(self, teacher_ids: Collection[AccountId], dates: Collection[date]) -> tuple[Lesson, ...]:
        """Return the lessons on these local dates that one of these teaches, sorted by start, ties by id.

        By the lessons' own teachers; without cancelled ones. One statement.
        """

    @abstractmethod
    def slots_taken(self, group_id: GroupId, since: date, until: date) -> frozenset[tuple[date, time]]:
        """Return date and start of the group's lessons, and of the places in its schedule they were made for.

        From `since` to `until`, both included.
        """

    @abstractmethod
    def lock_held_dates(self, group_id: GroupId, at: datetime) -> frozenset[date]:
        """Return the dates of the group's lessons that were held by the instant `at`.

        Locks all that have begun: none gets its first mark while rosters are changed.
        """

    @abstractmethod
    def lock_of_group(self, group_id: GroupId, since: date, until: date) -> tuple[Lesson, ...]:
        """Lock the lessons of a group from `since` to `until`, both included; return them sorted by id."""

    @abstractmethod
    def lock_at_location(self, location_id: LocationId, since: date, until: date) -> tuple[Lesson, ...]:
        """Lock the lessons at a location from `since` to `until`, both included; return them sorted by id."""


class ClubRepositories:
    """The repositories of this room."""

    clients: Repository[Client, ClientCriteria]
    contracts: Repository[Contract, ContractCriteria]
    prices: Repository[Price, PriceCriteria]
    locations: Repository[Location, LocationCriteria]
    groups: Repository[Group, GroupCriteria]
    lessons: Lessons
    subscriptions: Subscriptions
    favorites: Favorites
