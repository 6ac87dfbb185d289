"""Who comes to a group: adding a client, ending a membership, correcting its dates."""

from attendance.adapters.web.club.groups.forms import (
    GROUPS,
    REWRITE,
    RowForm,
    fields_called,
    group_path,
    named,
)
from attendance.adapters.web.club.groups.groups import is_over, values_of_group
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.ids import id_in_path
from attendance.domain.club.groups import GroupMembership, MembershipNotFound
from attendance.domain.ids import ClientId, GroupId
from attendance.domain.permissions.table import Permission

room = PageRoom()

MEMBERS = f"{GROUPS}/{{group_id:str}}/members"
MEMBER = f"{MEMBERS}/{{client_id:str}}"
FORM_NAMES = {"since": "from", "until": "until"}
DATES = RowForm(fields=("from", "until"), list_name="members", wire_names={"since": "from"})
MOST_ROWS = 40
"""A form has at most 100 fields."""


@room.page("GET", MEMBERS)
def add_member_form(visit: Visit, group_id: str) -> Answer:
    """Search a client by name, then choose one and say from when on."""
    visit.require(Permission.EDIT_GROUP)
    roster = visit.use_cases.show_roster(visit.signed_in, group_id=id_in_path(group_id, GroupId))
    q = visit.query.as_shown()["q"] or visit.form.as_shown()["q"]
    values = {**values_of_group(visit, roster), "roster": roster, "q": q, "found": None}
    if q:
        found = visit.use_cases.list_clients(visit.signed_in, q=q, active=True, page=1)
        memberships = roster.group.members or ()
        members = {each.client_id for each in memberships if not is_over(each, roster.today)}
        values |= {"found": [*found], "more": found.total - len(found), "members": members}
    return Page("club/groups/add_member.html", values)


@room.page("POST", MEMBERS, form=add_member_form, said_at={"outside_group_dates": ("from",)})
def add_member(visit: Visit, group_id: str) -> Answer:
    """Add a client to a group from a day on."""
    fields = visit.fields
    client_id = fields.required_id("client_id", ClientId)
    since, until = fields.required_day("from"), fields.day("until")
    fields.raise_if_errors()
    with fields_called(lambda name: FORM_NAMES.get(name, name)):
        group = visit.use_cases.add_member(
            visit.signed_in,
            group_id=id_in_path(group_id, GroupId),
            client_id=client_id,
            since=since,
            until=until,
            versions=visit.fields.versions,
            keep_held_rosters=not fields.checked(REWRITE),
        )
    return Redirect(f"{group_path(group.id)}?notice=member-added&day={since}")


@room.page("GET", f"{MEMBER}/dates")
@room.page("GET", MEMBER)
def member_form(visit: Visit, group_id: str, client_id: str) -> Answer:
    """The forms to end a client's membership with, and to correct the dates of all that the client has."""
    visit.require(Permission.EDIT_GROUP)
    of, who = id_in_path(group_id, GroupId), id_in_path(client_id, ClientId)
    roster = visit.use_cases.show_roster(visit.signed_in, group_id=of)
    own = [each for each in roster.group.members or () if each.client_id == who]
    if not own:
        raise MembershipNotFound
    stored = [{"from": str(each.since), "until": str(each.until or "")} for each in own]
    values = {
        **values_of_group(visit, roster),
        "client": visit.use_cases.show_client(visit.signed_in, client_id=who),
        "membership": next((each for each in own if not is_over(each, roster.today)), None),
        "rows": DATES.rows(visit, stored, empty={}, more=0) if len(stored) <= MOST_ROWS else [],
        "is_correcting": bool(DATES.numbers_sent(visit)),
    }
    return Page("club/groups/member.html", values)


@room.page("POST", MEMBER, form=member_form)
def end_member(visit: Visit, group_id: str, client_id: str) -> Answer:
    """End a client's membership with a day, or remove one that has not begun."""
    fields = visit.fields
    until = fields.required_day("until")
    fields.raise_if_errors()
    group = visit.use_cases.end_member(
        visit.signed_in,
        group_id=id_in_path(group_id, GroupId),
        client_id=id_in_path(client_id, ClientId),
        until=until,
        versions=visit.fields.versions,
        keep_held_rosters=not fields.checked(REWRITE),
    )
    return Redirect(f"{group_path(group.id)}?notice=member-ended")


@room.page("POST", f"{MEMBER}/dates", form=member_form, said_at={"group_full": ("from-0",)})
def correct_dates(visit: Visit, group_id: str, client_id: str) -> Answer:
    """Say from when to when a client was, is and will be in a group; others' memberships stay."""
    of, who = id_in_path(group_id, GroupId), id_in_path(client_id, ClientId)
    members = visit.use_cases.show_group(visit.signed_in, group_id=of).members or ()
    others = [each for each in members if each.client_id != who]
    fields, numbers = visit.fields, DATES.filled(visit)
    own = [
        GroupMembership(
            client_id=who, since=fields.required_day(f"from-{number}"), until=fields.day(f"until-{number}")
        )
        for number in numbers
    ]
    name_of = DATES.name_of(numbers, before=len(others))
    given = {"members": (*others, *own)}
    fields.also(named(visit.use_cases.edit_group.errors_in(given), name_of))
    fields.raise_if_errors()
    with fields_called(name_of):
        visit.use_cases.edit_group(
            visit.signed_in,
            group_id=of,
            versions=visit.fields.versions,
            keep_held_rosters=not fields.checked(REWRITE),
            members=(*others, *own),
        )
    return Redirect(f"{group_path(of)}?notice=saved")
