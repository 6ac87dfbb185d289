"""What somebody may bring: the ports, the read models they answer with, and what a store is built from.

`attendance.Adapters` takes an implementation of `Clock`, `NewId`, `Notifier`, `Hasher` and `Store`; a store
of one's own is held to its contract by `attendance.testing.StoreContract`. `JoinableStore` is a base for one
that says how its units of work begin, and gets the rest: which may begin, and which join another.
"""

from attendance.adapters.units_of_work import Ambient as Ambient, JoinableStore as JoinableStore
from attendance.application.accounts.read_models import (
    ClientOfUser as ClientOfUser,
    InvitationDetails as InvitationDetails,
    PermissionsDetails as PermissionsDetails,
    RoleChangeDetails as RoleChangeDetails,
    SessionDetails as SessionDetails,
    StartedSession as StartedSession,
    UserDetails as UserDetails,
    Visitor as Visitor,
)
from attendance.application.attendance.read_models import (
    AbsenceDetails as AbsenceDetails,
    MarkDetails as MarkDetails,
    SheetDetails as SheetDetails,
    VisitDetails as VisitDetails,
    VisitsDetails as VisitsDetails,
)
from attendance.application.attendance.visits import UnpaidVisit as UnpaidVisit
from attendance.application.club.clients import ClientDetails as ClientDetails
from attendance.application.club.contracts import ContractDetails as ContractDetails
from attendance.application.club.freezing import (
    FrozenSubscriptions as FrozenSubscriptions,
    LaterPass as LaterPass,
    OverlappingSubscription as OverlappingSubscription,
    SkippedSubscription as SkippedSubscription,
)
from attendance.application.club.groups import GroupDetails as GroupDetails
from attendance.application.club.lessons import (
    ChangedLessonDetails as ChangedLessonDetails,
    LessonDetails as LessonDetails,
)
from attendance.application.club.overlaps import (
    LessonWarning as LessonWarning,
    LessonWarningCode as LessonWarningCode,
)
from attendance.application.club.prices import PriceDetails as PriceDetails
from attendance.application.club.schedules import (
    MadeLessons as MadeLessons,
    SkippedSlot as SkippedSlot,
    WhySkipped as WhySkipped,
)
from attendance.application.club.subscriptions import SubscriptionDetails as SubscriptionDetails
from attendance.application.club.timetables.listing import LessonInContextDetails as LessonInContextDetails
from attendance.application.club.timetables.of_client import (
    GroupOfClientDetails as GroupOfClientDetails,
    LessonOfClientDetails as LessonOfClientDetails,
)
from attendance.application.club.timetables.overviews import (
    GroupOverview as GroupOverview,
    TeacherDetails as TeacherDetails,
)
from attendance.application.club.timetables.rosters import (
    GroupTeacher as GroupTeacher,
    RosterDetails as RosterDetails,
    RosterEntry as RosterEntry,
)
from attendance.application.forms.listing import Listed as Listed
from attendance.application.labs.read_models import LabView as LabView
from attendance.application.pagination import (
    NumberedPage as NumberedPage,
    Page as Page,
    PageRequest as PageRequest,
    SortKey as SortKey,
)
from attendance.application.ports.accounts import (
    ACCOUNTS as ACCOUNTS,
    ROLE_CHANGES as ROLE_CHANGES,
    AccountRow as AccountRow,
    Accounts as Accounts,
    AccountsPage as AccountsPage,
    AccountsRepositories as AccountsRepositories,
    Backlog as Backlog,
    KeptAnswers as KeptAnswers,
    Links as Links,
    Outbox as Outbox,
    RateLimitWindows as RateLimitWindows,
    RoleChangeCriteria as RoleChangeCriteria,
    RoleChanges as RoleChanges,
    Sessions as Sessions,
    SignedIn as SignedIn,
    SignInAddresses as SignInAddresses,
    UserCriteria as UserCriteria,
)
from attendance.application.ports.attendance import (
    Attendance as Attendance,
    MarkCriteria as MarkCriteria,
    MarkRow as MarkRow,
    Marks as Marks,
    Payer as Payer,
    SheetEntry as SheetEntry,
    UnpaidMark as UnpaidMark,
    VisitCriteria as VisitCriteria,
    VisitRow as VisitRow,
    VisitsSummary as VisitsSummary,
)
from attendance.application.ports.club import (
    CLIENTS as CLIENTS,
    CONTRACTS as CONTRACTS,
    GROUPS as GROUPS,
    LESSONS as LESSONS,
    LOCATIONS as LOCATIONS,
    PRICES as PRICES,
    SUBSCRIPTIONS as SUBSCRIPTIONS,
    ClientCriteria as ClientCriteria,
    ClubRepositories as ClubRepositories,
    ContractCriteria as ContractCriteria,
    Favorites as Favorites,
    GroupCriteria as GroupCriteria,
    LessonCriteria as LessonCriteria,
    LessonInContext as LessonInContext,
    LessonLabel as LessonLabel,
    Lessons as Lessons,
    LessonWithTeachers as LessonWithTeachers,
    LocationCriteria as LocationCriteria,
    PriceCriteria as PriceCriteria,
    SubscriptionCriteria as SubscriptionCriteria,
    Subscriptions as Subscriptions,
)
from attendance.application.ports.events import (
    EventCriteria as EventCriteria,
    Events as Events,
    LoggedEvent as LoggedEvent,
    LogStretch as LogStretch,
)
from attendance.application.ports.labs import (
    LabAttendance as LabAttendance,
    LabDetails as LabDetails,
    LabHistory as LabHistory,
    LabHistoryRow as LabHistoryRow,
    LabMemberRow as LabMemberRow,
    LabRow as LabRow,
    Labs as Labs,
    LabSheet as LabSheet,
    LabSheetRow as LabSheetRow,
    LabsPage as LabsPage,
    OwnLabRow as OwnLabRow,
)
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
from attendance.application.reporting.calendars import MadeCalendarToken as MadeCalendarToken
from attendance.application.reporting.events import LessonOfEvent as LessonOfEvent
from attendance.application.reporting.figures import (
    Overview as Overview,
    StatisticsList as StatisticsList,
    StatisticsOfOne as StatisticsOfOne,
    StatisticsRow as StatisticsRow,
)
from attendance.application.reporting.passes import (
    EndingPassDetails as EndingPassDetails,
    SaleDetails as SaleDetails,
    SalesList as SalesList,
    SalesOfPrice as SalesOfPrice,
    UnpaidList as UnpaidList,
)
from attendance.domain.accounts import role_changes as _role_changes
from attendance.domain.accounts.kept_answers import KeptAnswer as KeptAnswer
from attendance.domain.accounts.links import Link as Link, Purpose as Purpose
from attendance.domain.accounts.mail import Mail as Mail, MailKind as MailKind, MailState as MailState
from attendance.domain.accounts.rate_limits import RateLimitWindow as RateLimitWindow
from attendance.domain.accounts.role_changes import State as State
from attendance.domain.accounts.sessions import (
    Session as Session,
    SessionLifetime as SessionLifetime,
    SessionLifetimes as SessionLifetimes,
)
from attendance.domain.attendance.absences import AbsenceChanges as AbsenceChanges
from attendance.domain.attendance.marks import Changed as Changed
from attendance.domain.attendance.payers import CoveringPass as CoveringPass
from attendance.domain.club.clients import ClientChanges as ClientChanges
from attendance.domain.club.contracts import (
    ContractChanges as ContractChanges,
    ContractState as ContractState,
)
from attendance.domain.club.groups import GroupChanges as GroupChanges
from attendance.domain.club.lessons import LessonChanges as LessonChanges, Scheduled as Scheduled
from attendance.domain.club.locations import LocationChanges as LocationChanges
from attendance.domain.club.prices import PriceChanges as PriceChanges
from attendance.domain.club.subscriptions import SubscriptionChanges as SubscriptionChanges
from attendance.domain.events import Action as Action, Event as Event, SubjectKind as SubjectKind
from attendance.domain.labs.labs import Lab as Lab, Membership as Membership
from attendance.domain.labs.marks import LabPlace as LabPlace
from attendance.domain.reporting import statistics as _statistics
from attendance.domain.reporting.at_risk import (
    AtRisk as AtRisk,
    AtRiskCandidate as AtRiskCandidate,
    Reason as Reason,
    Rule as Rule,
)
from attendance.domain.reporting.calendars import (
    Calendar as Calendar,
    CalendarEntry as CalendarEntry,
    CalendarToken as CalendarToken,
)
from attendance.domain.reporting.ending_passes import Ending as Ending
from attendance.domain.reporting.statistics import (
    Bucket as Bucket,
    Counts as Counts,
    Figures as Figures,
    Trend as Trend,
)
from attendance.entrypoints.closing import Closed as Closed

RoleChangeKind = _role_changes.Kind
RoleChangeDecision = _role_changes.Decision
LessonFigures = _statistics.Lessons
