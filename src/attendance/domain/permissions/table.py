"""Permissions, and the levels that have them: one table. What is not in it is denied."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from attendance.domain.permissions.roles import Level


class Permission(StrEnum):
    """What needs a permission; each use case that is not for everybody requires one."""

    CREATE_LAB = "create_lab"
    JOIN_LAB = "join_lab"
    MARK_LAB_ATTENDANCE = "mark_lab_attendance"
    READ_LAB_ATTENDANCE = "read_lab_attendance"
    DELETE_LAB_ATTENDANCE = "delete_lab_attendance"
    SIGN_OUT = "sign_out"
    RESEND_CONFIRMATION = "resend_confirmation"
    CHANGE_PASSWORD = "change_password"  # noqa: S105 # an act, no password
    LIST_USERS = "list_users"
    INVITE_USER = "invite_user"
    READ_USER = "read_user"
    EDIT_USER = "edit_user"
    CHANGE_ROLE = "change_role"
    CHANGE_ACTIVE = "change_active"
    READ_ROLE_CHANGES = "read_role_changes"
    CONFIRM_ROLE_CHANGE = "confirm_role_change"
    REJECT_ROLE_CHANGE = "reject_role_change"
    WITHDRAW_ROLE_CHANGE = "withdraw_role_change"
    READ_FAVORITES = "read_favorites"
    REPLACE_FAVORITES = "replace_favorites"
    MAKE_CALENDAR_TOKEN = "make_calendar_token"  # noqa: S105 # an act, no token
    REVOKE_CALENDAR_TOKEN = "revoke_calendar_token"  # noqa: S105 # an act, no token
    READ_USER_CALENDAR = "read_user_calendar"
    READ_GROUP_CALENDAR = "read_group_calendar"
    READ_EVENTS = "read_events"
    LIST_CLIENTS = "list_clients"
    ADD_CLIENT = "add_client"
    READ_CLIENT = "read_client"
    EDIT_CLIENT = "edit_client"
    LIST_CONTRACTS = "list_contracts"
    ADD_CONTRACT = "add_contract"
    READ_CONTRACT = "read_contract"
    EDIT_CONTRACT = "edit_contract"
    ADD_PRICE = "add_price"
    EDIT_PRICE = "edit_price"
    READ_LOCATIONS = "read_locations"
    ADD_LOCATION = "add_location"
    EDIT_LOCATION = "edit_location"
    READ_GROUPS = "read_groups"
    ADD_GROUP = "add_group"
    EDIT_GROUP = "edit_group"
    READ_LESSONS = "read_lessons"
    ADD_LESSON = "add_lesson"
    EDIT_LESSON = "edit_lesson"
    DELETE_LESSON = "delete_lesson"
    LIST_SUBSCRIPTIONS = "list_subscriptions"
    SELL_SUBSCRIPTION = "sell_subscription"
    READ_SUBSCRIPTION = "read_subscription"
    EDIT_SUBSCRIPTION = "edit_subscription"
    FREEZE_SUBSCRIPTIONS = "freeze_subscriptions"
    READ_ATTENDANCE = "read_attendance"
    MARK_ATTENDANCE = "mark_attendance"
    READ_MARKS = "read_marks"
    ANNOUNCE_ABSENCE = "announce_absence"
    TAKE_BACK_ABSENCE = "take_back_absence"
    READ_STATISTICS = "read_statistics"
    LIST_EMPLOYEE_STATISTICS = "list_employee_statistics"
    READ_EMPLOYEE_STATISTICS = "read_employee_statistics"
    READ_LOCATION_STATISTICS = "read_location_statistics"
    LIST_GROUP_STATISTICS = "list_group_statistics"
    READ_GROUP_STATISTICS = "read_group_statistics"
    READ_SESSIONS = "read_sessions"
    END_SESSION = "end_session"
    READ_PERMISSIONS = "read_permissions"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The levels that have a permission: from `level` to `highest`, both included; None: none.

    `own`: the lowest level that has it for what is the actor's own, None: none.
    """

    level: Level | None
    own: Level | None = None
    highest: Level = Level.ADMIN


