"""The front door, and what is said where there is no page."""

import msgspec

from attendance.adapters.http.server.service import home
from attendance.adapters.http.server.wire import json_reply
from attendance.adapters.web.accounts.registration import is_open
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.navigation import start_of
from attendance.domain.errors import NotFound

room = PageRoom()


@room.page("GET", "/")
def front_door(visit: Visit) -> Answer:
    """What this is and where to begin: as a page, or to whoever does not ask for one as links.

    Whoever is signed in goes on to where they begin. `signed-out` in the query: so many sessions were ended.
    """
    if not visit.wants_page:
        return json_reply(200, msgspec.json.encode(home(visit.service)), (b"vary", b"Accept"))
    if visit.actor is None:
        values = {"is_open": is_open(visit), "signed_out": visit.filters.number("signed-out")}
        return Page("front_door.html", values)
    has_labs = visit.service.settings.has_labs
    return Redirect(start_of(visit.permissions, has_children=bool(visit.user.clients), has_labs=has_labs))


@room.page("GET", "/app")
@room.page("GET", "/app/{path:path}")
@room.page("POST", "/app/{path:path}")
def no_page(visit: Visit, path: str = "") -> Answer:
    """Whatever is no other page is not there, for anybody."""
    raise NotFound
