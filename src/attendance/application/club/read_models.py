"""What the use cases of the club return: what this actor may see of a record, with its state at this moment.

They stand with the use cases, not with the ports: a store knows nothing of actors and clocks, so no port
returns them. What they have in common with the stored entities is declared once, with the entity
(`ClientFields`, ...). A location and favorites have nothing to hide and nothing to derive: the entity itself
is returned.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from uuid import UUID

from attendance.application.forms.read_models import read_model
from attendance.application.ports.club import LessonInContext
from attendance.domain.attendance.marks import Mark, is_announced
from attendance.domain.attendance.status import Status
from attendance.domain.club.clients import Client, ClientFields
from attendance.domain.club.contracts import Contract, ContractFields, ContractState
from attendance.domain.club.groups import Group, GroupFields, GroupMembership, Slot
from attendance.domain.club.lessons import Lesson, LessonFields, LessonState
from attendance.domain.club.prices import Price, PriceFields
from attendance.domain.club.subscriptions import Subscription, SubscriptionFields, SubscriptionState
from attendance.domain.ids import AccountId, GroupId, LessonId, LocationId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.policy import sees_all_prices, sees_members, sees_notes


def hidden_notes(actor: Actor) -> tuple[str, ...]:
    """The fields of a client and of a contract that the actor may not see."""
    return () if sees_notes(actor) else ("notes",)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientDetails(ClientFields):
    """A client; `notes` are None for parents."""

    notes: str | None

    @classmethod
    def of(cls, client: Client, actor: Actor) -> "ClientDetails":
        return read_model(cls, client, hidden_notes(actor))


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractDetails(ContractFields):
    """A contract and its state today; `notes` are None for parents."""

    notes: str | None
    state: ContractState

    @classmethod
    def of(cls, contract: Contract, actor: Actor, today: date) -> "ContractDetails":
        return read_model(cls, contract, hidden_notes(actor), state=contract.state(today))


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceDetails(PriceFields):
    """A price; `notes` are None for whoever may not edit prices."""

    notes: str | None

    @classmethod
    def of(cls, price: Price, actor: Actor | None) -> "PriceDetails":
        return read_model(cls, price, cls.hidden(actor))

    @staticmethod
    def hidden(actor: Actor | None) -> tuple[str, ...]:
        return () if sees_all_prices(actor) else ("notes",)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupDetails(GroupFields):
    """A group; `members` are None for whoever does not work here."""

    members: tuple[GroupMembership, ...] | None

    @classmethod
    def of(cls, group: Group, actor: Actor) -> "GroupDetails":
        return read_model(cls, group, cls.hidden(actor))

    @staticmethod
    def hidden(actor: Actor) -> tuple[str, ...]:
        return () if sees_members(actor) else ("members",)


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonDetails(LessonFields):
    """A lesson and its state now."""

    state: LessonState

    @classmethod
    def of(cls, lesson: Lesson, now: datetime) -> "LessonDetails":
        return read_model(cls, lesson, state=lesson.state(at=now))


class LessonWarningCode(StrEnum):
    """What somebody may want to know of a lesson that was added or edited."""

    TEACHER_ELSEWHERE = "teacher_elsewhere"


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonWarning:
    """A teacher of a lesson teaches another one at the same time."""

    code: LessonWarningCode
    lesson_id: LessonId
    user_id: AccountId
    with_lesson_id: LessonId


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedLessonDetails(LessonDetails):
    """A lesson that was added or edited, and its state now; `warnings` by teacher and the other's start."""

    warnings: tuple[LessonWarning, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonInContextDetails(LessonDetails):
    """A lesson among those of all groups, with what its group and location are called.

    `roster`: how many clients are its group's members on its date, without guests; `marked`: how many clients
    have a mark, guests among them. Both are None for whoever does not work here.
    """

    group_name: str
    location_name: str
    roster: int | None
    marked: int | None

    @classmethod
    def of_context(cls, context: LessonInContext, actor: Actor, now: datetime) -> "LessonInContextDetails":
        sees_numbers = sees_members(actor)
        return read_model(
            cls,
            context.lesson,
            state=context.lesson.state(at=now),
            group_name=context.group_name,
            location_name=context.location_name,
            roster=context.roster if sees_numbers else None,
            marked=context.marked if sees_numbers else None,
        )

    @staticmethod
    def hidden(actor: Actor) -> tuple[str, ...]:
        return () if sees_members(actor) else ("roster", "marked")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupOfClientDetails:
    """A client's membership in a group, from `since` to `until`, both included; `until` None: open end.

    `teachers` are the names of who teaches the group today, or on the day of the membership nearest to it, by
    name; of somebody without a name the username.
    """

    group_id: GroupId
    name: str
    location_id: LocationId
    location_name: str
    since: date
    until: date | None
    teachers: tuple[str, ...]
    schedule: tuple[Slot, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonOfClientDetails(LessonDetails):
    """A lesson of a group that a client is in on its date, and what is marked of the client in it.

    `status` None: not marked. `announced`: the client's own accounts have announced the absence.
    """

    group_name: str
    location_name: str
    status: Status | None
    announced: bool

    @classmethod
    def of_client(
        cls, lesson: Lesson, mark: Mark | None, names: Mapping[UUID, str], now: datetime
    ) -> "LessonOfClientDetails":
        """`names`: those of groups and locations, by their ids."""
        return read_model(
            cls,
            lesson,
            state=lesson.state(at=now),
            group_name=names[lesson.group_id],
            location_name=names[lesson.location_id],
            status=mark.status if mark else None,
            announced=is_announced(mark),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionDetails(SubscriptionFields):
    """A subscription and its state today.

    `amount_due`: the amount less the discount. `visits_left` None: any number. `valid_until`: the last day it
    runs, freezes included, were it not cancelled; None: open end.
    """

    amount_due: Decimal
    visits_left: int | None
    valid_until: date | None
    state: SubscriptionState

    @classmethod
    def of(cls, subscription: Subscription, today: date) -> "SubscriptionDetails":
        return read_model(cls, subscription, state=subscription.state(today))
