"""A lesson's sheet on SQLite: what is known in three statements, what is written in at most three."""

import datetime as dt
import sqlite3
from collections import defaultdict
from typing import Any
from uuid import UUID

from benchmarks.limit.sheets import Changes, Entry, Lesson, Row, answer, encode, require_allowed
from benchmarks.limit.work import IDLE, MALFORMED, TOUCH_AFTER, UNAUTHENTICATED

LESSON = """
SELECT s.account_id, s.last_seen_at, a.role, a.email_confirmed_at IS NOT NULL, l.id, l.group_id, l.date,
       l.starts, l.ends, l.starts_at, l.timezone, l.cancelled,
       EXISTS (SELECT 1 FROM json_each(l.teachers) WHERE replace(value, '-', '') = s.account_id) OR EXISTS (
           SELECT 1 FROM group_teachers t WHERE t.group_id = l.group_id AND t.user_id = s.account_id
           AND t.since <= l.date AND (t.until IS NULL OR t.until >= l.date))
FROM sessions s JOIN accounts a ON a.id = s.account_id LEFT JOIN lessons l ON l.id = ?4
WHERE s.id = ?1 AND a.active AND s.expires_at > ?2 AND s.last_seen_at > ?3
"""
ROWS = """
WITH everybody AS (
    SELECT client_id, min(guest) AS guest FROM (
        SELECT client_id, 0 AS guest FROM group_members
        WHERE group_id = ?2 AND since <= ?3 AND (until IS NULL OR until >= ?3)
        UNION ALL SELECT client_id, 1 FROM attendance WHERE lesson_id = ?1
        UNION ALL SELECT value, 1 FROM json_each(?4)
    ) GROUP BY client_id
)
SELECT e.client_id, c.name, k.status, coalesce(k.note, ''), k.minutes_late, coalesce(k.trial, 0), e.guest,
       k.subscription_id, coalesce(k.unpaid, 0), k.marked_by, k.marked_at
FROM everybody e
CROSS JOIN clients c ON c.id = e.client_id
LEFT JOIN attendance k ON k.lesson_id = ?1 AND k.client_id = e.client_id
ORDER BY e.guest, c.name_key, c.id
"""
PASSES = """
SELECT s.client_id, s.id, s.visits - (SELECT count(*) FROM attendance WHERE subscription_id = s.id),
       s.charges_absence,
       (s.cancelled_on IS NULL OR s.cancelled_on >= ?1)
       AND (s.group_ids = '[]' OR EXISTS (
           SELECT 1 FROM json_each(s.group_ids) WHERE replace(value, '-', '') = ?2))
       AND NOT EXISTS (SELECT 1 FROM json_each(s.freezes)
                       WHERE value ->> 'since' <= ?1 AND value ->> 'until' >= ?1)
FROM json_each(?3) given
CROSS JOIN subscriptions s ON s.client_id = given.value
WHERE s.starts_on <= ?1 AND (s.valid_until IS NULL OR s.valid_until >= ?1)
ORDER BY s.visits IS NOT NULL, s.valid_until NULLS LAST, nullif(json_array_length(s.group_ids), 0) NULLS LAST,
         s.sold_on, s.created_at, s.id
"""
CLEAR = "DELETE FROM attendance WHERE lesson_id = ? AND client_id = ?"
STORE = """
INSERT INTO attendance (lesson_id, date, starts, client_id, status, note, minutes_late, trial,
                        subscription_id, unpaid, marked_by, marked_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (lesson_id, client_id) DO UPDATE
SET status = excluded.status, note = excluded.note, minutes_late = excluded.minutes_late,
    trial = excluded.trial, subscription_id = excluded.subscription_id, unpaid = excluded.unpaid,
    marked_by = excluded.marked_by, marked_at = excluded.marked_at
"""
TELL = """
INSERT INTO events (id, at, actor_id, action, subject_kind, subject_id, before, after, client_id)
VALUES (?, ?, ?, ?, 'attendance', ?, ?, ?, ?)
"""
TOUCH = "UPDATE sessions SET last_seen_at = ?2 WHERE id = ?1 AND last_seen_at < ?2"


def mark_sheet(
    connection: sqlite3.Connection, session_id: UUID, lesson_id: UUID, entries: list[Entry]
) -> bytes:
    connection.execute("BEGIN IMMEDIATE")
    try:
        answered = _in_transaction(connection, session_id, lesson_id, entries)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    return answered


