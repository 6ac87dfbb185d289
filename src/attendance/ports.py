"""What somebody may bring: the ports, the read models they answer with, and what a store is built from.

`attendance.Adapters` takes an implementation of `Clock`, `NewId`, `Notifier`, `Hasher` and `Store`; a store
of one's own is held to its contract by `attendance.testing.StoreContract`. `JoinableStore` is a base for one
that says how its units of work begin, and gets the rest: which may begin, and which join another.
"""

from attendance.adapters.units_of_work import (
    Ambient,
    JoinableStore,
)
from attendance.application.accounts.read_models import (
    ClientOfUser,
    RoleChangeDetails,
    UserDetails,
)
from attendance.application.attendance.read_models import (
    MarkDetails,
    SheetDetails,
    VisitDetails,
    VisitsDetails,
)
from attendance.application.club.read_models import (
    ClientDetails,
    ContractDetails,
    GroupDetails,
    LessonDetails,
    PriceDetails,
    SubscriptionDetails,
)
from attendance.application.club.schedules import (
    MadeLessons,
)
from attendance.application.forms.listing import (
    Listed,
)
from attendance.application.pagination import (
    Page,
    PageRequest,
    SortKey,
)
from attendance.application.ports.accounts import (
    AccountRow,
    Accounts,
    AccountsPage,
    Links,
    Outbox,
    RateLimitWindows,
    RoleChangeCriteria,
    RoleChanges,
    Sessions,
    SignedIn,
    UserCriteria,
)
from attendance.application.ports.attendance import (
    Attendance,
    MarkCriteria,
    MarkRow,
    Marks,
    Sheet,
    SheetEntry,
    UnpaidMark,
    VisitCriteria,
    VisitRow,
    VisitsSummary,
)
from attendance.application.ports.club import (
    ClientCriteria,
    ContractCriteria,
    Favorites,
    GroupCriteria,
    LessonCriteria,
    Lessons,
    LessonWithTeachers,
    LocationCriteria,
    PriceCriteria,
    SubscriptionCriteria,
    Subscriptions,
)
from attendance.application.ports.events import (
    EventCriteria,
    Events,
    LoggedEvent,
)
from attendance.application.ports.labs import (
    LabAttendance,
    LabHistory,
    LabHistoryRow,
    LabRow,
    Labs,
    LabSheet,
    LabSheetRow,
    LabsPage,
)
from attendance.application.ports.reporting import (
    Calendars,
    GroupAsTaught,
    Kind,
    Range,
    Statistics,
    TokenHolder,
)
from attendance.application.ports.repository import (
    Repository,
)
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
from attendance.application.ports.store import (
    Contended,
    DuplicateId,
    NestedUnitOfWork,
    Store,
    UnitOfWork,
)
from attendance.application.reporting.calendars import (
    MadeCalendarToken,
)
from attendance.application.reporting.figures import (
    Overview,
    StatisticsList,
    StatisticsOfOne,
    StatisticsRow,
)
from attendance.domain.accounts.links import (
    Link,
    Purpose,
)
from attendance.domain.accounts.mail import (
    Mail,
    MailKind,
    MailState,
)
from attendance.domain.accounts.rate_limits import (
    RateLimitWindow,
)
from attendance.domain.accounts.role_changes import Kind as RoleChangeKind
from attendance.domain.accounts.role_changes import (
    State,
)
from attendance.domain.accounts.sessions import (
    Session,
)
from attendance.domain.attendance.marks import (
    Changed,
)
from attendance.domain.club.clients import (
    ClientChanges,
)
from attendance.domain.club.contracts import (
    ContractChanges,
    ContractState,
)
from attendance.domain.club.groups import (
    GroupChanges,
)
from attendance.domain.club.lessons import (
    LessonChanges,
    Scheduled,
)
from attendance.domain.club.locations import (
    LocationChanges,
)
from attendance.domain.club.prices import (
    PriceChanges,
)
from attendance.domain.club.subscriptions import (
    SubscriptionChanges,
)
from attendance.domain.events import (
    Action,
    Event,
)
from attendance.domain.labs.labs import (
    Lab,
    Membership,
)
from attendance.domain.labs.marks import (
    LabPlace,
)
from attendance.domain.reporting.at_risk import (
    AtRisk,
    AtRiskCandidate,
    Reason,
    Rule,
)
from attendance.domain.reporting.calendars import (
    Calendar,
    CalendarEntry,
    CalendarToken,
)
from attendance.domain.reporting.statistics import (
    Bucket,
    Counts,
    Figures,
    Trend,
)
from attendance.domain.reporting.statistics import Lessons as LessonFigures
from attendance.entrypoints.closing import (
    Closed,
)

