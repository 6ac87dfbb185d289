"""What the use cases need from the outside world.

Adapters inherit these protocols, so that a missing method is an error when they are made. Every method of a
store may raise `Unavailable` (nothing was changed, try later) and `Contended`.
"""

from attendance.application.ports.accounts import (
    Accounts as Accounts,
    Backlog as Backlog,
    KeptAnswers as KeptAnswers,
    Links as Links,
    Outbox as Outbox,
    RateLimitWindows as RateLimitWindows,
    RoleChanges as RoleChanges,
    Sessions as Sessions,
    SignedIn as SignedIn,
    SignInAddresses as SignInAddresses,
)
from attendance.application.ports.attendance import (
    Attendance as Attendance,
    Marks as Marks,
    UnpaidMark as UnpaidMark,
)
from attendance.application.ports.club import (
    Favorites as Favorites,
    Lessons as Lessons,
    LessonWithTeachers as LessonWithTeachers,
    Subscriptions as Subscriptions,
)
from attendance.application.ports.events import Events as Events
from attendance.application.ports.labs import LabAttendance as LabAttendance, Labs as Labs
from attendance.application.ports.reporting import (
    Calendars as Calendars,
    Employee as Employee,
    GroupAsTaught as GroupAsTaught,
    Kind as Kind,
    PassOfClient as PassOfClient,
    Statistics as Statistics,
    StatisticsCriteria as StatisticsCriteria,
    TokenHolder as TokenHolder,
    UnpaidOfClient as UnpaidOfClient,
)
from attendance.application.ports.repository import (
    Repository as Repository,
    Resource as Resource,
    Unique as Unique,
)
from attendance.application.ports.services import (
    Clock as Clock,
    EmailAddresses as EmailAddresses,
    Hasher as Hasher,
    NewId as NewId,
    NewToken as NewToken,
    NoNotifier as NoNotifier,
    Notifier as Notifier,
    NotSent as NotSent,
    RunInBackground as RunInBackground,
    Today as Today,
    Tokens as Tokens,
    TokenSubject as TokenSubject,
    Usernames as Usernames,
    Zones as Zones,
)
from attendance.application.ports.store import (
    RESOURCES as RESOURCES,
    Contended as Contended,
    DuplicateId as DuplicateId,
    LeftElsewhere as LeftElsewhere,
    NestedUnitOfWork as NestedUnitOfWork,
    Store as Store,
    UnitOfWork as UnitOfWork,
)
