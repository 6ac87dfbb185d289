"""Who may move, invite or edit whom: what depends on the account concerned."""

from attendance.domain.accounts.accounts import Account
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Level, Role

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
