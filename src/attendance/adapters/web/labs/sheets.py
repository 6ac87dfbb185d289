"""A lab: who was there on a day, for its owner; and what its members see of it."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable

from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.ids import id_in_path
from attendance.adapters.web.server.languages import N_
from attendance.adapters.web.server.navigation import LABS
from attendance.domain.attendance.status import Status
from attendance.domain.dates import ONE_DAY
from attendance.domain.ids import AccountId, LabId, LabMarkId
from attendance.domain.labs.marks import LONGEST_NOTE, LabOrUserNotFound

room = PageRoom(is_of_labs=True)

LAB = f"{LABS}/{{lab_id:str}}"
STATUSES = {
    Status.PRESENT: (N_("Present"), "good"),
    Status.LATE: (N_("Late"), "wait"),
    Status.ABSENT: (N_("Absent"), "wrong"),
    Status.EXCUSED: (N_("Excused"), "plain"),
}
"""What they are called, and by which badge they are shown."""
MOST_SHOWN = 366
"""Marks of a history that are shown, the newest."""


@room.page("GET", LAB, has_scripts=True)
def lab(visit: Visit, lab_id: str) -> Answer:
    """The lab, for its owner with the marks of a day: `?day=`, today's without."""
    asked = visit.fields if "day" in visit.form else visit.filters
    day = asked.day("day")
    asked.raise_if_errors()
    view = visit.use_cases.show_lab(visit.signed_in, lab_id=id_in_path(lab_id, LabId), date=day)
    marks = [member.mark.entry.status for member in view.members or () if member.mark]
    values = {
        "view": view,
        "statuses": STATUSES,
        "counts": _counts(marks),
        "marked": len(marks),
        "before": view.date - ONE_DAY if view.date > dt.date.min else None,
        "after": view.date + ONE_DAY if view.date < dt.date.max else None,
        "longest": LONGEST_NOTE,
        "notice": visit.query["notice"],
    }
    return Page("labs/lab.html", values)


@room.page("POST", f"{LAB}/marks", form=lab, has_scripts=True)
def mark_member(visit: Visit, lab_id: str) -> Answer:
    """Mark a member on a day, or change the mark or its note."""
    fields = visit.fields
    user_id = fields.id("user_id", AccountId)
    day, status = fields.required_day("day"), fields.required_choice("status", Status)
    fields.raise_if_errors()
    if user_id is None:
        raise LabOrUserNotFound
    mark = visit.use_cases.mark_lab_attendance(
        visit.signed_in,
        lab_id=id_in_path(lab_id, LabId),
        user_id=user_id,
        date=day,
        status=status,
        note=visit.form["note"],
    )
    return Redirect(f"{LABS}/{mark.lab_id}?day={day}#member-{mark.user_id}")


@room.page("POST", f"{LAB}/marks/{{mark_id:str}}/delete")
def delete_mark(visit: Visit, lab_id: str, mark_id: str) -> Answer:
    """Take a mark away: the member is not marked on that day any more.

    By the status that is tapped again one goes back to the member, whom the form names then.
    """
    fields = visit.fields
    day, user_id = fields.day("day"), fields.id("user_id", AccountId)
    fields.raise_if_errors()
    known_id = id_in_path(lab_id, LabId)
    visit.use_cases.delete_lab_attendance(
        visit.signed_in, lab_id=known_id, attendance_id=id_in_path(mark_id, LabMarkId)
    )
    if day and user_id:
        return Redirect(f"{LABS}/{known_id}?day={day}#member-{user_id}")
    return Redirect(f"{LABS}/{known_id}?notice=deleted" + (f"&day={day}" if day else ""))


@room.page("GET", f"{LAB}/members/{{user_id:str}}")
def history(visit: Visit, lab_id: str, user_id: str) -> Answer:
    """A member's marks, the newest first: `?from=` and `?until=` are their first and last day."""
    filters = visit.filters
    since, until = filters.day("from"), filters.day("until")
    filters.raise_if_errors()
    known_id = id_in_path(lab_id, LabId)
    found = visit.use_cases.lab_attendance_history(
        visit.signed_in, lab_id=known_id, user_id=id_in_path(user_id, AccountId), since=since, until=until
    )
    view = visit.use_cases.show_lab(visit.signed_in, lab_id=known_id)
    values = {
        "view": view,
        "history": found,
        "rows": found.attendances[::-1][:MOST_SHOWN],
        "more": len(found.attendances[MOST_SHOWN:]),
        "statuses": STATUSES,
        "counts": _counts(row.status for row in found.attendances),
        "since": since,
        "until": until,
    }
    return Page("labs/history.html", values)


def _counts(marks: Iterable[Status]) -> list[tuple[Status, int]]:
    """How often each status was given, in the order in which they are shown."""
    times = Counter(marks)
    return [(status, times[status]) for status in STATUSES]
