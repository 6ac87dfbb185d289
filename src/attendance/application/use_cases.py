"""Everything this library can do, in one place: HTTP, the command line and Python callers share it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

from attendance.application.accounts.accounts import EditUser, ListUsers, SearchAccounts, ShowUser
from attendance.application.accounts.email_confirmation import ConfirmEmail, ResendConfirmation
from attendance.application.accounts.first_owner import CreateOwner, FindUser
from attendance.application.accounts.mail_delivery import DispatchMail, ListMail, RetryMail
from attendance.application.accounts.maintenance import RunMaintenance
from attendance.application.accounts.passwords import ChangePassword, RequestPasswordReset, SetPassword
from attendance.application.accounts.registration import InviteUser, Register
from attendance.application.accounts.role_changes import (
    ChangeActive,
    ChangeRole,
    ConfirmRoleChange,
    ListRoleChanges,
    RejectRoleChange,
    ShowRoleChange,
    WithdrawRoleChange,
)
from attendance.application.accounts.sessions import ActorOf, SignIn, SignOut
from attendance.application.attendance.marks import ListMarks
from attendance.application.attendance.sheets import AttendanceHistory, MarkAttendance, ShowSheet
from attendance.application.attendance.visits import VisitsOfClient
from attendance.application.club.clients import AddClient, EditClient, ListClients, OwnClients, ShowClient
from attendance.application.club.contracts import (
    AddContract,
    ContractsOfClient,
    EditContract,
    ListContracts,
    ShowContract,
)
from attendance.application.club.favorites import ReplaceFavorites, ShowFavorites
from attendance.application.club.groups import AddGroup, EditGroup, ListGroups, ShowGroup
from attendance.application.club.lessons import AddLesson, EditLesson, ListLessons, ShowLesson
from attendance.application.club.locations import AddLocation, EditLocation, ListLocations, ShowLocation
from attendance.application.club.prices import AddPrice, EditPrice, ListPrices, ShowPrice
from attendance.application.club.schedules import MakeLessons
from attendance.application.club.subscriptions import (
    EditSubscription,
    ListSubscriptions,
    SellSubscription,
    ShowSubscription,
    SubscriptionsOfClient,
)
from attendance.application.labs.labs import CreateLab, JoinLab, SearchLabs
from attendance.application.labs.marks import (
    DeleteLabAttendance,
    LabAttendanceByDate,
    LabAttendanceHistory,
    MarkLabAttendance,
)
from attendance.application.reporting.calendars import (
    MakeCalendarToken,
    ReaderOfCalendars,
    RevokeCalendarToken,
    ShowGroupCalendar,
    ShowUserCalendar,
)
from attendance.application.reporting.events import ListEvents
from attendance.application.reporting.statistics import ListStatistics, ShowStatistics, ShowStatisticsOf


@dataclass(frozen=True, slots=True, kw_only=True)
class UseCases:
    """One attribute per use case, each called with the actor first and everything else by name."""

    register: Register
    confirm_email: ConfirmEmail
    resend_confirmation: ResendConfirmation
    sign_in: SignIn
    sign_out: SignOut
    actor_of: ActorOf
    change_password: ChangePassword
    request_password_reset: RequestPasswordReset
    set_password: SetPassword
    search_accounts: SearchAccounts
    list_users: ListUsers
    invite_user: InviteUser
    show_user: ShowUser
    edit_user: EditUser
    show_favorites: ShowFavorites
    replace_favorites: ReplaceFavorites
    make_calendar_token: MakeCalendarToken
    revoke_calendar_token: RevokeCalendarToken
    reader_of_calendars: ReaderOfCalendars
    show_user_calendar: ShowUserCalendar
    show_group_calendar: ShowGroupCalendar
    change_role: ChangeRole
    change_active: ChangeActive
    list_role_changes: ListRoleChanges
    show_role_change: ShowRoleChange
    confirm_role_change: ConfirmRoleChange
    reject_role_change: RejectRoleChange
    withdraw_role_change: WithdrawRoleChange
    list_clients: ListClients
    add_client: AddClient
    show_client: ShowClient
    edit_client: EditClient
    own_clients: OwnClients
    contracts_of_client: ContractsOfClient
    list_contracts: ListContracts
    add_contract: AddContract
    show_contract: ShowContract
    edit_contract: EditContract
    list_prices: ListPrices
    add_price: AddPrice
    show_price: ShowPrice
    edit_price: EditPrice
    list_locations: ListLocations
    add_location: AddLocation
    show_location: ShowLocation
    edit_location: EditLocation
    list_groups: ListGroups
    add_group: AddGroup
    show_group: ShowGroup
    edit_group: EditGroup
    list_lessons: ListLessons
    add_lesson: AddLesson
    make_lessons: MakeLessons
    show_lesson: ShowLesson
    edit_lesson: EditLesson
    list_subscriptions: ListSubscriptions
    sell_subscription: SellSubscription
    show_subscription: ShowSubscription
    edit_subscription: EditSubscription
    subscriptions_of_client: SubscriptionsOfClient
    show_sheet: ShowSheet
    mark_attendance: MarkAttendance
    attendance_history: AttendanceHistory
    visits_of_client: VisitsOfClient
    list_marks: ListMarks
    show_statistics: ShowStatistics
    list_statistics: ListStatistics
    show_statistics_of: ShowStatisticsOf
    create_lab: CreateLab
    search_labs: SearchLabs
    join_lab: JoinLab
    mark_lab_attendance: MarkLabAttendance
    lab_attendance_by_date: LabAttendanceByDate
    lab_attendance_history: LabAttendanceHistory
    delete_lab_attendance: DeleteLabAttendance
    list_events: ListEvents
    dispatch_mail: DispatchMail
    list_mail: ListMail
    retry_mail: RetryMail
    create_owner: CreateOwner
    find_user: FindUser
    run_maintenance: RunMaintenance


def use_cases_of(ports: Mapping[str, Any]) -> UseCases:
    """Every use case, each with those of the ports that it names. Raises KeyError for one that is missing."""
    return UseCases(
        **{
            name: use_case(**{port.name: ports[port.name] for port in fields(use_case)})
            for name, use_case in get_type_hints(UseCases).items()
        }
    )
