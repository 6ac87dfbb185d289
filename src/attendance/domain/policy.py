"""Who may what: one table by level, and predicates for what depends on who is concerned. Denied by default.

A use case asks once. "Own" is what concerns the caller's own account.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from attendance.domain.accounts import Account
from attendance.domain.errors import Forbidden, Unauthenticated
from attendance.domain.ids import AccountId
from attendance.domain.roles import Level, Role
from attendance.domain.sessions import Actor


class Permission(StrEnum):
    """What somebody may be allowed to do; each use case that is not for everybody asks for one."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """The lowest level that may, and the lowest that may where it is the caller's own; None: nobody.

    `highest` is for what a higher level may not take part in.
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
}


def allows(permission: Permission, level: Level, *, own: bool = False) -> bool:
    """Whether somebody of this level may."""
    rule = RULES[permission]
    lowest = rule.own if own else rule.level
    return lowest is not None and lowest <= level <= rule.highest


def require_level(actor: Actor, permission: Permission, *, own: bool = False) -> None:
    """Raise Forbidden unless the actor's level allows it."""
    require(allows(permission, actor.level, own=own), Forbidden)


class Directory(StrEnum):
    """Whom the lists of users and labs are shown to."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"


def may_browse(actor: Actor | None, directory: Directory) -> bool:
    """Anybody sees a public directory; a closed one is for whoever is signed in."""
    match directory:
        case Directory.PUBLIC:
            return True
        case Directory.SIGNED_IN:
            return actor is not None


def owns(actor: Actor, owner_id: AccountId) -> bool:
    """A lab's attendance is its owner's business alone."""
    return actor.id == owner_id


def sees_notes(actor: Actor) -> bool:
    """Notes may hold health data: they are for those who work here."""
    return actor.level >= Level.EMPLOYEE


def sees_all_prices(actor: Actor | None) -> bool:
    """Whoever keeps the prices sees those that are not on sale, too."""
    return actor is not None and allows(Permission.EDIT_PRICE, actor.level)


BELOW_HEAD_MANAGER = frozenset({Role.USER, Role.EMPLOYEE, Role.MANAGER})
TOP = frozenset({Role.OWNER, Role.ADMIN})


def may_give(level: Level, role: Role) -> bool:
    """Which roles somebody of this level may move others to; those who have such a role may be moved."""
    match level:
        case Level.OWNER | Level.ADMIN:
            return True
        case Level.HEAD_MANAGER:
            return role in BELOW_HEAD_MANAGER
        case Level.MANAGER | Level.EMPLOYEE | Level.USER | Level.UNCONFIRMED | Level.ANYBODY:
            return False


def may_move(actor: Actor, target: Account, to: Role) -> bool:
    """Move an account to a role, the present one included. Nobody raises themself."""
    raises_themself = actor.id == target.id and to.level > target.role.level
    return may_give(actor.level, target.role) and may_give(actor.level, to) and not raises_themself


def may_switch(actor: Actor, target: Account) -> bool:
    """Deactivate or reactivate an account."""
    return may_give(actor.level, target.role)


def may_invite(actor: Actor, role: Role) -> bool:
    """An invitation gives what the inviter may give, except for what owners must be told of."""
    return may_give(actor.level, role) and role not in TOP


def may_edit(actor: Actor, target: Account) -> bool:
    """One's own profile; otherwise that of accounts made less than oneself, never of an owner or admin."""
    is_below = target.role.level < actor.level and target.role not in TOP
    return actor.id == target.id or is_below


def require(allowed: bool, refusal: type[Forbidden] | type[Unauthenticated]) -> None:
    if not allowed:
        raise refusal
