"""A lesson's sheet in three statements: what is held, what is known, what is written."""

import datetime as dt
from typing import Any
from uuid import UUID

from psycopg import AsyncRawCursor

from benchmarks.limit.sheets import Changes, Entry, Lesson, Row, answer, encode, require_allowed, sent_entries
from benchmarks.limit.work import IDLE, MALFORMED, TOUCH_AFTER, UNAUTHENTICATED

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
SELECT c.account_id, c.last_seen_at, c.role, c.confirmed, l.id, l.group_id, l.date,
       to_char(l.starts, 'HH24:MI'), to_char(l.ends, 'HH24:MI'), l.starts_at, l.timezone, l.cancelled,
       l.teachers ? c.account_id::text OR EXISTS (
           SELECT FROM group_teachers t WHERE t.group_id = l.group_id AND t.user_id = c.account_id
           AND t.since <= l.date AND (t.until IS NULL OR t.until >= l.date)),
       ARRAY(SELECT id::text FROM held)
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
INSERT INTO events (id, at, actor_id, action, subject_kind, subject_id, before, after, client_id)
SELECT id, $4, $5, action, 'attendance', subject_id, nullif(before, 'null'), nullif(after, 'null'),
       client_id
FROM json_to_recordset($6) AS given (
    id uuid, action text, subject_id uuid, before jsonb, after jsonb, client_id uuid)
"""
TOUCH = "UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2"


async def mark_sheet(cursor: AsyncRawCursor[Any], session_id: UUID, lesson: UUID, body: bytes) -> bytes:
    entries = sent_entries(body)
    await cursor.execute("BEGIN")
    try:
        answered = await _in_transaction(cursor, session_id, lesson, entries)
        await cursor.execute("COMMIT")
    except BaseException:
        await cursor.execute("ROLLBACK")
        raise
    return answered


async def _in_transaction(
    cursor: AsyncRawCursor[Any], session_id: UUID, lesson_id: UUID, entries: list[Entry]
) -> bytes:
    now = dt.datetime.now(dt.UTC)
    ids = [entry.client_id for entry in entries]
    await cursor.execute(HELD, (session_id, now, now - IDLE, lesson_id, ids), prepare=True)
    row = await cursor.fetchone()
    if row is None:
        raise UNAUTHENTICATED
    lesson, held = Lesson(*row[:-1]), row[-1]
    require_allowed(lesson, entries, now)
    if len(held) < len(ids):
        raise MALFORMED
    if now >= lesson.last_seen_at + TOUCH_AFTER:
        await cursor.execute(TOUCH, (session_id, now), prepare=True)
    await cursor.execute(KNOWN, (lesson_id, lesson.group_id, lesson.date, ids), prepare=True)
    known = {row[0]: row for row in await cursor.fetchall()}
    rows = {client_id: Row(*of[:11]) for client_id, of in known.items()}
    changes = Changes(str(lesson_id), lesson_id, str(lesson.caller), now)
    for entry in entries:
        changes.add(entry, rows[entry.client_id], *known[entry.client_id][11:])
    if changes.events:
        written = encode([rows[it] for it in changes.written]).decode()
        events = encode(changes.events).decode()
        parameters = (lesson_id, changes.gone, written, now, lesson.caller, events)
        await cursor.execute(WRITTEN, parameters, prepare=True)
    return answer(lesson, rows.values(), now)
