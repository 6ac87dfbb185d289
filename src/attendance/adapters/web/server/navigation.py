"""Which pages there are to go to, for whoever may."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from attendance.adapters.web.server.languages import N_
from attendance.domain.permissions.table import Permission

TODAY = "/app/today"
CHILDREN = "/app/children"
LABS = "/app/labs"


@dataclass(frozen=True, slots=True)
class Entry:
    """A page that others lead to, for those with a permission; None: for anybody who is signed in."""

    path: str
    text: str
    permission: str | None = None


ENTRIES = (
    Entry(TODAY, N_("Today"), Permission.MARK_ATTENDANCE),
    Entry("/app/clients", N_("Clients"), Permission.LIST_CLIENTS),
    Entry("/app/groups", N_("Groups"), Permission.LIST_CLIENTS),
    Entry("/app/overview", N_("Overview"), Permission.LIST_USERS),
    Entry("/app/statistics", N_("Statistics"), Permission.READ_STATISTICS),
    Entry("/app/office", N_("Office"), Permission.LIST_USERS),
    Entry(CHILDREN, N_("My children")),
    Entry(LABS, N_("Labs")),
)


def entries_for(permissions: Collection[str], *, has_labs: bool) -> Iterator[Entry]:
    """Those that lead somewhere, in their order."""
    for entry in ENTRIES:
        if (entry.permission is None or entry.permission in permissions) and (has_labs or entry.path != LABS):
            yield entry


def start_of(permissions: Collection[str], *, has_children: bool, has_labs: bool) -> str:
    """Where somebody begins: with today's lessons, with their children, or else with labs."""
    if Permission.MARK_ATTENDANCE in permissions:
        return TODAY
    return LABS if has_labs and not has_children else CHILDREN
