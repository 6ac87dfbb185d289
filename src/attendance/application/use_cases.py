"""Everything this library can do, in one place: HTTP, the command line and Python callers share it."""

import inspect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from typing import Any, get_type_hints

from attendance.application.accounts import (
    accounts,
    email_confirmation,
    first_owner,
    mail_delivery,
    passwords,
    registration,
    role_changes,
    sessions,
)
from attendance.application.attendance import absences, marks, sheets, visits
from attendance.application.checking import checked, signature_of
from attendance.application.club import (
    clients,
    contracts,
    favorites,
    freezing,
    groups,
    lessons,
    locations,
    prices,
    schedules,
    subscriptions,
)
from attendance.application.club.timetables import listing, of_client, overviews, rosters
from attendance.application.labs import labs, marks as lab_marks
from attendance.application.maintenance import RunMaintenance
from attendance.application.ports import Store
from attendance.application.reporting import calendars, events, passes, statistics


@dataclass(slots=True, kw_only=True, eq=False, repr=False, match_args=False)
class UseCases:
    """Everything `attendance` does. Each attribute is a use case, called like a function.

    Most take the actor first and everything else by name, and ask in one table who may
    (docs/permissions.md). Each refusal is an `AttendanceError`; `Unavailable` may be any call's, and whoever
    gets it may try again. `help(attendance.add_client)` tells of one of them. A list takes `page`: the number
    of a page of 20, a `NumberedPage` of another length, or None for the whole list.

    Accounts: who somebody is:
        register, confirm_email, resend_confirmation, sign_in, sign_out, actor_of, act_as,
        change_password, request_password_reset, set_password, search_accounts, list_users,
        invite_user, resend_invitation, withdraw_invitation, show_user, edit_user, create_owner,
        find_user, make_password_link, sessions_of_user, end_sessions_of_user, own_sessions,
        end_session, show_permissions.

    Roles: who may what, and owners whom nobody can oust alone:
        change_role, change_active, list_role_changes, show_role_change, confirm_role_change,
        reject_role_change, withdraw_role_change.

    Labs: one owner, members, a mark per day:
        create_lab, search_labs, own_labs, show_lab, join_lab, mark_lab_attendance,
        lab_attendance_by_date, lab_attendance_history, delete_lab_attendance.

    Club: clients, what they buy, where and when they come:
        list_clients, add_client, show_client, edit_client, own_clients, list_contracts,
        add_contract, show_contract, edit_contract, contracts_of_client, list_prices, add_price,
        show_price, edit_price, list_subscriptions, sell_subscription, show_subscription,
        edit_subscription, freeze_subscriptions, unfreeze_subscription, later_passes_of_client,
        subscriptions_of_client, settle_unpaid_visits, list_locations, add_location, show_location,
        edit_location, list_groups, add_group, show_group, edit_group, add_member, end_member,
        list_group_overviews, show_roster, list_teachers, list_lessons, list_all_lessons,
        add_lesson, make_lessons, show_lesson, edit_lesson, delete_lesson,
        groups_of_client, lessons_of_client, show_favorites, replace_favorites.

    Attendance: who was there:
        show_sheet, mark_attendance, attendance_history, visits_of_client,
        unpaid_visits_of_client, list_marks, announce_absence, take_back_absence.

    Reporting: figures, calendars, the log:
        show_statistics, list_statistics, show_statistics_of, list_sales, list_ending_passes,
        list_unpaid, make_calendar_token, revoke_calendar_token, reader_of_calendars,
        show_user_calendar, show_group_calendar, show_client_calendar, list_events, lessons_of_events,
        follow_events.

    Operating: mail that waits, what time has ended:
        dispatch_mail, list_mail, retry_mail, run_maintenance.
    """

    # Accounts: who somebody is
    register: registration.Register
    confirm_email: email_confirmation.ConfirmEmail
    resend_confirmation: email_confirmation.ResendConfirmation
    sign_in: sessions.SignIn
    sign_out: sessions.SignOut
    actor_of: sessions.ActorOf
    act_as: sessions.ActAs
    change_password: passwords.ChangePassword
    request_password_reset: passwords.RequestPasswordReset
    set_password: passwords.SetPassword
    search_accounts: accounts.SearchAccounts
    list_users: accounts.ListUsers
    invite_user: registration.InviteUser
    resend_invitation: registration.ResendInvitation
    withdraw_invitation: registration.WithdrawInvitation
    show_user: accounts.ShowUser
    edit_user: accounts.EditUser
    create_owner: first_owner.CreateOwner
    find_user: first_owner.FindUser
    make_password_link: first_owner.MakePasswordLink
    sessions_of_user: first_owner.SessionsOfUser
    end_sessions_of_user: first_owner.EndSessionsOfUser
    own_sessions: sessions.OwnSessions
    end_session: sessions.EndSession
    show_permissions: accounts.ShowPermissions

    # Roles: who may what, and owners whom nobody can oust alone
    change_role: role_changes.ChangeRole
    change_active: role_changes.ChangeActive
    list_role_changes: role_changes.ListRoleChanges
    show_role_change: role_changes.ShowRoleChange
    confirm_role_change: role_changes.ConfirmRoleChange
    reject_role_change: role_changes.RejectRoleChange
    withdraw_role_change: role_changes.WithdrawRoleChange

    # Labs: one owner, members, a mark per day
    create_lab: labs.CreateLab
    search_labs: labs.SearchLabs
    own_labs: labs.OwnLabs
    show_lab: labs.ShowLab
    join_lab: labs.JoinLab
    mark_lab_attendance: lab_marks.MarkLabAttendance
    lab_attendance_by_date: lab_marks.LabAttendanceByDate
    lab_attendance_history: lab_marks.LabAttendanceHistory
    delete_lab_attendance: lab_marks.DeleteLabAttendance

    # Club: clients, what they buy, where and when they come
    list_clients: clients.ListClients
    add_client: clients.AddClient
    show_client: clients.ShowClient
    edit_client: clients.EditClient
    own_clients: clients.OwnClients
    list_contracts: contracts.ListContracts
    add_contract: contracts.AddContract
    show_contract: contracts.ShowContract
    edit_contract: contracts.EditContract
    contracts_of_client: contracts.ContractsOfClient
    list_prices: prices.ListPrices
    add_price: prices.AddPrice
    show_price: prices.ShowPrice
    edit_price: prices.EditPrice
    list_subscriptions: subscriptions.ListSubscriptions
    sell_subscription: subscriptions.SellSubscription
    show_subscription: subscriptions.ShowSubscription
    edit_subscription: subscriptions.EditSubscription
    freeze_subscriptions: freezing.FreezeSubscriptions
    unfreeze_subscription: freezing.UnfreezeSubscription
    later_passes_of_client: freezing.LaterPassesOfClient
    subscriptions_of_client: subscriptions.SubscriptionsOfClient
    settle_unpaid_visits: subscriptions.SettleUnpaidVisits
    list_locations: locations.ListLocations
    add_location: locations.AddLocation
    show_location: locations.ShowLocation
    edit_location: locations.EditLocation
    list_groups: groups.ListGroups
    add_group: groups.AddGroup
    show_group: groups.ShowGroup
    edit_group: groups.EditGroup
    add_member: groups.AddMember
    end_member: groups.EndMember
    list_group_overviews: overviews.ListGroupOverviews
    show_roster: rosters.ShowRoster
    list_teachers: overviews.ListTeachers
    list_lessons: listing.ListLessons
    list_all_lessons: listing.ListAllLessons
    add_lesson: lessons.AddLesson
    make_lessons: schedules.MakeLessons
    show_lesson: lessons.ShowLesson
    edit_lesson: lessons.EditLesson
    delete_lesson: lessons.DeleteLesson
    groups_of_client: of_client.GroupsOfClient
    lessons_of_client: of_client.LessonsOfClient
    show_favorites: favorites.ShowFavorites
    replace_favorites: favorites.ReplaceFavorites

    # Attendance: who was there
    show_sheet: sheets.ShowSheet
    mark_attendance: sheets.MarkAttendance
    attendance_history: sheets.AttendanceHistory
    visits_of_client: visits.VisitsOfClient
    unpaid_visits_of_client: visits.UnpaidVisitsOfClient
    list_marks: marks.ListMarks
    announce_absence: absences.AnnounceAbsence
    take_back_absence: absences.TakeBackAbsence

    # Reporting: figures, calendars, the log
    show_statistics: statistics.ShowStatistics
    list_statistics: statistics.ListStatistics
    show_statistics_of: statistics.ShowStatisticsOf
    list_sales: passes.ListSales
    list_ending_passes: passes.ListEndingPasses
    list_unpaid: passes.ListUnpaid
    make_calendar_token: calendars.MakeCalendarToken
    revoke_calendar_token: calendars.RevokeCalendarToken
    reader_of_calendars: calendars.ReaderOfCalendars
    show_user_calendar: calendars.ShowUserCalendar
    show_group_calendar: calendars.ShowGroupCalendar
    show_client_calendar: calendars.ShowClientCalendar
    list_events: events.ListEvents
    lessons_of_events: events.LessonsOfEvents
    follow_events: events.FollowEvents

    # Operating: mail that waits, what time has ended
    dispatch_mail: mail_delivery.DispatchMail
    list_mail: mail_delivery.ListMail
    retry_mail: mail_delivery.RetryMail
    run_maintenance: RunMaintenance

    _store: Store

    def transaction(self) -> AbstractContextManager[None]:
        """Make all use cases called inside one transaction: `with attendance.transaction(): ...`.

        It is committed when the block ends and rolled back when it raises. A use case that is refused and
        caught inside leaves no trace, and the rest goes on. Others see nothing of it before it is committed,
        and may have to wait, so keep it short.

        It belongs to the context that opens it: the thread or asyncio task, and tasks and `to_thread` calls
        that it begins, of which one at a time may call a use case. Enter and leave it in one context
        (LeftElsewhere otherwise), and do not await others amid it that need the database, too.

        What is read is not locked: on PostgreSQL somebody else may change it before the block ends. Give what
        you read as `versions` to what you change. Mails that `request_password_reset` asks for are queued
        apart from it. Raises NestedUnitOfWork inside another one, and where two calls overlap; Unavailable.
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
