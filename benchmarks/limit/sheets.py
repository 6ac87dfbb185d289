"""A lesson's sheet: what is sent, who may, what changes, what is answered."""

import datetime as dt
from collections.abc import Iterable
from typing import Annotated, Any, NamedTuple
from unicodedata import category
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec
from uuid_utils import uuid7

from benchmarks.limit.charging import Charge, NoCandidate, charge
from benchmarks.limit.work import MALFORMED, Refused, Status

TEACHER_DAYS, MANAGER_DAYS = 7, 60
EARLY = dt.timedelta(minutes=15)
LEVELS = {"user": 2, "employee": 3, "manager": 4, "head_manager": 5, "owner": 6, "admin": 7}
FORBIDDEN = Refused(403, "insufficient permissions")
NO_LESSON = Refused(404, "lesson not found")
TOO_LATE = Refused(403, "too late to change this lesson")
CANCELLED = Refused(409, "lesson is cancelled")

Note = Annotated[str, msgspec.Meta(max_length=1000)]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=600)]


class Entry(msgspec.Struct, forbid_unknown_fields=True):
    client_id: str
    status: Status | None
    note: Note | msgspec.UnsetType | None = msgspec.UNSET
    minutes_late: Minutes | msgspec.UnsetType | None = msgspec.UNSET
    trial: bool | msgspec.UnsetType | None = msgspec.UNSET
    subscription_id: str | msgspec.UnsetType | None = msgspec.UNSET


class SheetBody(msgspec.Struct, forbid_unknown_fields=True):
    attendances: Annotated[list[Entry], msgspec.Meta(max_length=1000)]


class Row(msgspec.Struct):
    """One client, as it is answered."""

    client_id: str
    name: str
    status: str | None
    note: str
    minutes_late: int | None
    trial: bool
    guest: bool
    subscription_id: str | None
    unpaid: bool
    marked_by: str | None
    marked_at: dt.datetime | str | None


class View(msgspec.Struct):
    lesson_id: str
    group_id: str
    date: dt.date | str
    starts: str
    ends: str
    state: str
    attendances: list[Row]
    total: int
    counts: dict[str, int]


decode = msgspec.json.Decoder(SheetBody).decode
encode = msgspec.json.Encoder().encode


def sent_entries(body: bytes) -> list[Entry]:
    """What was sent; raise MALFORMED for what can be told without looking anything up."""
    try:
        entries = decode(body).attendances
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise MALFORMED from error
    for entry in entries:
        note = entry.note or ""
        if not note.isprintable() and any(category(it) in ("Cc", "Cs") and it not in "\n\t" for it in note):
            raise MALFORMED
        if entry.minutes_late and entry.status != "late":
            raise MALFORMED
        try:
            entry.client_id = str(UUID(entry.client_id))
        except ValueError as error:
            raise MALFORMED from error
    if len({entry.client_id for entry in entries}) < len(entries):
        raise MALFORMED
    return entries


class Lesson(NamedTuple):
    """What is locked, and who asks. Where there is no lesson, nothing of it is there."""

    caller: str
    last_seen_at: dt.datetime | str
    role: str
    is_confirmed: bool
    id: UUID | str | None
    group_id: UUID | str
    date: dt.date
    starts: str
    ends: str
    starts_at: dt.datetime
    timezone: str | None
    is_cancelled: bool
    is_taught: bool


def require_allowed(lesson: Lesson, entries: list[Entry], now: dt.datetime) -> None:
    level = LEVELS[lesson.role] if lesson.is_confirmed else 1
    if level < LEVELS["employee"]:
        raise FORBIDDEN
    if lesson.id is None:
        raise NO_LESSON
    if level < LEVELS["manager"] and not lesson.is_taught:
        raise FORBIDDEN
    days = TEACHER_DAYS if level < LEVELS["manager"] else MANAGER_DAYS
    today = now.astimezone(ZoneInfo(lesson.timezone or "UTC")).date()
    if level < LEVELS["head_manager"] and (today - lesson.date).days > days:
        raise TOO_LATE
    if lesson.is_cancelled:
        raise CANCELLED
    if now < lesson.starts_at - EARLY and any(entry.status not in (None, "excused") for entry in entries):
        raise MALFORMED