__all__ = [
    "AccountRow",
    "Accounts",
    "AccountsPage",
    "Action",
    "Ambient",
    "AtRisk",
    "AtRiskCandidate",
    "Attendance",
    "Bucket",
    "Calendar",
    "CalendarEntry",
    "CalendarToken",
    "Calendars",
    "Changed",
    "ClientChanges",
    "ClientCriteria",
    "ClientDetails",
    "ClientOfUser",
    "Clock",
    "Closed",
    "Contended",
    "ContractChanges",
    "ContractCriteria",
    "ContractDetails",
    "ContractState",
    "Counts",
    "DuplicateId",
    "EmailAddresses",
    "Event",
    "EventCriteria",
    "Events",
    "Favorites",
    "Figures",
    "GroupAsTaught",
    "GroupChanges",
    "GroupCriteria",
    "GroupDetails",
    "Hasher",
    "JoinableStore",
    "Kind",
    "Lab",
    "LabAttendance",
    "LabHistory",
    "LabHistoryRow",
    "LabPlace",
    "LabRow",
    "LabSheet",
    "LabSheetRow",
    "Labs",
    "LabsPage",
    "LessonChanges",
    "LessonCriteria",
    "LessonDetails",
    "LessonFigures",
    "LessonWithTeachers",
    "Lessons",
    "Link",
    "Links",
    "Listed",
    "LocationChanges",
    "LocationCriteria",
    "LoggedEvent",
    "MadeCalendarToken",
    "MadeLessons",
    "Mail",
    "MailKind",
    "MailState",
    "MarkCriteria",
    "MarkDetails",
    "MarkRow",
    "Marks",
    "Membership",
    "NestedUnitOfWork",
    "NewId",
    "NewToken",
    "NoNotifier",
    "NotSent",
    "Notifier",
    "Outbox",
    "Overview",
    "Page",
    "PageRequest",
    "PriceChanges",
    "PriceCriteria",
    "PriceDetails",
    "Purpose",
    "Range",
    "RateLimitWindow",
    "RateLimitWindows",
    "Reason",
    "Repository",
    "RoleChangeCriteria",
    "RoleChangeDetails",
    "RoleChangeKind",
    "RoleChanges",
    "Rule",
    "RunInBackground",
    "Scheduled",
    "Session",
    "Sessions",
    "Sheet",
    "SheetDetails",
    "SheetEntry",
    "SignedIn",
    "SortKey",
    "State",
    "Statistics",
    "StatisticsList",
    "StatisticsOfOne",
    "StatisticsRow",
    "Store",
    "SubscriptionChanges",
    "SubscriptionCriteria",
    "SubscriptionDetails",
    "Subscriptions",
    "Today",
    "TokenHolder",
    "TokenSubject",
    "Tokens",
    "Trend",
    "UnitOfWork",
    "UnpaidMark",
    "UserCriteria",
    "UserDetails",
    "Usernames",
    "VisitCriteria",
    "VisitDetails",
    "VisitRow",
    "VisitsDetails",
    "VisitsSummary",
    "Zones",
]
