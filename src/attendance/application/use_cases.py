"""Everything this library can do, in one place: HTTP, the command line and Python callers share it."""

import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

from attendance.application.accounts.accounts import EditUser, ListUsers, SearchAccounts, ShowUser
from attendance.application.accounts.email_confirmation import ConfirmEmail, ResendConfirmation
from attendance.application.accounts.first_owner import CreateOwner, FindUser
from attendance.application.accounts.mail_delivery import DispatchMail, ListMail, RetryMail
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
from attendance.application.accounts.sessions import ActAs, ActorOf, SignIn, SignOut
from attendance.application.attendance.marks import ListMarks
from attendance.application.attendance.sheets import AttendanceHistory, MarkAttendance, ShowSheet
from attendance.application.attendance.visits import VisitsOfClient
from attendance.application.checking import checked, signature_of
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
from attendance.application.maintenance import RunMaintenance
from attendance.application.ports import Store
from attendance.application.reporting.calendars import (
    MakeCalendarToken,
    ReaderOfCalendars,
    RevokeCalendarToken,
    ShowGroupCalendar,
    ShowUserCalendar,
)
from attendance.application.reporting.events import ListEvents
from attendance.application.reporting.statistics import ListStatistics, ShowStatistics, ShowStatisticsOf


@dataclass(slots=True, kw_only=True, eq=False, repr=False, match_args=False)
class UseCases:
    """Everything `attendance` does. Each attribute is a use case, called like a function.

    Most take the actor first and everything else by name, and ask in one table who may
    (docs/permissions.md). Each refusal is an `AttendanceError`; `Unavailable` may be any call's, and whoever
    gets it may try again. `help(attendance.add_client)` tells of one of them.

    Accounts: who somebody is:
        register, confirm_email, resend_confirmation, sign_in, sign_out, actor_of, act_as,
        change_password, request_password_reset, set_password, search_accounts, list_users,
        invite_user, show_user, edit_user, create_owner, find_user.

    Roles: who may what, and owners whom nobody can oust alone:
        change_role, change_active, list_role_changes, show_role_change, confirm_role_change,
        reject_role_change, withdraw_role_change.

    Labs: one owner, members, a mark per day:
        create_lab, search_labs, join_lab, mark_lab_attendance, lab_attendance_by_date,
        lab_attendance_history, delete_lab_attendance.

    Club: clients, what they buy, where and when they come:
        list_clients, add_client, show_client, edit_client, own_clients, list_contracts,
        add_contract, show_contract, edit_contract, contracts_of_client, list_prices, add_price,
        show_price, edit_price, list_subscriptions, sell_subscription, show_subscription,
        edit_subscription, subscriptions_of_client, list_locations, add_location, show_location,
        edit_location, list_groups, add_group, show_group, edit_group, list_lessons, add_lesson,
        make_lessons, show_lesson, edit_lesson, show_favorites, replace_favorites.

    Attendance: who was there:
        show_sheet, mark_attendance, attendance_history, visits_of_client, list_marks.

    Reporting: figures, calendars, the log:
        show_statistics, list_statistics, show_statistics_of, make_calendar_token,
        revoke_calendar_token, reader_of_calendars, show_user_calendar, show_group_calendar,
        list_events.

    Operating: mail that waits, what time has ended:
        dispatch_mail, list_mail, retry_mail, run_maintenance.
    """

    # Accounts: who somebody is
    register: Register
    confirm_email: ConfirmEmail
    resend_confirmation: ResendConfirmation
    sign_in: SignIn
    sign_out: SignOut
    actor_of: ActorOf
    act_as: ActAs
    change_password: ChangePassword
    request_password_reset: RequestPasswordReset
    set_password: SetPassword
    search_accounts: SearchAccounts
    list_users: ListUsers
    invite_user: InviteUser
    show_user: ShowUser
    edit_user: EditUser
    create_owner: CreateOwner
    find_user: FindUser

    # Roles: who may what, and owners whom nobody can oust alone
    change_role: ChangeRole
    change_active: ChangeActive
    list_role_changes: ListRoleChanges
    show_role_change: ShowRoleChange
    confirm_role_change: ConfirmRoleChange
    reject_role_change: RejectRoleChange
    withdraw_role_change: WithdrawRoleChange

    # Labs: one owner, members, a mark per day
    create_lab: CreateLab
    search_labs: SearchLabs
    join_lab: JoinLab
    mark_lab_attendance: MarkLabAttendance
    lab_attendance_by_date: LabAttendanceByDate
    lab_attendance_history: LabAttendanceHistory
    delete_lab_attendance: DeleteLabAttendance

    # Club: clients, what they buy, where and when they come
    list_clients: ListClients
    add_client: AddClient
    show_client: ShowClient
    edit_client: EditClient
    own_clients: OwnClients
    list_contracts: ListContracts
    add_contract: AddContract
    show_contract: ShowContract
    edit_contract: EditContract
    contracts_of_client: ContractsOfClient
    list_prices: ListPrices
    add_price: AddPrice
    show_price: ShowPrice
    edit_price: EditPrice
    list_subscriptions: ListSubscriptions
    sell_subscription: SellSubscription
    show_subscription: ShowSubscription
    edit_subscription: EditSubscription
    subscriptions_of_client: SubscriptionsOfClient
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
    show_favorites: ShowFavorites
    replace_favorites: ReplaceFavorites

    # Attendance: who was there
    show_sheet: ShowSheet
    mark_attendance: MarkAttendance
    attendance_history: AttendanceHistory
    visits_of_client: VisitsOfClient
    list_marks: ListMarks

    # Reporting: figures, calendars, the log
    show_statistics: ShowStatistics
    list_statistics: ListStatistics
    show_statistics_of: ShowStatisticsOf
    make_calendar_token: MakeCalendarToken
    revoke_calendar_token: RevokeCalendarToken
    reader_of_calendars: ReaderOfCalendars
    show_user_calendar: ShowUserCalendar
    show_group_calendar: ShowGroupCalendar
    list_events: ListEvents

    # Operating: mail that waits, what time has ended
    dispatch_mail: DispatchMail
    list_mail: ListMail
    retry_mail: RetryMail
    run_maintenance: RunMaintenance

    _store: Store

    def transaction(self) -> AbstractContextManager[None]:
        """Make all use cases called inside one transaction: `with attendance.transaction(): ...`.

        It is committed when the block ends and rolled back when it raises. A use case that is refused and
        caught inside leaves no trace, and the rest goes on. It belongs to the thread or asyncio task that
        opens it; others see nothing of it before it is committed, and may have to wait, so keep it short.
        Raises NestedUnitOfWork inside another one, Unavailable.
        """
        return self._store.ambient()


