"""Users: who can sign in, invitations, roles, and who is switched off."""

from datetime import timedelta

from attendance.adapters.http.server.fields.ids import sent_id
from attendance.adapters.web.accounts.role_names import names_of_roles
from attendance.adapters.web.office import USERS, require_part
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.fields import FieldReader
from attendance.adapters.web.server.forms import Typed
from attendance.application.accounts.read_models import RoleChangeDetails, UserDetails
from attendance.application.club.timetables.listing import LessonInContextDetails
from attendance.application.forms.listing import Listed
from attendance.application.pagination import NumberedPage
from attendance.domain.accounts.role_changes import State
from attendance.domain.club.lessons import LessonState
from attendance.domain.dates import LONGEST_RANGE
from attendance.domain.errors import Forbidden
from attendance.domain.ids import AccountId
from attendance.domain.permissions.roles import Role
from attendance.domain.permissions.table import Permission

room = PageRoom()

PATH = USERS.path
ONE = f"{PATH}/{{user_id:str}}"
FILTERS = ("name", "role", "active")
YES, NO = "yes", "no"
LOOKS_AHEAD = timedelta(days=LONGEST_RANGE - 1)
"""How far lessons to come are looked for."""


@room.page("GET", PATH)
def users(visit: Visit) -> Answer:
    """Users by username: those found by the filters."""
    filters = visit.filters
    role, page = filters.choice("role", Role), filters.number("page") or 1
    filters.raise_if_errors()
    listed = visit.use_cases.list_users(
        visit.signed_in,
        name=filters.text("name"),
        role=role,
        active={YES: True, NO: False}.get(filters.text("active")),
        page=page,
    )
    values = {
        "listed": listed,
        "query": {name: visit.query[name] for name in FILTERS if visit.query[name]},
        "asked": visit.query.as_shown(),
        "role_names": names_of_roles(visit.language),
        "notice": visit.query["notice"],
    }
    return Page("office/users.html", values)


@room.page("GET", f"{PATH}/invite")
def invitation(visit: Visit) -> Answer:
    """The form to invite somebody, with the roles that one may give."""
    require_part(visit, USERS)
    roles, names = visit.use_cases.invite_user.roles_for(visit.signed_in), names_of_roles(visit.language)
    if not roles:
        raise Forbidden
    return Page("office/invite.html", {"roles": {role: names[role] for role in roles}})


@room.page("POST", f"{PATH}/invite", form=invitation)
def invite(visit: Visit) -> Answer:
    """Make an account for somebody and mail them the link to set its password."""
    form, use_case = visit.fields, visit.use_cases.invite_user
    role = form.required_choice("role", Role)
    fields = {name: form.text(name) for name in ("username", "email", "name")}
    form.also(use_case.errors_in(fields))
    form.raise_if_errors()
    invited = use_case(visit.signed_in, **fields, role=role)
    return Redirect(f"{PATH}/{invited.id}?notice=invited")


@room.page("GET", f"{ONE}/role")
@room.page("GET", f"{ONE}/active")
@room.page("GET", f"{ONE}/invitation")
@room.page("GET", f"{ONE}/invitation/withdraw")
@room.page("GET", ONE)
def user(visit: Visit, user_id: str) -> Answer:
    """One user, and what one may do about them."""
    require_part(visit, USERS)
    use_cases, actor = visit.use_cases, visit.signed_in
    shown = use_cases.show_user(actor, user_id=AccountId(sent_id(user_id)))
    awaiting: list[RoleChangeDetails] = []
    if Permission.READ_ROLE_CHANGES in visit.permissions:
        listed = use_cases.list_role_changes(actor, state=State.AWAITING)
        awaiting = [change for change in listed if change.user_id == shown.id]
    may_invite = Permission.INVITE_USER in visit.permissions
    names = names_of_roles(visit.language)
    to_come = _lessons_to_come(visit, shown)
    values = {
        "user": shown,
        "lessons_to_come": to_come.total,
        "next_lesson": next(iter(to_come), None),
        "is_self": shown.id == actor.id,
        "may_edit": use_cases.edit_user.is_open_to(actor, shown),
        "roles": {role: names[role] for role in use_cases.change_role.roles_for(actor, shown)},
        "may_switch": use_cases.change_active.is_open_to(actor, shown),
        "awaiting": awaiting,
        "invitation": use_cases.resend_invitation.open_invitation(actor, user_id=shown.id)
        if may_invite
        else None,
        "role_names": names,
        "now": Typed(
            username=shown.username, name=shown.name, email=shown.pending_email or shown.email or ""
        ),
        "notice": visit.query["notice"],
    }
    return Page("office/user.html", values)