def answer(lesson: Lesson, rows: Iterable[Row], now: dt.datetime) -> bytes:
    shown = [row for row in rows if row.status or not row.guest]
    counts = dict.fromkeys(("present", "late", "absent", "excused", "unmarked"), 0)
    for each in shown:
        counts[each.status or "unmarked"] += 1
    is_held = now >= lesson.starts_at and counts["unmarked"] < len(shown)
    return encode(
        View(
            str(lesson.id),
            str(lesson.group_id),
            lesson.date,
            lesson.starts,
            lesson.ends,
            "held" if is_held else "planned",
            shown,
            len(shown),
            counts,
        )
    )


class Changes:
    """What is to be written; `add` makes each row what it is to be."""

    def __init__(self, lesson: str, namespace: UUID, by: str, at: dt.datetime) -> None:
        self.written: list[str] = []
        self.gone: list[str] = []
        self.events: list[dict[str, Any]] = []
        self._lesson = lesson
        self._namespace = namespace
        self._by = by
        self._at = at

    def add(self, entry: Entry, row: Row, passes: list[list[Any]] | None, payer_charges: bool | None) -> None:
        before, paid = self._said(row), (row.subscription_id, row.unpaid)
        if entry.status is None:
            if row.status:
                self._tell("attendance.cleared", row, {**(before or {}), **_costs(paid)}, None)
                row.status, row.note, row.minutes_late, row.trial = None, "", None, False
                row.subscription_id, row.unpaid, row.marked_by, row.marked_at = None, False, None, None
                self.gone.append(row.client_id)
            return
        trial = row.trial if entry.trial is msgspec.UNSET else bool(entry.trial)
        named = entry.subscription_id
        try:
            costs = charge(
                entry.status,
                passes or [],
                trial=trial,
                before=paid,
                payer_charges_absence=payer_charges,
                named=named or None,
                anew=named is None,
            )
        except NoCandidate as error:
            raise MALFORMED from error
        note = row.note if entry.note is msgspec.UNSET else entry.note or ""
        minutes = row.minutes_late if entry.minutes_late is msgspec.UNSET else entry.minutes_late
        minutes = minutes if entry.status == "late" else None
        is_same = (row.status, row.note, row.minutes_late, row.trial) == (entry.status, note, minutes, trial)
        if not is_same:
            row.status, row.note, row.minutes_late, row.trial = entry.status, note, minutes, trial
            row.marked_by, row.marked_at = self._by, self._at
            self._tell("attendance.marked", row, before, self._said(row))
        if costs != paid:
            row.subscription_id, row.unpaid = costs
            self._tell("attendance.charged", row, _costs(paid), {"lesson_id": self._lesson, **_costs(costs)})
        if not is_same or costs != paid:
            self.written.append(row.client_id)

    def _said(self, row: Row) -> dict[str, Any] | None:
        if row.status is None:
            return None
        return {
            "lesson_id": self._lesson,
            "client_id": row.client_id,
            "status": row.status,
            "note": row.note,
            "minutes_late": row.minutes_late,
            "trial": row.trial,
        }

    def _tell(self, action: str, row: Row, before: Any, after: Any) -> None:
        subject = uuid5(self._namespace, row.client_id.replace("-", ""))
        event = {
            "id": str(uuid7()),
            "action": action,
            "subject_id": subject,
            "before": before,
            "after": after,
            "client_id": row.client_id,
        }
        self.events.append(event)


def _costs(charged: Charge) -> dict[str, Any]:
    return {"subscription_id": charged[0], "unpaid": charged[1]}
