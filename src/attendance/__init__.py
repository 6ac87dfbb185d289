"""Attendance that is right: who was there, who said so, and the whole history of each mark.

    >>> from attendance import open_attendance
    >>> with open_attendance("memory") as attendance:
    ...     ada = attendance.register(username="ada", password="correct horse battery")

`open_attendance` gives the use cases (`help(UseCases)` lists them); every refusal is an `AttendanceError`,
and `attendance.errors` has them all by name. `attendance.ports` holds what somebody may bring,
`attendance.testing` what helps to test with it, and docs/library.md shows how it is all used.
"""

from typing import TYPE_CHECKING, Any

from attendance.application.use_cases import UseCases
from attendance.domain.accounts.accounts import Account, Language
from attendance.domain.accounts.links import Gone
from attendance.domain.accounts.rate_limits import LimitReached
from attendance.domain.accounts.role_changes import RoleChange
from attendance.domain.attendance.charging import Charge
from attendance.domain.attendance.marks import Mark, SentMark
from attendance.domain.attendance.status import Status
from attendance.domain.club.clients import Client
from attendance.domain.club.contracts import Contract
from attendance.domain.club.favorites import Favorites
from attendance.domain.club.groups import Group, GroupMembership, Slot, Teaching
from attendance.domain.club.lessons import Lesson, LessonState
from attendance.domain.club.locations import Closure, Location
from attendance.domain.club.prices import Price
from attendance.domain.club.renewals import Start
from attendance.domain.club.subscriptions import Freeze, Subscription, SubscriptionState
from attendance.domain.errors import (
    AttendanceError,
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    NotFound,
    Outdated,
    Unauthenticated,
    Unavailable,
)
from attendance.domain.ids import (
    AccountId,
    ClientId,
    ContractId,
    GroupId,
    LabId,
    LabMarkId,
    LessonId,
    LocationId,
    MailId,
    PriceId,
    RoleChangeId,
    SessionId,
    SubscriptionId,
)
from attendance.domain.labs.marks import LabEntry, LabMark
from attendance.domain.permissions.actor import OPERATOR, Actor
from attendance.domain.permissions.roles import Level, Role
from attendance.entrypoints.adapters import Adapters
from attendance.entrypoints.library import SettingsDict, open_attendance

__all__ = [
    "OPERATOR",
    "Account",
    "AccountId",
    "Actor",
    "Adapters",
    "AttendanceError",
    "Charge",
    "Client",
    "ClientId",
    "Closure",
    "Conflict",
    "Contract",
    "ContractId",
    "Favorites",
    "FieldError",
    "Forbidden",
    "Freeze",
    "Gone",
    "Group",
    "GroupId",
    "GroupMembership",
    "Invalid",
    "LabEntry",
    "LabId",
    "LabMark",
    "LabMarkId",
    "Language",
    "Lesson",
    "LessonId",
    "LessonState",
    "Level",
    "LimitReached",
    "Location",
    "LocationId",
    "MailId",
    "Mark",
    "NotFound",
    "Outdated",
    "Price",
    "PriceId",
    "Role",
    "RoleChange",
    "RoleChangeId",
    "SentMark",
    "SessionId",
    "SettingsDict",
    "Slot",
    "Start",
    "Status",
    "Subscription",
    "SubscriptionId",
    "SubscriptionState",
    "Teaching",
    "Unauthenticated",
    "Unavailable",
    "UseCases",
    "__version__",
    "open_attendance",
]

if TYPE_CHECKING:
    __version__: str


def __getattr__(name: str) -> Any:
    if name == "__version__":
        # only here: reading what is installed takes longer than all of the above
        from importlib.metadata import version

        return version("attendance")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
