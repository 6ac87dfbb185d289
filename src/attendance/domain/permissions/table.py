"""Permissions, and the levels that have them: one table. What is not in it is denied."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from attendance.domain.permissions.roles import Level


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The levels that have a permission: from `level` to `highest`, both included; None: none.

    `own`: the lowest level that has it for what is the actor's own, None: none.
    """

    level: Level | None
    own: Level | None = None
    highest: Level = Level.ADMIN


class Permission(StrEnum):
    """What needs a permission, and who has it; each use case that is not for everybody requires one."""

    rule: Rule

    def __new__(cls, name: str, rule: Rule) -> Self:
        member = str.__new__(cls, name)
        member._value_ = name
        member.rule = rule
        return member

    CREATE_LAB = "create_lab", Rule(level=Level.UNCONFIRMED)
    JOIN_LAB = "join_lab", Rule(level=Level.UNCONFIRMED)
    MARK_LAB_ATTENDANCE = "mark_lab_attendance", Rule(level=Level.UNCONFIRMED)
    READ_LAB_ATTENDANCE = "read_lab_attendance", Rule(level=Level.UNCONFIRMED)
    DELETE_LAB_ATTENDANCE = "delete_lab_attendance", Rule(level=Level.UNCONFIRMED)
    SIGN_OUT = "sign_out", Rule(level=Level.UNCONFIRMED)
    RESEND_CONFIRMATION = "resend_confirmation", Rule(level=Level.UNCONFIRMED)
    CHANGE_PASSWORD = "change_password", Rule(level=Level.UNCONFIRMED)
    LIST_USERS = "list_users", Rule(level=Level.MANAGER)
    INVITE_USER = "invite_user", Rule(level=Level.HEAD_MANAGER)
    READ_USER = "read_user", Rule(level=Level.MANAGER, own=Level.UNCONFIRMED)
    EDIT_USER = "edit_user", Rule(level=Level.HEAD_MANAGER, own=Level.UNCONFIRMED)
    CHANGE_ROLE = "change_role", Rule(level=Level.HEAD_MANAGER)
    CHANGE_ACTIVE = "change_active", Rule(level=Level.HEAD_MANAGER)
    READ_ROLE_CHANGES = "read_role_changes", Rule(level=Level.HEAD_MANAGER)
    CONFIRM_ROLE_CHANGE = "confirm_role_change", Rule(level=Level.OWNER, highest=Level.OWNER)
    REJECT_ROLE_CHANGE = "reject_role_change", Rule(level=Level.OWNER, highest=Level.OWNER)
    WITHDRAW_ROLE_CHANGE = "withdraw_role_change", Rule(level=Level.UNCONFIRMED)
    READ_FAVORITES = "read_favorites", Rule(level=Level.MANAGER, own=Level.UNCONFIRMED)
    REPLACE_FAVORITES = "replace_favorites", Rule(level=None, own=Level.UNCONFIRMED)
    MAKE_CALENDAR_TOKEN = "make_calendar_token", Rule(level=None, own=Level.UNCONFIRMED)
    REVOKE_CALENDAR_TOKEN = (
        "revoke_calendar_token",
        Rule(level=None, own=Level.UNCONFIRMED),
    )
    READ_USER_CALENDAR = "read_user_calendar", Rule(level=None, own=Level.UNCONFIRMED)
    READ_GROUP_CALENDAR = "read_group_calendar", Rule(level=Level.MANAGER, own=Level.EMPLOYEE)
    READ_EVENTS = "read_events", Rule(level=Level.OWNER)
    LIST_CLIENTS = "list_clients", Rule(level=Level.EMPLOYEE)
    ADD_CLIENT = "add_client", Rule(level=Level.EMPLOYEE)
    READ_CLIENT = "read_client", Rule(level=Level.EMPLOYEE, own=Level.USER)
    EDIT_CLIENT = "edit_client", Rule(level=Level.EMPLOYEE)
    LIST_CONTRACTS = "list_contracts", Rule(level=Level.EMPLOYEE)
    ADD_CONTRACT = "add_contract", Rule(level=Level.EMPLOYEE)
    READ_CONTRACT = "read_contract", Rule(level=Level.EMPLOYEE)
    EDIT_CONTRACT = "edit_contract", Rule(level=Level.EMPLOYEE)
    ADD_PRICE = "add_price", Rule(level=Level.HEAD_MANAGER)
    EDIT_PRICE = "edit_price", Rule(level=Level.HEAD_MANAGER)
    READ_LOCATIONS = "read_locations", Rule(level=Level.USER)
    ADD_LOCATION = "add_location", Rule(level=Level.HEAD_MANAGER)
    EDIT_LOCATION = "edit_location", Rule(level=Level.HEAD_MANAGER)
    READ_GROUPS = "read_groups", Rule(level=Level.USER)
    ADD_GROUP = "add_group", Rule(level=Level.MANAGER)
    EDIT_GROUP = "edit_group", Rule(level=Level.MANAGER)
    READ_LESSONS = "read_lessons", Rule(level=Level.USER)
    ADD_LESSON = "add_lesson", Rule(level=Level.MANAGER, own=Level.EMPLOYEE)
    EDIT_LESSON = "edit_lesson", Rule(level=Level.MANAGER, own=Level.EMPLOYEE)
    DELETE_LESSON = "delete_lesson", Rule(level=Level.MANAGER, own=Level.EMPLOYEE)
    LIST_SUBSCRIPTIONS = "list_subscriptions", Rule(level=Level.EMPLOYEE)
    SELL_SUBSCRIPTION = "sell_subscription", Rule(level=Level.EMPLOYEE)
    READ_SUBSCRIPTION = "read_subscription", Rule(level=Level.EMPLOYEE)
    EDIT_SUBSCRIPTION = "edit_subscription", Rule(level=Level.EMPLOYEE)
    FREEZE_SUBSCRIPTIONS = "freeze_subscriptions", Rule(level=Level.HEAD_MANAGER)
    READ_ATTENDANCE = "read_attendance", Rule(level=Level.MANAGER, own=Level.EMPLOYEE)
    MARK_ATTENDANCE = "mark_attendance", Rule(level=Level.MANAGER, own=Level.EMPLOYEE)
    READ_MARKS = "read_marks", Rule(level=Level.EMPLOYEE)
    ANNOUNCE_ABSENCE = "announce_absence", Rule(level=None, own=Level.USER)
    TAKE_BACK_ABSENCE = "take_back_absence", Rule(level=None, own=Level.USER)
    READ_STATISTICS = "read_statistics", Rule(level=Level.EMPLOYEE)
    LIST_EMPLOYEE_STATISTICS = "list_employee_statistics", Rule(level=Level.MANAGER)
    READ_EMPLOYEE_STATISTICS = "read_employee_statistics", Rule(level=Level.MANAGER, own=Level.EMPLOYEE)
    READ_LOCATION_STATISTICS = "read_location_statistics", Rule(level=Level.HEAD_MANAGER)
    LIST_GROUP_STATISTICS = "list_group_statistics", Rule(level=Level.EMPLOYEE)
    READ_GROUP_STATISTICS = "read_group_statistics", Rule(level=Level.MANAGER, own=Level.EMPLOYEE)
    READ_SESSIONS = "read_sessions", Rule(level=None, own=Level.UNCONFIRMED)
    END_SESSION = "end_session", Rule(level=None, own=Level.UNCONFIRMED)
    READ_PERMISSIONS = "read_permissions", Rule(level=None, own=Level.UNCONFIRMED)


def allows(permission: Permission, level: Level, *, own: bool = False) -> bool:
    """Whether this level has the permission; `own`: for what is the actor's own."""
    rule = permission.rule
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
