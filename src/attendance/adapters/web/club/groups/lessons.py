"""One lesson: adding it by hand, moving, cancelling, restoring, substituting, deleting it."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from attendance.adapters.web.accounts.role_names import called
from attendance.adapters.web.club.groups.forms import GROUPS, group_path, lesson_path
from attendance.adapters.web.club.groups.groups import REASONS, closure_of, values_of_group
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.fields import FieldReader
from attendance.adapters.web.server.ids import id_in_path
from attendance.adapters.web.server.languages import N_
from attendance.application.attendance.read_models import SheetDetails
from attendance.application.club.lessons import ChangedLessonDetails, LessonDetails
from attendance.domain.club.lessons import LessonState
from attendance.domain.errors import Forbidden
from attendance.domain.ids import AccountId, GroupId, LessonId, LocationId

room = PageRoom()

NEW = f"{GROUPS}/{{group_id:str}}/lessons/new"
LESSON = "/app/lessons/{lesson_id:str}"
MOST_WARNINGS = 5
RESTORED = N_("Somebody has let this lesson take place again already.")
CANCELLED = N_("Somebody has cancelled this lesson already.")


@room.page("GET", NEW)
def new_lesson(visit: Visit, group_id: str) -> Answer:
    """The form to add a lesson by hand with."""
    roster = visit.use_cases.show_roster(visit.signed_in, group_id=id_in_path(group_id, GroupId))
    if not roster.may_add_lessons:
        raise Forbidden
    usual = {each.user_id for each in roster.group.teachers if each.covers(roster.today)}
    values = {
        **values_of_group(visit, roster),
        "lesson": None,
        "locations": _locations(visit, roster.group.location_id)[0],
        "location_id": roster.group.location_id,
        "teachers": _teachers(visit, usual),
        "chosen": _chosen(visit, usual),
    }
    return Page("club/lessons/new.html", values)


@room.page("POST", NEW, form=new_lesson)
def add_lesson(visit: Visit, group_id: str) -> Answer:
    """Add a lesson by hand."""
    fields = visit.fields
    when = {
        "date": fields.required_day("date"),
        "starts": fields.required_time("starts"),
        "ends": fields.required_time("ends"),
    }
    more: dict[str, Any] = {
        "location_id": fields.id("location_id", LocationId),
        "topic": fields.text("topic"),
    }
    if fields.checked("chooses_teachers"):
        more["teachers"] = fields.ids("teachers", AccountId)
    _refuse_what_is_wrong(visit, fields, {**when, **more})
    lesson = visit.use_cases.add_lesson(
        visit.signed_in,
        group_id=id_in_path(group_id, GroupId),
        **when,  # type: ignore[arg-type]
        **more,
    )
    return Redirect(f"{lesson_path(lesson.id)}/edit?{_told('added', lesson)}")


@room.page("GET", f"{LESSON}/edit")
@room.page("GET", f"{LESSON}/cancel")
@room.page("GET", f"{LESSON}/restore")
@room.page("GET", f"{LESSON}/delete")
def edit_lesson_form(visit: Visit, lesson_id: str) -> Answer:
    """Everything that may be done with a lesson but marking who came."""
    sheet, lesson = _lesson(visit, lesson_id)
    locations, by_id = _locations(visit, lesson.location_id)
    place = by_id[lesson.location_id]
    teachers = _teachers(visit, {*lesson.teachers})
    values = {
        "sheet": sheet,
        "lesson": lesson,
        "lesson_path": lesson_path(lesson.id),
        "group_path": group_path(lesson.group_id),
        "locations": locations,
        "location_id": lesson.location_id,
        "teachers": teachers,
        "chosen": _chosen(visit, {*lesson.teachers}),
        "teacher_names": [teachers[user_id] for user_id in lesson.teachers if user_id in teachers],
        "is_marked": any(entry.status and not entry.announced for entry in sheet.attendances),
        "closure": closure_of(lesson, place),
        "closed_anyway": place.closure_on(lesson.date) if lesson.state is LessonState.PLANNED else None,
        "place": place,
        "reasons": REASONS,
        "notice": visit.query["notice"],
        "elsewhere": _elsewhere(visit, teachers),
        "was_faster": _was_faster(visit, lesson),
    }
    return Page("club/lessons/edit.html", values)


@room.page("POST", f"{LESSON}/edit", form=edit_lesson_form)
def edit_lesson(visit: Visit, lesson_id: str) -> Answer:
    """Move a lesson, say what it is about, and for managers who teaches it."""
    _, lesson = _lesson(visit, lesson_id)
    fields = visit.fields
    changes: dict[str, Any] = {
        "date": fields.required_day("date"),
        "starts": fields.required_time("starts"),
        "ends": fields.required_time("ends"),
        "topic": fields.text("topic"),
    }
    if location_id := fields.id("location_id", LocationId):
        changes["location_id"] = location_id
    if fields.checked("chooses_teachers"):
        chosen = fields.ids("teachers", AccountId)
        kept = tuple(user_id for user_id in lesson.teachers if user_id in chosen)
        changes["teachers"] = (*kept, *(user_id for user_id in chosen if user_id not in kept))
    _refuse_what_is_wrong(visit, fields, changes)
    return _changed(visit, lesson, "saved", **changes)


@room.page("POST", f"{LESSON}/cancel", form=edit_lesson_form)
def cancel_lesson(visit: Visit, lesson_id: str) -> Answer:
    """Cancel a lesson, with a reason; its visits go back to the passes that paid."""
    _, lesson = _lesson(visit, lesson_id)
    return _changed(visit, lesson, "cancelled", cancelled=True, reason=visit.form["reason"])


@room.page("POST", f"{LESSON}/restore", form=edit_lesson_form)
def restore_lesson(visit: Visit, lesson_id: str) -> Answer:
    """Restore a lesson that was cancelled."""
    _, lesson = _lesson(visit, lesson_id)
    return _changed(visit, lesson, "restored", cancelled=False)


@room.page("POST", f"{LESSON}/delete", form=edit_lesson_form)
def delete_lesson(visit: Visit, lesson_id: str) -> Answer:
    """Delete a lesson without marks."""
    _, lesson = _lesson(visit, lesson_id)
    visit.use_cases.delete_lesson(
        visit.signed_in, group_id=lesson.group_id, lesson_id=lesson.id, versions=visit.fields.versions
    )
    return Redirect(f"{group_path(lesson.group_id)}?notice=lesson-deleted")


def _was_faster(visit: Visit, lesson: LessonDetails) -> str:
    """What a form was sent to do that somebody else has done already."""
    is_cancelled = lesson.state is LessonState.CANCELLED
    if visit.form and visit.path.endswith("/restore") and not is_cancelled:
        return RESTORED
    if visit.form and visit.path.endswith("/cancel") and is_cancelled:
        return CANCELLED
    return ""


def _lesson(visit: Visit, lesson_id: str) -> tuple[SheetDetails, LessonDetails]:
    """A lesson, for whoever may mark and edit it, with what is marked in it."""
    sheet = visit.use_cases.show_sheet(visit.signed_in, lesson_id=id_in_path(lesson_id, LessonId))
    lesson = visit.use_cases.show_lesson(visit.signed_in, group_id=sheet.group_id, lesson_id=sheet.lesson_id)
    return sheet, lesson


def _changed(visit: Visit, lesson: LessonDetails, notice: str, **changes: Any) -> Answer:
    changed = visit.use_cases.edit_lesson(
        visit.signed_in,
        group_id=lesson.group_id,
        lesson_id=lesson.id,
        versions=visit.fields.versions,
        **changes,
    )
    return Redirect(f"{lesson_path(lesson.id)}/edit?{_told(notice, changed)}")


def _refuse_what_is_wrong(visit: Visit, fields: FieldReader, given: dict[str, Any]) -> None:
    """Raise Invalid with all that is wrong with what was typed and with the lesson that it makes."""
    fields.raise_if_errors()
    for error in visit.use_cases.add_lesson.errors_in(given):
        fields.refuse(error.field, error.message)
    fields.raise_if_errors()


def _told(notice: str, lesson: ChangedLessonDetails) -> str:
    """What the page says after a change: that it was made, and which teachers are elsewhere at that time."""
    elsewhere = ".".join(
        f"{warning.user_id}~{warning.with_lesson_id}" for warning in lesson.warnings[:MOST_WARNINGS]
    )
    return urlencode({"notice": notice, **({"elsewhere": elsewhere} if elsewhere else {})})


def _elsewhere(visit: Visit, teachers: dict[AccountId, str]) -> list[tuple[str, str]]:
    """The names of teachers who are elsewhere, each with the path of the other lesson."""
    found = []
    for told in visit.query["elsewhere"].split(".")[:MOST_WARNINGS]:
        user_id, _, other = told.partition("~")
        try:
            name, lesson_id = teachers.get(AccountId(UUID(user_id))), LessonId(UUID(other))
        except ValueError:
            continue
        if name:
            found.append((name, f"{lesson_path(lesson_id)}/edit"))
    return found


def _locations(visit: Visit, chosen: LocationId) -> tuple[dict[LocationId, str], dict[LocationId, Any]]:
    """The names of the places to choose of, and all places."""
    by_id = {location.id: location for location in visit.use_cases.list_locations(visit.signed_in)}
    names = {each.id: each.name for each in by_id.values() if each.active or each.id == chosen}
    return names, by_id


def _teachers(visit: Visit, chosen: set[AccountId]) -> dict[AccountId, str]:
    """The names of those who may teach, and of those who do."""
    found = visit.use_cases.list_teachers(visit.signed_in, user_ids=chosen)
    return {
        each.user_id: called(each.name, active=each.active, language=visit.language)
        for each in found
        if each.may_teach or each.user_id in chosen
    }


def _chosen(visit: Visit, stored: set[AccountId]) -> set[str]:
    """The ids of those who are chosen: as typed, or as stored."""
    if "chooses_teachers" in visit.form:
        return {name.partition(":")[2] for name in visit.form if name.startswith("teachers:")}
    return {str(user_id) for user_id in stored}
