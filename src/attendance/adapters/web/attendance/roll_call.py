"""The roll call of a lesson: who is there, said by one tap each, or by one form.

The form is for the whole sheet. Of each client it says what was shown, so that only what somebody changed is
sent on, and only over what they saw.
"""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from uuid import UUID
from zlib import crc32
from zoneinfo import ZoneInfo

from litestar.exceptions import HTTPException
from markupsafe import Markup

from attendance.adapters.web.club.clients.ages import birthday_in, namesakes
from attendance.adapters.web.server.declaration import Answer, Page, PageRoom, Redirect, Visit
from attendance.adapters.web.server.fields import CHECKED
from attendance.adapters.web.server.formats import initials
from attendance.adapters.web.server.forms import Typed
from attendance.adapters.web.server.ids import id_in_path
from attendance.adapters.web.server.rendering.compiling import escaped, marked
from attendance.application.attendance.read_models import SheetDetails
from attendance.application.ports.attendance import SheetEntry
from attendance.domain.attendance.marks import SentMark
from attendance.domain.attendance.status import Status
from attendance.domain.club.lessons import LessonState
from attendance.domain.errors import FieldError, Invalid, Outdated
from attendance.domain.ids import ClientId, LessonId
from attendance.domain.text import sort_key

room = PageRoom()

