"""Permissions: those of the table, and rules for what somebody may see or decide beyond it.

A use case requires its permission once. "Own" is the actor's account and its clients, or what the actor
teaches.
"""

from attendance.domain.errors import Forbidden, Unauthenticated
from attendance.domain.ids import AccountId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Level
from attendance.domain.permissions.table import Directory, Permission, Registration, allowed_for_some, allows


def require_level(actor: Actor, permission: Permission, *, own: bool = False) -> None:
    """Raise Forbidden unless the actor's level has the permission; `own`: for what is the actor's own."""
    require(allows(permission, actor.level, own=own), Forbidden)


def require_level_for_some(actor: Actor, permission: Permission) -> None:
    """Raise Forbidden unless the actor's level has the permission at least for what is the actor's own."""
    require(allowed_for_some(permission, actor.level), Forbidden)


def may_browse(actor: Actor | None, directory: Directory) -> bool:
    """Whether the actor (None: not signed in) may list users and labs."""
    match directory:
        case Directory.PUBLIC:
            return True
        case Directory.SIGNED_IN:
            return actor is not None


def may_register(registration: Registration) -> bool:
    """Whether anybody may open an account without an invitation."""
    return registration is Registration.OPEN


def owns(actor: Actor, owner_id: AccountId) -> bool:
    """Whether the actor is the owner of a lab: its attendance is for the owner alone."""
    return actor.id == owner_id


def sees_notes(actor: Actor) -> bool:
    """Notes, which may be about health, are for employees and above."""
    return actor.level >= Level.EMPLOYEE


def sees_all_prices(actor: Actor | None) -> bool:
    """Prices that are not on sale, and notes of prices, are for whoever may edit prices."""
    return actor is not None and allows(Permission.EDIT_PRICE, actor.level)


def sees_members(actor: Actor) -> bool:
    """Members of groups are for employees and above."""
    return actor.level >= Level.EMPLOYEE


def may_rewrite_rosters(actor: Actor) -> bool:
    """Rosters of lessons that were held may be changed by head managers and above."""
    return actor.level >= Level.HEAD_MANAGER


def may_teach(actor: Actor) -> bool:
    """Teachers are employees and above: whoever is below teaches nothing, even if named as a teacher."""
    return actor.level >= Level.EMPLOYEE


def may_choose_teachers(actor: Actor) -> bool:
    """The teachers of a lesson may be chosen by managers and above."""
    return actor.level >= Level.MANAGER


def may_link_accounts(actor: Actor) -> bool:
    """Which accounts are linked to a client may be said by managers and above."""
    return actor.level >= Level.MANAGER


def sees_all_groups(actor: Actor) -> bool:
    """Figures and marks of all groups are for managers and above; below, those of groups one teaches."""
    return actor.level >= Level.MANAGER


def sees_sales(actor: Actor) -> bool:
    """Sales are for head managers and above."""
    return actor.level >= Level.HEAD_MANAGER


def may_sell_anything(actor: Actor) -> bool:
    """At a price that is not on sale may sell head managers and above."""
    return actor.level >= Level.HEAD_MANAGER


def may_discount(actor: Actor) -> bool:
    """A discount is given by managers and above."""
    return actor.level >= Level.MANAGER


def require(allowed: bool, refusal: type[Forbidden] | type[Unauthenticated]) -> None:
    """Raise the refusal unless it is allowed."""
    if not allowed:
        raise refusal
