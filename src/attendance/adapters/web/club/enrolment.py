"""Into which groups a client goes, from when until when."""

from attendance.adapters.web.club.groups.forms import REWRITE
from attendance.adapters.web.club.passes import card_of, required
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.ids import id_in_path
from attendance.domain.ids import ClientId, GroupId
from attendance.domain.permissions.table import Permission

room = PageRoom()

ENROL = "/app/clients/{client_id:str}/groups/enrol"
END = "/app/clients/{client_id:str}/groups/{group_id:str}/end"


@room.page("GET", ENROL)
def enrol_form(visit: Visit, client_id: str, group_id: str = "") -> Answer:
    """The groups there are, and those that the client is in. `group_id`: the one whose end was refused."""
    required(visit, Permission.EDIT_GROUP)
    use_cases, actor, today = visit.use_cases, visit.signed_in, visit.today
    client = use_cases.show_client(actor, client_id=id_in_path(client_id, ClientId))
    memberships = [*use_cases.groups_of_client(actor, client_id=client.id)]
    # whoever leaves a group may come again later
    is_in = {each.group_id for each in memberships if each.until is None}
    groups = [
        each
        for each in use_cases.list_groups(actor)
        if (each.active_until or today) >= today and each.id not in is_in
    ]
    values = {
        "client": client,
        "memberships": memberships,
        "groups": groups,
        "members": {each.id: sum(member.covers(today) for member in each.members or ()) for each in groups},
        "refused_id": group_id,
        "today": today,
    }
    return Page("club/passes/enrol.html", values)


@room.page(
    "POST",
    ENROL,
    form=enrol_form,
    said_at={
        "already_in_group": ("group_id",),
        "group_full": ("group_id",),
        "outside_group_dates": ("since",),
        "client_archived": ("group_id",),
    },
)
def enrol(visit: Visit, client_id: str) -> Answer:
    """Add the client to a group, unless another day is said from today or the group's first day on."""
    fields = visit.fields
    group_id, since = fields.required_id("group_id", GroupId), fields.day("since")
    until = fields.day("until")
    fields.raise_if_errors()
    named = id_in_path(client_id, ClientId)
    if since is None:
        group = visit.use_cases.show_group(visit.signed_in, group_id=group_id)
        since = max(visit.today, group.active_from or visit.today)
    visit.use_cases.add_member(
        visit.signed_in,
        client_id=named,
        group_id=group_id,
        since=since,
        until=until,
        keep_held_rosters=not fields.checked(REWRITE),
    )
    return Redirect(card_of(named, "enrolled", "groups"))


@room.page("POST", END, form=enrol_form, said_at={"membership_not_found": ("last",)})
def end_membership(visit: Visit, client_id: str, group_id: str) -> Answer:
    """End the client's membership in a group with a day."""
    fields = visit.fields
    last = fields.required_day("last")
    fields.raise_if_errors()
    named = id_in_path(client_id, ClientId)
    visit.use_cases.end_member(
        visit.signed_in,
        client_id=named,
        group_id=id_in_path(group_id, GroupId),
        until=last,
        keep_held_rosters=not fields.checked(REWRITE),
    )
    return Redirect(card_of(named, "membership-ended", "groups"))
