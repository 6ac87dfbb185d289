"""Who may change, invite or edit which account: rules that depend on that account."""

from typing import Protocol

from attendance.domain.ids import AccountId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Level, Role

BELOW_HEAD_MANAGER = frozenset({Role.USER, Role.EMPLOYEE, Role.MANAGER})
TOP_ROLES = frozenset({Role.OWNER, Role.ADMIN})


class Target(Protocol):
    """An account, as far as these rules look at it."""

    @property
    def id(self) -> AccountId: ...

    @property
    def role(self) -> Role: ...


def may_give(level: Level, role: Role) -> bool:
    """Whether this level may give the role to others, and change the role of those who have it."""
    match level:
        case Level.OWNER | Level.ADMIN:
            return True
        case Level.HEAD_MANAGER:
            return role in BELOW_HEAD_MANAGER
        case Level.MANAGER | Level.EMPLOYEE | Level.USER | Level.UNCONFIRMED | Level.ANYBODY:
            return False


def may_change_role(actor: Actor, target: Target, to: Role) -> bool:
    """Whether the actor may change the account's role to this one. Nobody may raise their own."""
    raises_themself = actor.id == target.id and to.level > target.role.level
    return may_give(actor.level, target.role) and may_give(actor.level, to) and not raises_themself


def may_change_active(actor: Actor, target: Target) -> bool:
    """Whether the actor may deactivate or reactivate the account."""
    return may_give(actor.level, target.role)


def may_invite(actor: Actor, role: Role) -> bool:
    """Whether the actor may invite somebody to this role: one the actor may give, neither owner nor admin."""
    return may_give(actor.level, role) and role not in TOP_ROLES


def may_edit(actor: Actor, target: Target) -> bool:
    """Whether the actor may edit the profile: the own one, or of a lower role but owner and admin."""
    is_below = target.role.level < actor.level and target.role not in TOP_ROLES
    return actor.id == target.id or is_below
