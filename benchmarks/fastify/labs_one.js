// One statement a request, the limit's own: who asks, whether they may, what is done.
import { v7 as uuid7 } from 'uuid'
import { Refused, idleSince, touch, unauthenticated } from './authentication.js'

const CALLER = `
caller AS (
    SELECT s.account_id, s.last_seen_at
    FROM sessions s JOIN accounts a ON a.id = s.account_id
    WHERE s.id = $1 AND a.active AND s.expires_at > $2 AND s.last_seen_at > $3
)
`
const facts = (status, note) => `
jsonb_build_object('lab_id', lab_id, 'user_id', user_id, 'date', $6::date, 'status', ${status}, 'note', ${note})
`
const MARK = `
WITH ${CALLER}, place AS (
    SELECT l.id AS lab_id, l.owner_id, a.id AS account_id, m.user_id,
           k.id AS mark_id, k.status, k.note, coalesce(k.version, 0) AS version
    FROM labs l
    LEFT JOIN accounts a ON a.id = $5
    LEFT JOIN lab_members m ON m.lab_id = l.id AND m.user_id = $5
    LEFT JOIN lab_marks k ON k.lab_id = l.id AND k.user_id = $5 AND k.date = $6
    WHERE l.id = $4
), changed AS (
    SELECT place.* FROM place JOIN caller ON caller.account_id = place.owner_id
    WHERE place.user_id IS NOT NULL AND (place.status, place.note) IS DISTINCT FROM ($7::text, $8::text)
), marked AS (
    INSERT INTO lab_marks (id, lab_id, user_id, date, status, note, marked_by, marked_at, version)
    SELECT coalesce(mark_id, $9), lab_id, user_id, $6, $7, $8, owner_id, $2, version + 1 FROM changed
    ON CONFLICT (lab_id, user_id, date) DO UPDATE
    SET status = excluded.status, note = excluded.note, marked_by = excluded.marked_by,
        marked_at = excluded.marked_at, version = excluded.version
    WHERE lab_marks.version = excluded.version - 1
    RETURNING id
), logged AS (
    INSERT INTO events (id, at, actor_id, action, subject_kind, subject_id, before, after)
    SELECT $10, $2, owner_id, 'lab_attendance.marked', 'lab_attendance', marked.id,
           CASE WHEN mark_id IS NOT NULL THEN ${facts('status', 'note')} END,
           ${facts('$7::text', '$8::text')}
    FROM changed, marked
)
SELECT (SELECT account_id FROM caller) AS caller, (SELECT last_seen_at FROM caller) AS last_seen_at,
       owner_id, account_id, user_id, coalesce((SELECT id FROM marked), mark_id) AS mark_id,
       EXISTS (SELECT FROM changed) AND NOT EXISTS (SELECT FROM marked) AS is_contended
FROM (SELECT) AS always LEFT JOIN place ON true
`
const SHEET = `
WITH ${CALLER}
SELECT caller.account_id AS caller, caller.last_seen_at, l.owner_id, a.id AS user_id, a.username,
       k.status, k.note
FROM caller
LEFT JOIN labs l ON l.id = $4
LEFT JOIN lab_marks k ON k.lab_id = l.id AND k.date = $5 AND l.owner_id = caller.account_id
LEFT JOIN accounts a ON a.id = k.user_id
ORDER BY a.username_key, a.id
`

// the statement itself asks for the session
export const authenticate = () => async () => {}

export function markAttendance(pool) {
  return async (request) => {
    const lab_id = request.params.lab_id.toLowerCase()
    const { date, status, note } = request.body
    const user_id = request.body.user_id.toLowerCase()
    const { sid } = request.user
    for (;;) {
      const now = new Date()
      const values = [sid, now, idleSince(now), lab_id, user_id, date, status, note, uuid7(), uuid7()]
      const [found] = (await pool.query({ name: 'mark', text: MARK, values })).rows
      if (!found.caller) throw unauthenticated()
      if (!found.owner_id) throw new Refused(404, 'lab or user not found')
      if (found.owner_id !== found.caller) throw new Refused(403, 'only lab owner can manage attendance')
      if (!found.account_id) throw new Refused(404, 'lab or user not found')
      if (!found.user_id) throw new Refused(409, 'user is not a member of the lab')
      if (!found.is_contended) {
        await touch(pool, sid, found.last_seen_at, now)
        return { attendance_id: found.mark_id, lab_id, user_id, date, status, note }
      }
    }
  }
}

export function attendanceByDate(pool) {
  return async (request) => {
    const { lab_id } = request.params
    const { date } = request.query
    const { sid } = request.user
    const now = new Date()
    const values = [sid, now, idleSince(now), lab_id, date]
    const { rows } = await pool.query({ name: 'sheet', text: SHEET, values })
    const [first] = rows
    if (!first) throw unauthenticated()
    if (!first.owner_id) throw new Refused(404, 'lab not found')
    if (first.owner_id !== first.caller) throw new Refused(403, 'only lab owner can view attendance')
    await touch(pool, sid, first.last_seen_at, now)
    const attendances = first.user_id ? rows : []
    return { lab_id: lab_id.toLowerCase(), date, attendances, total: attendances.length }
  }
}