RULES: Mapping[Permission, Rule] = {
    Permission.CREATE_LAB: Rule(level=Level.UNCONFIRMED),
    Permission.JOIN_LAB: Rule(level=Level.UNCONFIRMED),
    Permission.MARK_LAB_ATTENDANCE: Rule(level=Level.UNCONFIRMED),
    Permission.READ_LAB_ATTENDANCE: Rule(level=Level.UNCONFIRMED),
    Permission.DELETE_LAB_ATTENDANCE: Rule(level=Level.UNCONFIRMED),
    Permission.SIGN_OUT: Rule(level=Level.UNCONFIRMED),
    Permission.RESEND_CONFIRMATION: Rule(level=Level.UNCONFIRMED),
    Permission.CHANGE_PASSWORD: Rule(level=Level.UNCONFIRMED),
    Permission.LIST_USERS: Rule(level=Level.MANAGER),
    Permission.INVITE_USER: Rule(level=Level.HEAD_MANAGER),
    Permission.READ_USER: Rule(level=Level.MANAGER, own=Level.UNCONFIRMED),
    Permission.EDIT_USER: Rule(level=Level.HEAD_MANAGER, own=Level.UNCONFIRMED),
    Permission.CHANGE_ROLE: Rule(level=Level.HEAD_MANAGER),
    Permission.CHANGE_ACTIVE: Rule(level=Level.HEAD_MANAGER),
    Permission.READ_ROLE_CHANGES: Rule(level=Level.HEAD_MANAGER),
    Permission.CONFIRM_ROLE_CHANGE: Rule(level=Level.OWNER, highest=Level.OWNER),
    Permission.REJECT_ROLE_CHANGE: Rule(level=Level.OWNER, highest=Level.OWNER),
    Permission.WITHDRAW_ROLE_CHANGE: Rule(level=Level.UNCONFIRMED),
    Permission.READ_FAVORITES: Rule(level=Level.MANAGER, own=Level.UNCONFIRMED),
    Permission.REPLACE_FAVORITES: Rule(level=None, own=Level.UNCONFIRMED),
    Permission.MAKE_CALENDAR_TOKEN: Rule(level=None, own=Level.UNCONFIRMED),
    Permission.REVOKE_CALENDAR_TOKEN: Rule(level=None, own=Level.UNCONFIRMED),
    Permission.READ_USER_CALENDAR: Rule(level=None, own=Level.UNCONFIRMED),
    Permission.READ_GROUP_CALENDAR: Rule(level=Level.MANAGER, own=Level.EMPLOYEE),
    Permission.READ_EVENTS: Rule(level=Level.OWNER),
    Permission.LIST_CLIENTS: Rule(level=Level.EMPLOYEE),
    Permission.ADD_CLIENT: Rule(level=Level.EMPLOYEE),
    Permission.READ_CLIENT: Rule(level=Level.EMPLOYEE, own=Level.USER),
    Permission.EDIT_CLIENT: Rule(level=Level.EMPLOYEE),
    Permission.LIST_CONTRACTS: Rule(level=Level.EMPLOYEE),
    Permission.ADD_CONTRACT: Rule(level=Level.EMPLOYEE),
    Permission.READ_CONTRACT: Rule(level=Level.EMPLOYEE),
    Permission.EDIT_CONTRACT: Rule(level=Level.EMPLOYEE),
    Permission.ADD_PRICE: Rule(level=Level.HEAD_MANAGER),
    Permission.EDIT_PRICE: Rule(level=Level.HEAD_MANAGER),
    Permission.READ_LOCATIONS: Rule(level=Level.USER),
    Permission.ADD_LOCATION: Rule(level=Level.HEAD_MANAGER),
    Permission.EDIT_LOCATION: Rule(level=Level.HEAD_MANAGER),
    Permission.READ_GROUPS: Rule(level=Level.USER),
    Permission.ADD_GROUP: Rule(level=Level.MANAGER),
    Permission.EDIT_GROUP: Rule(level=Level.MANAGER),
    Permission.READ_LESSONS: Rule(level=Level.USER),
    Permission.ADD_LESSON: Rule(level=Level.MANAGER, own=Level.EMPLOYEE),
    Permission.EDIT_LESSON: Rule(level=Level.MANAGER, own=Level.EMPLOYEE),
    Permission.DELETE_LESSON: Rule(level=Level.MANAGER, own=Level.EMPLOYEE),
    Permission.LIST_SUBSCRIPTIONS: Rule(level=Level.EMPLOYEE),
    Permission.SELL_SUBSCRIPTION: Rule(level=Level.EMPLOYEE),
    Permission.READ_SUBSCRIPTION: Rule(level=Level.EMPLOYEE),
    Permission.EDIT_SUBSCRIPTION: Rule(level=Level.EMPLOYEE),
    Permission.FREEZE_SUBSCRIPTIONS: Rule(level=Level.HEAD_MANAGER),
    Permission.READ_ATTENDANCE: Rule(level=Level.MANAGER, own=Level.EMPLOYEE),
    Permission.MARK_ATTENDANCE: Rule(level=Level.MANAGER, own=Level.EMPLOYEE),
    Permission.READ_MARKS: Rule(level=Level.EMPLOYEE),
    Permission.ANNOUNCE_ABSENCE: Rule(level=None, own=Level.USER),
    Permission.TAKE_BACK_ABSENCE: Rule(level=None, own=Level.USER),
    Permission.READ_STATISTICS: Rule(level=Level.EMPLOYEE),
    Permission.LIST_EMPLOYEE_STATISTICS: Rule(level=Level.MANAGER),
    Permission.READ_EMPLOYEE_STATISTICS: Rule(level=Level.MANAGER, own=Level.EMPLOYEE),
    Permission.READ_LOCATION_STATISTICS: Rule(level=Level.HEAD_MANAGER),
    Permission.LIST_GROUP_STATISTICS: Rule(level=Level.EMPLOYEE),
    Permission.READ_GROUP_STATISTICS: Rule(level=Level.MANAGER, own=Level.EMPLOYEE),
    Permission.READ_SESSIONS: Rule(level=None, own=Level.UNCONFIRMED),
    Permission.END_SESSION: Rule(level=None, own=Level.UNCONFIRMED),
    Permission.READ_PERMISSIONS: Rule(level=None, own=Level.UNCONFIRMED),
}


def allows(permission: Permission, level: Level, *, own: bool = False) -> bool:
    """Whether this level has the permission; `own`: for what is the actor's own."""
    rule = RULES[permission]
    lowest = rule.own if own else rule.level
    return lowest is not None and lowest <= level <= rule.highest


def allowed_for_some(permission: Permission, level: Level) -> bool:
    """Whether this level has the permission at least for what is the actor's own."""
    return any(allows(permission, level, own=own) for own in (False, True))


class Registration(StrEnum):
    """Who may register: anybody, or nobody, so that accounts come from invitations alone."""

    OPEN = "open"
    INVITED = "invited"


class Directory(StrEnum):
    """Who may list users and labs: anybody, or whoever is signed in."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
