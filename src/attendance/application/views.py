"""What lists show: rows as they are read, with the number of all there are."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from attendance.domain.contracts import ContractState
from attendance.domain.errors import Fault
from attendance.domain.events import Event
from attendance.domain.ids import AccountId, ClientId, LabId
from attendance.domain.role_changes import State
from attendance.domain.roles import Role
from attendance.domain.status import Status
from attendance.domain.text import require_faultless

LARGEST_PAGE = 1000
LARGEST_OFFSET = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list: at most `limit` items (1 to 1000) after skipping `offset`. Raises Invalid."""

    limit: int = LARGEST_PAGE
    offset: int = 0

    def __post_init__(self) -> None:
        require_faultless(
            None
            if 1 <= self.limit <= LARGEST_PAGE
            else Fault("limit", f"must be a whole number from 1 to {LARGEST_PAGE}"),
            None if 0 <= self.offset <= LARGEST_OFFSET else Fault("offset", "must be a whole number from 0"),
        )


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


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """An event, its place in the log, and the present username of who did it, if an account did."""

    position: int
    event: Event
    actor_username: str | None


@dataclass(frozen=True, slots=True)
class AccountRow:
    id: AccountId
    username: str


@dataclass(frozen=True, slots=True)
class AccountsPage:
    """Some of the accounts that match, and how many match in all."""

    users: tuple[AccountRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class LabRow:
    """A lab with its members in the order in which they joined; the owner is not among them."""

    id: LabId
    owner_id: AccountId
    name: str
    description: str
    member_ids: tuple[AccountId, ...]


@dataclass(frozen=True, slots=True)
class LabsPage:
    """Some of the labs that match, and how many match in all."""

    labs: tuple[LabRow, ...]
    total: int


@dataclass(frozen=True, slots=True)
class LabSheetRow:
    user_id: AccountId
    username: str
    status: Status
    note: str


@dataclass(frozen=True, slots=True)
class LabSheet:
    """The marks of one lab on one date, by username."""

    lab_id: LabId
    owner_id: AccountId
    date: date
    attendances: tuple[LabSheetRow, ...]


@dataclass(frozen=True, slots=True)
class LabHistoryRow:
    date: date
    status: Status
    note: str


@dataclass(frozen=True, slots=True)
class LabHistory:
    """One user's marks in one lab, by date."""

    lab_id: LabId
    user_id: AccountId
    username: str
    attendances: tuple[LabHistoryRow, ...]
