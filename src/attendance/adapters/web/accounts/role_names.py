"""What somebody is called, roles, and what becomes of their changes, in words."""

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from attendance.adapters.web.server.languages import N_, words
from attendance.domain.accounts.accounts import Language
from attendance.domain.accounts.role_changes import State
from attendance.domain.permissions.roles import Role

_ROLES = {
    Role.USER: N_("User"),
    Role.EMPLOYEE: N_("Employee"),
    Role.MANAGER: N_("Manager"),
    Role.HEAD_MANAGER: N_("Head manager"),
    Role.OWNER: N_("Owner"),
    Role.ADMIN: N_("Administrator"),
}
_STATES = {
    State.AWAITING: N_("awaits confirmation"),
    State.APPLIED: N_("confirmed"),
    State.REJECTED: N_("rejected"),
    State.WITHDRAWN: N_("withdrawn"),
    State.EXPIRED: N_("expired"),
    State.SUPERSEDED: N_("overtaken by another change"),
}


def called(name: str, *, active: bool, language: Language) -> str:
    """What somebody is called in a text, in which no badge can say that their account is switched off."""
    if active:
        return name
    return words(language).gettext(N_("%(name)s (switched off)")) % {"name": name}


@cache
def names_of_roles(language: Language) -> Mapping[Role, str]:
    """What each role is called in a language."""
    return MappingProxyType({role: words(language).gettext(name) for role, name in _ROLES.items()})


@cache
def names_of_states(language: Language) -> Mapping[State, str]:
    """What is said of a role change in each state."""
    return MappingProxyType({state: words(language).gettext(name) for state, name in _STATES.items()})
