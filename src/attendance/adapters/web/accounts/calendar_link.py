"""The link by which a calendar program reads one's lessons: shown once, replaced, ended."""

from attendance.adapters.web.accounts.account import ACCOUNT, account
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.domain.permissions.table import Permission

room = PageRoom()

PATH = f"{ACCOUNT}/calendar"


def is_sent_again(visit: Visit) -> bool:
    """Whether the form was shown before the present link was made, as when the page with it is reloaded."""
    made_at = visit.use_cases.make_calendar_token.made_at(visit.signed_in, user_id=visit.signed_in.id)
    return visit.form.get("before") not in (None, made_at.isoformat() if made_at else "")


@room.page("GET", f"{PATH}/end")
@room.page("GET", PATH)
def calendar(visit: Visit) -> Answer:
    """A link that was made is not shown again: where there is one, and the button for another, is told."""
    return Redirect(f"{ACCOUNT}#calendar")


@room.page("POST", PATH, form=account, has_scripts=True, holds_secrets=True)
def make_calendar_link(visit: Visit) -> Answer:
    """Make a link, which ends the one before, and show it this once; none where the form is sent again."""
    if is_sent_again(visit):
        return Redirect(f"{ACCOUNT}?notice=calendar-made#calendar")
    user = visit.user
    made = visit.use_cases.make_calendar_token(visit.signed_in, user_id=user.id)
    names = {client.id: client.name for client in user.clients or ()}
    groups = {}
    if made.group_ids:
        listed = visit.use_cases.list_groups(visit.signed_in, teacher_id=user.id)
        groups = {group.id: group.name for group in listed}
    calendar_url = visit.service.settings.calendar_url
    values = {
        "teaching": calendar_url("users", user.id, made.token)
        if Permission.READ_GROUP_CALENDAR in visit.permissions
        else None,
        "groups": [
            (groups[group_id], calendar_url("groups", group_id, made.token))
            for group_id in made.group_ids
            if group_id in groups
        ],
        "clients": [
            (names[client_id], calendar_url("clients", client_id, made.token))
            for client_id in made.client_ids
            if client_id in names
        ],
    }
    return Page("accounts/calendar_link.html", values)


@room.page("POST", f"{PATH}/end", form=account)
def end_calendar_link(visit: Visit) -> Answer:
    """End one's link: programs that know it read nothing any more."""
    visit.use_cases.revoke_calendar_token(visit.signed_in, user_id=visit.signed_in.id)
    return Redirect(f"{ACCOUNT}?notice=calendar-ended#calendar")
