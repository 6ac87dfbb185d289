"""The office: what there is to look after, for whoever may."""

from dataclasses import dataclass

from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Visit
from attendance.adapters.web.server.languages import N_
from attendance.application.pagination import NumberedPage
from attendance.domain.accounts.role_changes import State
from attendance.domain.permissions.table import Permission

room = PageRoom()

OFFICE = "/app/office"
SHORTEST = NumberedPage(1, 1)
"""A page of a list of which only the number of all items matters."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the office, for those with a permission."""

    path: str
    text: str
    about: str
    permission: Permission


USERS = Part(
    f"{OFFICE}/users",
    N_("Users"),
    N_("Who can sign in, invitations, roles"),
    Permission.LIST_USERS,
)
ROLE_CHANGES = Part(
    f"{OFFICE}/role-changes",
    N_("Role changes"),
    N_("What awaits the word of an owner, and what was decided"),
    Permission.READ_ROLE_CHANGES,
)
PRICES = Part(
    f"{OFFICE}/prices",
    N_("Prices"),
    N_("The passes that can be bought"),
    Permission.EDIT_PRICE,
)
LOCATIONS = Part(
    f"{OFFICE}/locations",
    N_("Locations"),
    N_("Where lessons are, and when it is closed there"),
    Permission.EDIT_LOCATION,
)
FREEZING = Part(
    "/app/passes/freeze-all",
    N_("Freeze all passes"),
    N_("For days on which the whole club is closed"),
    Permission.FREEZE_SUBSCRIPTIONS,
)
LOG = Part(
    f"{OFFICE}/log",
    N_("Log"),
    N_("Who did what, and when"),
    Permission.READ_EVENTS,
)
PARTS = (USERS, ROLE_CHANGES, PRICES, LOCATIONS, FREEZING, LOG)


def require_part(visit: Visit, part: Part) -> None:
    """Raise Forbidden where somebody has no business in a part of the office.

    What is on sale, and where lessons are, is read by others, too: on pages of their own. Raises
    Unauthenticated for nobody.
    """
    visit.require(part.permission)


@room.page("GET", OFFICE)
def office(visit: Visit) -> Answer:
    """The parts of the office that one may enter, and how many role changes await somebody's word."""
    users = visit.use_cases.list_users(visit.signed_in, page=SHORTEST)
    awaiting = 0
    if ROLE_CHANGES.permission in visit.permissions:
        awaiting = visit.use_cases.list_role_changes(
            visit.signed_in, state=State.AWAITING, page=SHORTEST
        ).total
    parts = [part for part in PARTS if part.permission in visit.permissions]
    return Page("office/office.html", {"parts": parts, "users": users.total, "awaiting": awaiting})