USE_CASES: Mapping[str, Any] = {
    name: use_case for name, use_case in get_type_hints(UseCases).items() if not name.startswith("_")
}
"""The class of each use case, by the name of its attribute."""


def use_cases_of(ports: Mapping[str, Any]) -> UseCases:
    """Every use case, each with those of the ports that it names. Raises KeyError for one that is missing."""
    return UseCases(
        _store=ports["store"],
        **{
            name: use_case(**{port.name: ports[port.name] for port in fields(use_case)})
            for name, use_case in USE_CASES.items()
        },
    )


def checked_use_cases(use_cases: UseCases, guard: Callable[[], None]) -> UseCases:
    """The same for Python callers: functions that check the types of what they are given, see `checked`.

    `guard` is asked before each call, and may raise.
    """
    return UseCases(
        _store=use_cases._store,
        **{name: checked(getattr(use_cases, name), name, guard) for name in USE_CASES},
    )


class _Documentation(dict[str, str]):
    """What `help(UseCases)` shows of each attribute: made when somebody asks."""

    def __getitem__(self, name: str) -> str:
        use_case = USE_CASES[name]
        return f"{name}{signature_of(use_case.__call__)}\n\n{inspect.getdoc(use_case)}"


# where `inspect` and `pydoc` look for the documentation and the order of attributes that are slots
UseCases.__init__.__doc__ = "Made by `open_attendance`."
UseCases.__init__.__signature__ = inspect.Signature()  # type: ignore[attr-defined]
UseCases.__slots__ = _Documentation.fromkeys(USE_CASES, "")  # type: ignore[assignment]
UseCases._fields = (*USE_CASES,)  # type: ignore[attr-defined]