def _in_transaction(
    connection: sqlite3.Connection, session_id: UUID, lesson_id: UUID, entries: list[Entry]
) -> bytes:
    run = connection.execute
    now = dt.datetime.now(dt.UTC)
    asked = (session_id.hex, stored(now), stored(now - IDLE), lesson_id.hex)
    found = run(LESSON, asked).fetchone()
    if found is None:
        raise UNAUTHENTICATED
    lesson, starts = _lesson(found), found[7]
    require_allowed(lesson, entries, now)
    if stored(now - TOUCH_AFTER) >= found[1]:
        run(TOUCH, (session_id.hex, stored(now)))
    ids = encode([entry.client_id.replace("-", "") for entry in entries]).decode()
    date, group = found[6], found[5]
    rows = {row.client_id: row for row in map(_row, run(ROWS, (lesson_id.hex, group, date, ids)))}
    passes: defaultdict[str, list[list[Any]]] = defaultdict(list)
    charging = {}
    for client_id, one, remain, charges_absence, covers in run(PASSES, (date, group, ids)):
        charging[one] = bool(charges_absence)
        if covers:
            passes[client_id].append([_dashed(one), remain, bool(charges_absence)])
    changes = Changes(str(lesson_id), lesson_id, str(UUID(lesson.caller)), now)
    for entry in entries:
        row = rows.get(entry.client_id)
        if row is None:
            raise MALFORMED
        payer_charges = charging.get(_hex(row.subscription_id)) if row.subscription_id else None
        changes.add(entry, row, passes.get(entry.client_id.replace("-", "")), payer_charges)
    _write(connection, changes, rows, (lesson_id.hex, date, starts), lesson.caller, stored(now))
    return answer(lesson, rows.values(), now)


def _write(
    connection: sqlite3.Connection,
    changes: Changes,
    rows: dict[str, Row],
    lesson: tuple[str, str, str],
    caller: str,
    at: str,
) -> None:
    if changes.gone:
        connection.executemany(CLEAR, [(lesson[0], _hex(it)) for it in changes.gone])
    if changes.written:
        marks = [(*lesson, *_stored_row(rows[it])) for it in changes.written]
        connection.executemany(STORE, marks)
    if changes.events:
        events = [
            (
                _hex(it["id"]),
                at,
                caller,
                it["action"],
                it["subject_id"].hex,
                it["before"] and encode(it["before"]).decode(),
                it["after"] and encode(it["after"]).decode(),
                _hex(it["client_id"]),
            )
            for it in changes.events
        ]
        connection.executemany(TELL, events)


def _lesson(found: tuple[Any, ...]) -> Lesson:
    caller, last_seen_at, role, confirmed, lesson_id, *rest = found
    if lesson_id is None:
        return Lesson(caller, last_seen_at, role, bool(confirmed), None, *rest)
    group, date, starts, ends, starts_at, zone, cancelled, taught = rest
    return Lesson(
        caller,
        last_seen_at,
        role,
        bool(confirmed),
        _dashed(lesson_id),
        _dashed(group),
        dt.date.fromisoformat(date),
        starts[:5],
        ends[:5],
        dt.datetime.fromisoformat(starts_at).replace(tzinfo=dt.UTC),
        zone,
        bool(cancelled),
        bool(taught),
    )


def _row(found: tuple[Any, ...]) -> Row:
    client_id, name, status, note, minutes, trial, guest, payer, unpaid, by, at = found
    return Row(
        _dashed(client_id),
        name,
        status,
        note,
        minutes,
        bool(trial),
        bool(guest),
        payer and _dashed(payer),
        bool(unpaid),
        by and _dashed(by),
        at and f"{at[:10]}T{at[11:]}Z",
    )


def _stored_row(row: Row) -> tuple[Any, ...]:
    at = row.marked_at
    return (
        _hex(row.client_id),
        row.status,
        row.note,
        row.minutes_late,
        row.trial,
        row.subscription_id and _hex(row.subscription_id),
        row.unpaid,
        row.marked_by and _hex(row.marked_by),
        stored(at) if isinstance(at, dt.datetime) else at and f"{at[:10]} {at[11:-1]}",
    )


def _dashed(stored_id: str) -> str:
    return f"{stored_id[:8]}-{stored_id[8:12]}-{stored_id[12:16]}-{stored_id[16:20]}-{stored_id[20:]}"


def _hex(dashed: str) -> str:
    return dashed.replace("-", "")


def stored(at: dt.datetime) -> str:
    """As the service stores it: UTC, without saying so."""
    return at.replace(tzinfo=None).isoformat(" ", "microseconds")
