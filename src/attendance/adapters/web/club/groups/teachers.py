"""Who teaches a group, from when to when."""

from attendance.adapters.web.accounts.role_names import called
from attendance.adapters.web.club.groups.forms import GROUPS, RowForm, fields_called, group_path, named
from attendance.adapters.web.club.groups.groups import is_over, values_of_group
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.ids import id_in_path
from attendance.domain.club.groups import Teaching
from attendance.domain.ids import AccountId, GroupId
from attendance.domain.permissions.table import Permission

room = PageRoom()

TEACHERS = f"{GROUPS}/{{group_id:str}}/teachers"
FORM = RowForm(fields=("teacher", "from", "until"), list_name="teachers", wire_names={"user_id": "teacher"})
EMPTY_ROWS = 2


@room.page("GET", TEACHERS)
def teachers_form(visit: Visit, group_id: str) -> Answer:
    """A row for everybody who teaches the group or will, and empty ones."""
    visit.require(Permission.EDIT_GROUP)
    roster = visit.use_cases.show_roster(visit.signed_in, group_id=id_in_path(group_id, GroupId))
    current = [each for each in roster.teachers if not is_over(each, roster.today)]
    known = visit.use_cases.list_teachers(
        visit.signed_in, user_ids={each.user_id for each in roster.teachers}
    )
    stored = [
        {"teacher": str(each.user_id), "from": str(each.since), "until": str(each.until or "")}
        for each in current
    ]
    empty = {
        "teacher": "",
        "from": str(values_of_group(visit, roster)["first_day"]),
        "until": "",
    }
    chosen = {each.user_id for each in current}
    values = {
        **values_of_group(visit, roster),
        "rows": FORM.rows(visit, stored, empty=empty, more=EMPTY_ROWS),
        "earlier": [each for each in roster.teachers if each not in current],
        "teachers": {
            each.user_id: called(each.name, active=each.active, language=visit.language)
            for each in known
            if each.may_teach or each.user_id in chosen
        },
    }
    return Page("club/groups/teachers.html", values)


@room.page("POST", TEACHERS, form=teachers_form)
def replace_teachers(visit: Visit, group_id: str) -> Answer:
    """Say who teaches; those whose time was over before today stay as they are."""
    visit.require(Permission.EDIT_GROUP)
    roster = visit.use_cases.show_roster(visit.signed_in, group_id=id_in_path(group_id, GroupId))
    earlier = [each for each in roster.group.teachers if is_over(each, roster.today)]
    fields, numbers = visit.fields, FORM.filled(visit)
    teachings = [
        Teaching(
            user_id=fields.required_id(f"teacher-{number}", AccountId),
            since=fields.required_day(f"from-{number}"),
            until=fields.day(f"until-{number}"),
        )
        for number in numbers
    ]
    name_of = FORM.name_of(numbers, before=len(earlier))
    teachers = (*earlier, *teachings)
    fields.also(named(visit.use_cases.edit_group.errors_in({"teachers": teachers}), name_of))
    fields.raise_if_errors()
    with fields_called(name_of):
        visit.use_cases.edit_group(
            visit.signed_in,
            group_id=roster.group.id,
            versions=visit.fields.versions,
            teachers=teachers,
        )
    return Redirect(f"{group_path(roster.group.id)}?notice=teachers-saved")
