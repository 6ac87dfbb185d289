"""Freezing all passes for some days on which nothing takes place."""

from collections.abc import Mapping
from typing import Any

from attendance.adapters.web.club.passes import required
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.fields import FieldReader
from attendance.domain.ids import LocationId
from attendance.domain.permissions.table import Permission

room = PageRoom()

FREEZE_ALL = "/app/passes/freeze-all"


def freeze_all_form(visit: Visit) -> Page:
    """The days, and whose passes."""
    required(visit, Permission.FREEZE_SUBSCRIPTIONS)
    values = {
        "asked": (visit.form or visit.query).as_shown(),
        "locations": {each.id: each.name for each in visit.use_cases.list_locations(visit.signed_in)},
        "days": None,
        "preview": None,
        "names": {},
        "frozen": None,
    }
    return Page("club/passes/freeze_all.html", values)


@room.page("GET", FREEZE_ALL, form=freeze_all_form)
def freeze_all(visit: Visit) -> Answer:
    """The form; where days are chosen, with the passes that would be frozen and those that would not."""
    page = freeze_all_form(visit)
    if "since" not in visit.query:
        return page
    filters = visit.filters
    frozen, chosen = filters.number("frozen"), _chosen(filters)
    preview = visit.use_cases.freeze_subscriptions(visit.signed_in, **chosen, preview=True)
    clients = visit.use_cases.list_clients(visit.signed_in) if preview.skipped or preview.overlapping else ()
    values = {"preview": preview, "names": {each.id: each.name for each in clients}, "frozen": frozen}
    return Page(page.template, {**page.values, **values, "days": chosen})


@room.page("POST", FREEZE_ALL, form=freeze_all_form)
def freeze_all_passes(visit: Visit) -> Answer:
    """Freeze them, and say how many."""
    fields = visit.fields
    chosen = _chosen(fields)
    done = visit.use_cases.freeze_subscriptions(visit.signed_in, **chosen)
    location = f"&location_id={chosen['location_id']}" if chosen["location_id"] else ""
    return Redirect(
        f"{FREEZE_ALL}?since={chosen['since']}&until={chosen['until']}{location}&frozen={done.frozen}"
    )


def _chosen(fields: FieldReader) -> Mapping[str, Any]:
    """The days and the location of a form. Raises Invalid with all that is wrong with them."""
    chosen = {
        "since": fields.required_day("since"),
        "until": fields.required_day("until"),
        "location_id": fields.id("location_id", LocationId),
    }
    fields.raise_if_errors()
    return chosen
