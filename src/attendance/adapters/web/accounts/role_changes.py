"""What awaits the word of an owner, and what was decided before."""

from attendance.adapters.http.server.fields.ids import sent_id
from attendance.adapters.web.accounts.role_names import names_of_roles, names_of_states
from attendance.adapters.web.office import ROLE_CHANGES, require_part
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.domain.accounts.role_changes import State
from attendance.domain.errors import NotFound
from attendance.domain.ids import RoleChangeId

room = PageRoom()

PATH = ROLE_CHANGES.path
DONE = {"confirm": "confirmed", "reject": "rejected", "withdraw": "withdrawn"}
"""What is said of a decision, by what was decided."""


@room.page("GET", f"{PATH}/{{role_change_id:str}}/{{decision:str}}")
@room.page("GET", PATH)
def role_changes(visit: Visit, role_change_id: str = "", decision: str = "") -> Answer:
    """What awaits, with what one may decide; below it the past, newest first."""
    require_part(visit, ROLE_CHANGES)
    if decision and decision not in DONE:
        raise NotFound
    listed = visit.use_cases.list_role_changes(visit.signed_in, page=visit.filters.number("page") or 1)
    awaiting = visit.use_cases.list_role_changes(visit.signed_in, state=State.AWAITING)
    values = {
        "awaiting": [*awaiting],
        "past": [change for change in listed if change.state is not State.AWAITING],
        "listed": listed,
        "role_names": names_of_roles(visit.language),
        "state_names": names_of_states(visit.language),
        "notice": visit.query["notice"],
    }
    return Page("office/role_changes.html", values)


@room.page("POST", f"{PATH}/{{role_change_id:str}}/{{decision:str}}", form=role_changes)
def decide(visit: Visit, role_change_id: str, decision: str) -> Answer:
    """Confirm, reject or withdraw a change."""
    use_cases = visit.use_cases
    decides = {
        "confirm": use_cases.confirm_role_change.__call__,
        "reject": use_cases.reject_role_change.__call__,
        "withdraw": use_cases.withdraw_role_change.__call__,
    }.get(decision)
    if decides is None:
        raise NotFound
    change_id = RoleChangeId(sent_id(role_change_id))
    decided = decides(visit.signed_in, role_change_id=change_id, versions=visit.fields.versions)
    if decided.user_id != visit.signed_in.id:
        return Redirect(f"{PATH}?notice={DONE[decision]}")
    # whoever confirms what is about them may see the list no longer
    is_over = decision == "confirm"
    return Redirect("/app/account?notice=own-role-changed" if is_over else f"{PATH}?notice={DONE[decision]}")