def _lessons_to_come(visit: Visit, user: UserDetails) -> Listed[LessonInContextDetails]:
    """The lessons of a year that somebody is to teach and that have not begun, with the first of them."""
    return visit.use_cases.list_all_lessons(
        visit.signed_in,
        since=visit.today,
        until=visit.today + LOOKS_AHEAD,
        teacher_id=user.id,
        state=LessonState.PLANNED,
        untaken=False,
        page=NumberedPage(1, 1),
    )


@room.page("POST", ONE, form=user)
def edit_user(visit: Visit, user_id: str) -> Answer:
    """Change somebody's username, name or address; a new address counts once its link is used."""
    use_case = visit.use_cases.edit_user
    form = visit.fields
    fields = {name: form.text(name) for name in ("username", "name", "email")}
    form.also(use_case.errors_in(fields))
    form.raise_if_errors()
    use_case(
        visit.signed_in,
        user_id=AccountId(sent_id(user_id)),
        username=fields["username"],
        name=fields["name"],
        email=fields["email"],
        versions=form.versions,
    )
    return Redirect(f"{PATH}/{user_id}?notice=saved")


@room.page("POST", f"{ONE}/invitation", form=user)
def resend_invitation(visit: Visit, user_id: str) -> Answer:
    """Mail the link to set a password again, which voids the one before."""
    visit.use_cases.resend_invitation(visit.signed_in, user_id=AccountId(sent_id(user_id)))
    return Redirect(f"{PATH}/{user_id}?notice=invited")


@room.page("POST", f"{ONE}/invitation/withdraw", form=user)
def withdraw_invitation(visit: Visit, user_id: str) -> Answer:
    """Void the link, and leave username and address to others."""
    visit.use_cases.withdraw_invitation(visit.signed_in, user_id=AccountId(sent_id(user_id)))
    return Redirect(f"{PATH}/{user_id}?notice=withdrawn")


@room.page("POST", f"{ONE}/role", form=user)
def change_role(visit: Visit, user_id: str) -> Answer:
    """Give somebody another role: at once, or, where that takes ownership from them, once it is confirmed."""
    form = visit.fields
    role = form.required_choice("role", Role)
    form.raise_if_errors()
    outcome = visit.use_cases.change_role(
        visit.signed_in, user_id=AccountId(sent_id(user_id)), role=role, versions=form.versions
    )
    return _outcome(outcome, user_id, "role-changed")


@room.page("POST", f"{ONE}/active", form=user)
def change_active(visit: Visit, user_id: str) -> Answer:
    """Switch an account off, which signs it out everywhere, or on again."""
    form = visit.fields
    is_on = _switched(form)
    form.raise_if_errors()
    outcome = visit.use_cases.change_active(
        visit.signed_in, user_id=AccountId(sent_id(user_id)), active=is_on, versions=form.versions
    )
    return _outcome(outcome, user_id, "activated" if is_on else "deactivated")


def _switched(form: FieldReader) -> bool:
    chosen = form.text("active")
    if chosen not in (YES, NO):
        form.refuse("active", "must be one of the choices")
    return chosen == YES


def _outcome(outcome: UserDetails | RoleChangeDetails, user_id: str, notice: str) -> Answer:
    """What came of it: done, or awaiting somebody's word."""
    is_done = isinstance(outcome, UserDetails)
    return Redirect(f"{PATH}/{user_id}?notice={notice if is_done else 'awaiting'}")
