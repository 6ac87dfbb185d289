"""What is stored of oneself, as a file."""

import msgspec

from attendance.adapters.http.server.wire import json_reply
from attendance.adapters.web.accounts.account import ACCOUNT
from attendance.adapters.web.server.declaration import Answer, PageRoom, Visit

room = PageRoom()

NAME = "attendance.json"


@room.page("GET", f"{ACCOUNT}/data")
def own_data(visit: Visit) -> Answer:
    """One's account, its sessions, children, favorites and calendar link, as JSON to keep."""
    actor, use_cases = visit.signed_in, visit.use_cases
    data = {
        "account": use_cases.show_user(actor, user_id=actor.id),
        "permissions": use_cases.show_permissions(actor, user_id=actor.id).permissions,
        "sessions": use_cases.own_sessions(actor, user_id=actor.id),
        "children": [*use_cases.own_clients(actor)],
        "favorites": use_cases.show_favorites(actor, user_id=actor.id),
        "calendar_link_made_at": use_cases.make_calendar_token.made_at(actor, user_id=actor.id),
    }
    body = msgspec.json.format(msgspec.json.encode(data), indent=2)
    return json_reply(200, body, (b"content-disposition", f'attachment; filename="{NAME}"'.encode()))
