"""A lesson's sheet in three statements: what is held, what is known, what is written."""

import datetime as dt
from typing import Annotated, Any
from unicodedata import category
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec
from psycopg import AsyncRawCursor
from uuid_utils import uuid7

from benchmarks.limit.charging import Charge, NoCandidate, charge
from benchmarks.limit.work import IDLE, MALFORMED, TOUCH_AFTER, UNAUTHENTICATED, Refused, Status

TEACHER_DAYS, MANAGER_DAYS = 7, 60
EARLY = dt.timedelta(minutes=15)
LEVELS = {"user": 2, "employee": 3, "manager": 4, "head_manager": 5, "owner": 6, "admin": 7}
FORBIDDEN = Refused(403, "insufficient permissions")
NO_LESSON = Refused(404, "lesson not found")
TOO_LATE = Refused(403, "too late to change this lesson")
CANCELLED = Refused(409, "lesson is cancelled")

HELD = """
WITH caller AS (
    SELECT s.account_id, s.last_seen_at, a.role, a.email_confirmed_at IS NOT NULL AS confirmed
    FROM sessions s JOIN accounts a ON a.id = s.account_id
    WHERE s.id = $1 AND a.active AND s.expires_at > $2 AND s.last_seen_at > $3
), lesson AS (
    SELECT l.* FROM lessons l JOIN caller ON true WHERE l.id = $4 FOR NO KEY UPDATE OF l
), held AS (
    SELECT c.id FROM lesson, clients c WHERE c.id = ANY($5) ORDER BY c.id FOR NO KEY UPDATE OF c
)
SELECT c.account_id, c.last_seen_at, c.role, c.confirmed, l.id, l.group_id, l.date, l.starts, l.ends,
       l.starts_at, l.timezone, l.cancelled, ARRAY(SELECT id::text FROM held),
       l.teachers ? c.account_id::text OR EXISTS (
           SELECT FROM group_teachers t WHERE t.group_id = l.group_id AND t.user_id = c.account_id
           AND t.since <= l.date AND (t.until IS NULL OR t.until >= l.date))
FROM caller c LEFT JOIN lesson l ON true
"""
KNOWN = """
WITH everybody AS (
    SELECT client_id, min(guest) AS guest FROM (
        SELECT client_id, 0 AS guest FROM group_members
        WHERE group_id = $2 AND since <= $3 AND (until IS NULL OR until >= $3)
        UNION ALL SELECT client_id, 1 FROM attendance WHERE lesson_id = $1
        UNION ALL SELECT unnest($4::uuid[]), 1
    ) AS either GROUP BY client_id
), covering AS (
    SELECT s.client_id, s.id, s.visits - (
               SELECT count(*) FROM attendance WHERE subscription_id = s.id) AS remain, s.charges_absence,
           s.visits IS NOT NULL AS limited, coalesce(s.valid_until, 'infinity') AS last,
           nullif(jsonb_array_length(s.group_ids), 0) AS scope, s.sold_on, s.created_at
    FROM subscriptions s
    WHERE s.client_id = ANY($4) AND s.starts_on <= $3 AND (s.valid_until IS NULL OR s.valid_until >= $3)
      AND (s.cancelled_on IS NULL OR s.cancelled_on >= $3)
      AND (s.group_ids = '[]' OR s.group_ids ? $2::text)
      AND NOT EXISTS (SELECT FROM jsonb_array_elements(s.freezes) AS f
                      WHERE (f->>'since')::date <= $3 AND (f->>'until')::date >= $3)
), own AS MATERIALIZED (
    SELECT client_id, json_agg(json_build_array(id, remain, charges_absence)
        ORDER BY limited, last, scope NULLS LAST, sold_on, created_at, id) AS passes
    FROM covering GROUP BY client_id
)
SELECT e.client_id::text, c.name, k.status, coalesce(k.note, ''), k.minutes_late, coalesce(k.trial, false),
       e.guest = 1, k.subscription_id::text, coalesce(k.unpaid, false), k.marked_by::text, k.marked_at,
       own.passes, p.charges_absence
FROM everybody e
JOIN clients c ON c.id = e.client_id AND c.id = ANY(ARRAY(SELECT client_id FROM everybody))
LEFT JOIN attendance k ON k.lesson_id = $1 AND k.client_id = e.client_id
LEFT JOIN own ON own.client_id = e.client_id
LEFT JOIN subscriptions p ON p.id = k.subscription_id AND k.client_id = ANY($4)
    AND p.starts_on <= $3 AND (p.valid_until IS NULL OR p.valid_until >= $3)
ORDER BY e.guest, c.name_key, c.id
"""
WRITTEN = """
WITH gone AS (
    DELETE FROM attendance WHERE lesson_id = $1 AND client_id = ANY($2)
), written AS (
    INSERT INTO attendance (lesson_id, client_id, status, note, minutes_late, trial, subscription_id, unpaid,
                            marked_by, marked_at, date, starts)
    SELECT $1, client_id, status, note, minutes_late, trial, subscription_id, unpaid, marked_by, marked_at,
           lessons.date, lessons.starts
    FROM json_to_recordset($3) AS given (
        client_id uuid, status text, note text, minutes_late integer, trial boolean, subscription_id uuid,
        unpaid boolean, marked_by uuid, marked_at timestamptz)
    JOIN lessons ON lessons.id = $1
    ON CONFLICT (lesson_id, client_id) DO UPDATE
    SET status = excluded.status, note = excluded.note, minutes_late = excluded.minutes_late,
        trial = excluded.trial, subscription_id = excluded.subscription_id, unpaid = excluded.unpaid,
        marked_by = excluded.marked_by, marked_at = excluded.marked_at
)
INSERT INTO events (id, at, actor_id, action, subject_kind, subject_id, before, after)
SELECT id, $4, $5, action, 'attendance', subject_id, nullif(before, 'null'), nullif(after, 'null')
FROM json_to_recordset($6) AS given (id uuid, action text, subject_id uuid, before jsonb, after jsonb)
"""
TOUCH = "UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2"

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
    marked_at: dt.datetime | None


