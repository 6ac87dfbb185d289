"""Every refusal of a use case by its name; docs/errors.md says what each means.

Made from the code by `python tools/error_codes.py`.
"""

from attendance.application.accounts.email_confirmation import NothingToConfirm as NothingToConfirm
from attendance.application.accounts.first_owner import OwnerExists as OwnerExists
from attendance.application.accounts.registration import RegistrationByInvitation as RegistrationByInvitation
from attendance.domain.accounts.accounts import (
    EmailTaken as EmailTaken,
    InvalidCredentials as InvalidCredentials,
    NotInvited as NotInvited,
    UsernameTaken as UsernameTaken,
    UserNotFound as UserNotFound,
)
from attendance.domain.accounts.kept_answers import (
    AnswerTooLarge as AnswerTooLarge,
    IdempotencyKeyInUse as IdempotencyKeyInUse,
    IdempotencyKeyReused as IdempotencyKeyReused,
)
from attendance.domain.accounts.links import (
    Gone as Gone,
    InvalidConfirmationToken as InvalidConfirmationToken,
    InvalidResetToken as InvalidResetToken,
)
from attendance.domain.accounts.mail import MailNotFound as MailNotFound
from attendance.domain.accounts.passwords import WrongPassword as WrongPassword
from attendance.domain.accounts.rate_limits import LimitReached as LimitReached
from attendance.domain.accounts.role_changes import (
    LastOwner as LastOwner,
    NotAwaiting as NotAwaiting,
    NotConfirmedAndActive as NotConfirmedAndActive,
    RoleChangeAwaits as RoleChangeAwaits,
    RoleChangeNotFound as RoleChangeNotFound,
)
from attendance.domain.accounts.sessions import (
    InvalidToken as InvalidToken,
    SessionExpired as SessionExpired,
    SessionNotFound as SessionNotFound,
)
from attendance.domain.attendance.absences import (
    AlreadyMarked as AlreadyMarked,
    LessonBegun as LessonBegun,
    NotOnRoster as NotOnRoster,
)
from attendance.domain.attendance.charging import NoCandidate as NoCandidate, WeekFull as WeekFull
from attendance.domain.club.clients import ClientArchived as ClientArchived, ClientNotFound as ClientNotFound
from attendance.domain.club.contracts import ContractNotFound as ContractNotFound, NumberTaken as NumberTaken
from attendance.domain.club.groups import (
    AlreadyInGroup as AlreadyInGroup,
    GroupFull as GroupFull,
    GroupNotFound as GroupNotFound,
    HeldRosterChanges as HeldRosterChanges,
    MembershipNotFound as MembershipNotFound,
    OutsideGroup as OutsideGroup,
    RosterHeld as RosterHeld,
)
from attendance.domain.club.lessons import (
    AttendedLesson as AttendedLesson,
    LessonCancelled as LessonCancelled,
    LessonMarked as LessonMarked,
    LessonNotFound as LessonNotFound,
    LessonsOverlap as LessonsOverlap,
    LessonsPlanned as LessonsPlanned,
    SlotTaken as SlotTaken,
    TooLate as TooLate,
)
from attendance.domain.club.locations import (
    AddressTaken as AddressTaken,
    LocationNotFound as LocationNotFound,
)
from attendance.domain.club.prices import NotOnSale as NotOnSale, PriceNotFound as PriceNotFound
from attendance.domain.club.renewals import CurrentHasNoEnd as CurrentHasNoEnd
from attendance.domain.club.subscriptions import (
    DiscountForbidden as DiscountForbidden,
    FreezeAfterEnd as FreezeAfterEnd,
    FreezeBeforeStart as FreezeBeforeStart,
    FreezesOverlap as FreezesOverlap,
    OthersContract as OthersContract,
    OutsideFreeze as OutsideFreeze,
    SoldTooLongAgo as SoldTooLongAgo,
    SubscriptionNotFound as SubscriptionNotFound,
    VisitsOutside as VisitsOutside,
)
from attendance.domain.errors import (
    AttendanceError as AttendanceError,
    Conflict as Conflict,
    Forbidden as Forbidden,
    Invalid as Invalid,
    NotFound as NotFound,
    Outdated as Outdated,
    Unauthenticated as Unauthenticated,
    Unavailable as Unavailable,
    Unprocessable as Unprocessable,
)
from attendance.domain.labs.labs import AlreadyMember as AlreadyMember, LabNotFound as LabNotFound
from attendance.domain.labs.marks import (
    AttendanceNotFound as AttendanceNotFound,
    LabOrUserNotFound as LabOrUserNotFound,
    NotAMember as NotAMember,
    OnlyOwnerDeletes as OnlyOwnerDeletes,
    OnlyOwnerManages as OnlyOwnerManages,
    OnlyOwnerViews as OnlyOwnerViews,
)
