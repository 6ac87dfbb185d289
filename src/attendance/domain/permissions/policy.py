"""Who may what: by level as the table says, and by predicates for what depends on who is concerned.

A use case asks once. "Own" is what concerns the caller's own account, or what the caller teaches.
"""

from attendance.domain.errors import Forbidden, Unauthenticated
from attendance.domain.ids import AccountId
from attendance.domain.permissions.actor import Actor
from attendance.domain.permissions.roles import Level
from attendance.domain.permissions.table import Directory, Permission, allows


def require_level(actor: Actor, permission: Permission, *, own: bool = False) -> None:
    """Raise Forbidden unless the actor's level allows it."""
    require(allows(permission, actor.level, own=own), Forbidden)


def require_level_for_some(actor: Actor, permission: Permission) -> None:
    """Raise Forbidden for whoever may not in any case, whatever it is about."""
    require(any(allows(permission, actor.level, own=own) for own in (False, True)), Forbidden)


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


def sees_members(actor: Actor) -> bool:
    """Who is in a group is for those who work here."""
    return actor.level >= Level.EMPLOYEE


def may_rewrite_rosters(actor: Actor) -> bool:
    """Correct who was in a group, where lessons were held with it, too."""
    return actor.level >= Level.HEAD_MANAGER


def may_teach(actor: Actor) -> bool:
    """Whoever is named as a teacher teaches only while they work here."""
    return actor.level >= Level.EMPLOYEE


def may_choose_teachers(actor: Actor) -> bool:
    """Say who teaches a lesson: not whoever teaches it now."""
    return actor.level >= Level.MANAGER


def sees_all_groups(actor: Actor) -> bool:
    """Figures and marks of all groups; below this those of the groups one teaches."""
    return actor.level >= Level.MANAGER


def sees_sales(actor: Actor) -> bool:
    return actor.level >= Level.HEAD_MANAGER


def may_sell_anything(actor: Actor) -> bool:
    """Sell at a price that is not on sale."""
    return actor.level >= Level.HEAD_MANAGER


def require(allowed: bool, refusal: type[Forbidden] | type[Unauthenticated]) -> None:
    if not allowed:
        raise refusal
