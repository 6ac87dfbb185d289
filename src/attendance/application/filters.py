"""Which of what is stored a list shows."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from attendance.domain.contracts import ContractState
from attendance.domain.ids import AccountId, ClientId, ContractId, GroupId
from attendance.domain.lessons import LessonState
from attendance.domain.role_changes import State
from attendance.domain.roles import Role
from attendance.domain.subscriptions import SubscriptionState


@dataclass(frozen=True, slots=True, kw_only=True)
class UserFilter:
    """`part` (folded) of the username or name; None: any."""

    part: str = ""
    role: Role | None = None
    active: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientFilter:
    """`part` (folded) of the name or the guardian's name, `user_id` who reads it as its own; None: any."""

    part: str = ""
    active: bool | None = None
    user_id: AccountId | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFilter:
    """By the state on a date; None: any."""

    on: date
    client_id: ClientId | None = None
    state: ContractState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceFilter:
    """Those on sale on a date; None: all."""

    on_sale_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LocationFilter:
    active: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupFilter:
    """All groups."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonFilter:
    """Of a group, by date (both ends included) and by the state at a moment; None: any."""

    group_id: GroupId
    at: datetime
    since: date | None = None
    until: date | None = None
    state: LessonState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionFilter:
    """By the state on a date; None: any."""

    on: date
    client_id: ClientId | None = None
    contract_id: ContractId | None = None
    state: SubscriptionState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RoleChangeFilter:
    """By what they are at a moment, whether or not it was noted; None: any."""

    at: datetime
    state: State | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFilter:
    """From `since` to just before `until`; None: any."""

    subject_id: UUID | None = None
    actor_id: AccountId | None = None
    action: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitFilter:
    """Of a client, by date, both ends included; None: any."""

    client_id: ClientId
    since: date | None = None
    until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkFilter:
    """Of groups, in lessons that somebody teaches, by date, both ends included; None: any."""

    group_ids: frozenset[GroupId] | None = None
    taught_by: AccountId | None = None
    since: date | None = None
    until: date | None = None