class View(msgspec.Struct):
    lesson_id: str
    group_id: str
    date: dt.date
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


async def mark_sheet(cursor: AsyncRawCursor[Any], session_id: UUID, lesson: UUID, body: bytes) -> bytes:
    entries = sent_entries(body)
    await cursor.execute("BEGIN")
    try:
        answer = await _in_transaction(cursor, session_id, lesson, entries)
        await cursor.execute("COMMIT")
    except BaseException:
        await cursor.execute("ROLLBACK")
        raise
    return answer


async def _in_transaction(
    cursor: AsyncRawCursor[Any], session_id: UUID, lesson_id: UUID, entries: list[Entry]
) -> bytes:
    now = dt.datetime.now(dt.UTC)
    ids = [entry.client_id for entry in entries]
    await cursor.execute(HELD, (session_id, now, now - IDLE, lesson_id, ids), prepare=True)
    row = await cursor.fetchone()
    if row is None:
        raise UNAUTHENTICATED
    caller, last_seen_at, role, confirmed, found, group, date, starts, ends, starts_at, zone = row[:11]
    cancelled, held, teaches = row[11:]
    level, today = LEVELS[role] if confirmed else 1, now.astimezone(ZoneInfo(zone or "UTC")).date()
    _require_allowed(level, found, teaches, date, today)
    if cancelled:
        raise CANCELLED
    if now < starts_at - EARLY and any(entry.status not in (None, "excused") for entry in entries):
        raise MALFORMED
    if len(held) < len(ids):
        raise MALFORMED
    if now >= last_seen_at + TOUCH_AFTER:
        await cursor.execute(TOUCH, (session_id, now), prepare=True)
    await cursor.execute(KNOWN, (lesson_id, group, date, ids), prepare=True)
    known = {row[0]: row for row in await cursor.fetchall()}
    rows = {client_id: Row(*of[:11]) for client_id, of in known.items()}
    changes = Changes(str(lesson_id), lesson_id, str(caller), now)
    for entry in entries:
        changes.add(entry, rows[entry.client_id], *known[entry.client_id][11:])
    if changes.events:
        written = encode([rows[it] for it in changes.written]).decode()
        events = encode(changes.events).decode()
        await cursor.execute(WRITTEN, (lesson_id, changes.gone, written, now, caller, events), prepare=True)
    shown = [row for row in rows.values() if row.status or not row.guest]
    counts = dict.fromkeys(("present", "late", "absent", "excused", "unmarked"), 0)
    for each in shown:
        counts[each.status or "unmarked"] += 1
    is_held = now >= starts_at and counts["unmarked"] < len(shown)
    return encode(
        View(
            str(lesson_id),
            str(group),
            date,
            starts.isoformat("minutes"),
            ends.isoformat("minutes"),
            "held" if is_held else "planned",
            shown,
            len(shown),
            counts,
        )
    )


def _require_allowed(level: int, lesson: Any, teaches: bool, date: dt.date, today: dt.date) -> None:
    if level < LEVELS["employee"]:
        raise FORBIDDEN
    if lesson is None:
        raise NO_LESSON
    if level < LEVELS["manager"] and not teaches:
        raise FORBIDDEN
    days = TEACHER_DAYS if level < LEVELS["manager"] else MANAGER_DAYS
    if level < LEVELS["head_manager"] and (today - date).days > days:
        raise TOO_LATE


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
            self._tell("attendance.charged", row, _costs(paid), _costs(costs))
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
        }
        self.events.append(event)


def _costs(charged: Charge) -> dict[str, Any]:
    return {"subscription_id": charged[0], "unpaid": charged[1]}
