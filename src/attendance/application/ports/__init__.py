"""What the use cases need from the outside world.

Adapters inherit these protocols, so that a missing method is an error when they are made. Every method of a
store may raise `Unavailable` (nothing was changed, try later) and `Contended`.
"""

from attendance.application.ports.accounts import (
    Accounts,
    Links,
    Outbox,
    RateLimitWindows,
    RoleChanges,
    Sessions,
    SignedIn,
)
from attendance.application.ports.attendance import Attendance, Marks, UnpaidMark
from attendance.application.ports.club import Favorites, Lessons, LessonWithTeachers, Subscriptions
from attendance.application.ports.events import Events
from attendance.application.ports.labs import LabAttendance, Labs
from attendance.application.ports.reporting import (
    Calendars,
    GroupAsTaught,
    Kind,
    Range,
    Statistics,
    TokenHolder,
)
from attendance.application.ports.repository import Repository
from attendance.application.ports.services import (
    Clock,
    EmailAddresses,
    Hasher,
    NewId,
    NewToken,
    NoNotifier,
    Notifier,
    NotSent,
    RunInBackground,
    Today,
    Tokens,
    TokenSubject,
    Usernames,
    Zones,
)
from attendance.application.ports.store import Contended, DuplicateId, NestedUnitOfWork, Store, UnitOfWork

__all__ = [
    "Accounts",
    "Attendance",
    "Calendars",
    "Clock",
    "Contended",
    "DuplicateId",
    "EmailAddresses",
    "Events",
    "Favorites",
    "GroupAsTaught",
    "Hasher",
    "Kind",
    "LabAttendance",
    "Labs",
    "LessonWithTeachers",
    "Lessons",
    "Links",
    "Marks",
    "NestedUnitOfWork",
    "NewId",
    "NewToken",
    "NoNotifier",
    "NotSent",
    "Notifier",
    "Outbox",
    "Range",
    "RateLimitWindows",
    "Repository",
    "RoleChanges",
    "RunInBackground",
    "Sessions",
    "SignedIn",
    "Statistics",
    "Store",
    "Subscriptions",
    "Today",
    "TokenHolder",
    "TokenSubject",
    "Tokens",
    "UnitOfWork",
    "UnpaidMark",
    "Usernames",
    "Zones",
]