LESSON = "/app/lessons/{lesson_id:str}"
REST, SEARCH = "rest", "search"
"""What the buttons of the form do, beside saving what was chosen."""
_WHOLE_NUMBER = re.compile(r"[0-9]{1,9}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A client in the form: what is known, and what was chosen if the form comes back.

    `changed_to`: what somebody else has said meanwhile of whom something else was chosen.
    """

    id: str
    entry: SheetEntry
    status: str
    note: str
    minutes: str
    trial: bool
    changed_to: SheetEntry | None = None

    @property
    def initials(self) -> str:
        return initials(self.entry.name)

    @property
    def shown(self) -> str:
        """What the form says that it showed, to be compared with what comes back."""
        return _stamp(_status(self.entry), self.entry.note, _minutes(self.entry), is_trial=self.entry.trial)


BLANK = Row(
    id=str(UUID(int=0)),
    entry=SheetEntry(client_id=ClientId(UUID(int=0)), name="", birthday=None, guest=False),
    status="",
    note="",
    minutes="",
    trial=False,
)
"""What a script makes the rows of further guests of."""


@room.page("GET", LESSON, has_scripts=True)
def roll_call(visit: Visit, lesson_id: str) -> Answer:
    """Who is to be at a lesson or was, marked or not, with all that is to be known of each at the door."""
    sheet = visit.use_cases.show_sheet(visit.signed_in, lesson_id=_lesson_id(lesson_id))
    found = _found(visit)
    rows = [_row(entry, visit.form) for entry in (*sheet.attendances, *_guests(visit.form, found, sheet))]
    # a column of names is gone through by what families are called
    rows.sort(key=lambda row: (row.entry.guest, *_place_of(row.entry.name)))
    values = {
        "sheet": sheet,
        "rows": rows,
        "marked": sheet.total - sheet.counts.unmarked,
        "why_not": _why_not(sheet),
        "this_year": visit.today.year,
        "blank": BLANK,
        "filled": _filled,
        "said_of": _said_of,
        "zone_of": ZoneInfo,
        "is_birthday": lambda born: _is_birthday(born, sheet.date),
        "session": visit.visitor,
        "searched": visit.form.as_shown()["guest"],
        "namesakes": namesakes(row.entry.name for row in rows),
        "names": {row.id: row.entry.name for row in rows},
        "first_found": next((row.id for row in rows if row.entry.client_id in found), None),
        "notice": visit.query["notice"],
    }
    return Page("attendance/roll_call.html", values, tells_conflicts=True)


@room.page("POST", LESSON, form=roll_call, has_scripts=True)
def mark(visit: Visit, lesson_id: str) -> Answer:
    """Mark whom the form has changed, and with `rest` everybody else as present; or look for a guest."""
    # a key for the end of a line sends the first button of a form, whatever field one is in
    if visit.form["do"] == SEARCH and visit.form["guest"].strip():
        return roll_call(visit, lesson_id)
    entries = _changed(visit.form)
    if visit.form["do"] == REST:
        _require_decided(visit.form, entries)
        entries += _rest(visit.form, but={sent["client_id"] for sent in entries})
    try:
        visit.use_cases.mark_attendance(visit.signed_in, lesson_id=_lesson_id(lesson_id), attendances=entries)
    except Invalid as invalid:
        raise Invalid(*_by_client(invalid, entries)) from invalid
    return Redirect(f"/app/lessons/{lesson_id}?notice=saved")


@room.page("GET", f"{LESSON}/notes/{{client_id:str}}")
def notes(visit: Visit, lesson_id: str, client_id: str) -> Answer:
    """What is to be known of a client: apart from the sheet, which phones keep."""
    sheet = visit.use_cases.show_sheet(visit.signed_in, lesson_id=_lesson_id(lesson_id))
    client = visit.use_cases.show_client(visit.signed_in, client_id=id_in_path(client_id, ClientId))
    return Page("attendance/notes.html", {"sheet": sheet, "client": client})


def _lesson_id(text: str) -> LessonId:
    return id_in_path(text, LessonId)


# What the form says


def _changed(form: Typed) -> list[SentMark]:
    """The entries of whom something else was chosen than was shown; only over what was shown."""
    entries: list[SentMark] = []
    for client_id, id_text in _clients_in(form):
        status, minutes = _chosen(form, id_text), form[f"minutes:{id_text}"].strip()
        note, trial = form[f"note:{id_text}"], form[f"trial:{id_text}"] == CHECKED
        version = form[f"version:{id_text}"]
        if not _WHOLE_NUMBER.fullmatch(version) or status not in ("", *Status):
            raise HTTPException(status_code=400)
        if _stamp(status, note, minutes, is_trial=trial) == form[f"shown:{id_text}"]:
            continue
        sent: SentMark = {"client_id": client_id, "status": None, "if_version": int(version)}
        if status:
            sent |= {"status": Status(status), "note": note, "trial": trial}
        elif note.strip() or trial:
            # what is said of nobody's mark is not dropped in silence: it is refused
            sent |= {"note": note, "trial": trial}
        if status == Status.LATE:
            sent["minutes_late"] = _minutes_in(minutes)
        entries.append(sent)
    return entries


def _minutes_in(text: str) -> int | None:
    """What is refused with everything else that is wrong, where it is no number."""
    if not text:
        return None
    return int(text) if _WHOLE_NUMBER.fullmatch(text) else 0


def _require_decided(form: Typed, entries: list[SentMark]) -> None:
    """Raise Outdated where one is asked about: the button for who is not marked decides nothing of who is."""
    if any(form[f"open:{sent['client_id']}"] for sent in entries):
        raise Outdated


def _rest(form: Typed, *, but: set[ClientId]) -> list[SentMark]:
    """Everybody whom nobody has marked: present, unless somebody marks them meanwhile."""
    return [
        {"client_id": client_id, "status": Status.PRESENT, "if_unmarked": True}
        for client_id, id_text in _clients_in(form)
        if client_id not in but and not _chosen(form, id_text) and not form[f"name:{id_text}"]
    ]


def _clients_in(form: Typed) -> Iterator[tuple[ClientId, str]]:
    for name in form:
        kind, _, id_text = name.partition(":")
        if kind == "version":
            try:
                yield ClientId(UUID(id_text)), id_text
            except ValueError as error:
                raise HTTPException(status_code=400) from error


def _chosen(form: Typed, id_text: str) -> str:
    return "" if form[f"clear:{id_text}"] == CHECKED else form[f"status:{id_text}"]


def _stamp(status: str, note: str, minutes: str, *, is_trial: bool) -> str:
    late = minutes if status == Status.LATE else ""
    return f"{status}.{late}.{int(is_trial)}.{crc32(note.encode()) if note else 0:x}"


def _status(entry: SheetEntry) -> str:
    return entry.status or ""


def _minutes(entry: SheetEntry) -> str:
    return str(entry.minutes_late or "")


def _by_client(invalid: Invalid, entries: list[SentMark]) -> Iterator[FieldError]:
    """The errors by the fields of the form, whatever place an entry had."""
    for error in invalid.field_errors:
        place, _, field = error.field.removeprefix("attendances[").partition("].")
        if place.isdecimal():
            name = {"minutes_late": "minutes", "trial": "note"}.get(field, field)
            yield FieldError(f"{name}:{entries[int(place)]['client_id']}", error.message)
        else:
            yield error


# What is shown


def _filled(html: Markup, client_id: str) -> Markup:
    """The HTML of a client with the id, which stands in it often; a bracket of a text is none by then."""
    return marked(str.replace(html, "<@>", client_id))


def _said_of(text: Markup, name: str, value: object) -> Markup:
    """A text of ours with a value, escaped, where it has its name in curly brackets."""
    return marked(str.replace(text, f"{{{name}}}", escaped(value)))


def _row(entry: SheetEntry, form: Typed) -> Row:
    """The client as the sheet has them, or as somebody wanted them who is shown the form again."""
    id_text = str(entry.client_id)
    now = Row(
        id=id_text,
        entry=entry,
        status=_status(entry),
        note=entry.note,
        minutes=_minutes(entry),
        trial=entry.trial,
    )
    shown = form.get(f"shown:{id_text}") if form else None
    if shown is None:
        return now
    form = form.as_shown()
    wanted = replace(
        now,
        status=_chosen(form, id_text),
        note=form[f"note:{id_text}"],
        minutes=form[f"minutes:{id_text}"].strip(),
        trial=form[f"trial:{id_text}"] == CHECKED,
    )
    if _stamp(wanted.status, wanted.note, wanted.minutes, is_trial=wanted.trial) in (shown, now.shown):
        return now
    is_changed = bool(form[f"open:{id_text}"]) or form[f"version:{id_text}"] != str(entry.version)
    return replace(wanted, changed_to=entry if is_changed else None)


def _found(visit: Visit) -> dict[ClientId, str]:
    """The names of clients whom a search for a guest finds, those on the sheet, too."""
    if visit.form["do"] != SEARCH or not visit.form["guest"].strip():
        return {}
    found = visit.use_cases.list_clients(visit.signed_in, q=visit.form["guest"], active=True, page=1)
    return {client.id: client.name for client in found.items}


def _guests(form: Typed, found: dict[ClientId, str], sheet: SheetDetails) -> Iterator[SheetEntry]:
    """Clients to be added: those found, and those whom the form that comes back had already."""
    names: dict[ClientId, str] = {}
    form = form.as_shown()
    for client_id, id_text in _clients_in(form):
        if name := form[f"name:{id_text}"].strip():
            names[client_id] = name
    names |= found
    listed = {entry.client_id for entry in sheet.attendances}
    for client_id, name in names.items():
        if client_id not in listed:
            yield SheetEntry(client_id=client_id, name=name, birthday=None, guest=True)


def _why_not(sheet: SheetDetails) -> str:
    """Why nobody can be marked now but as excused: `cancelled`, `over`, `early`, or "" where they can."""
    if sheet.state is LessonState.CANCELLED:
        return "cancelled"
    if sheet.may_mark:
        return ""
    return "over" if sheet.marking_starts_at is None else "early"


def _is_birthday(born: dt.date | None, on: dt.date) -> bool:
    """Whether somebody has their birthday on a day."""
    return born is not None and birthday_in(on.year, born) == on


@lru_cache(maxsize=4096)
def _place_of(name: str) -> tuple[str, ...]:
    """Where somebody stands in a list."""
    return tuple(map(sort_key, _family_and_given(name)))


def _family_and_given(name: str) -> tuple[str, str]:
    """What a family is called, and the rest: before a comma, otherwise the last word."""
    family, comma, given = name.partition(",")
    if comma:
        return family.strip(), given.strip()
    given, _, family = name.rpartition(" ")
    return family, given
