// A statement for each thing that is to be known or done.
import { v7 as uuid7 } from 'uuid'
import { Refused, authenticate } from './authentication.js'

export { authenticate }

const PLACE = `
SELECT l.owner_id, a.id AS account_id, m.user_id, k.id AS mark_id, k.status, k.note, k.version
FROM labs l
LEFT JOIN accounts a ON a.id = $2
LEFT JOIN lab_members m ON m.lab_id = l.id AND m.user_id = a.id
LEFT JOIN lab_marks k ON k.lab_id = l.id AND k.user_id = a.id AND k.date = $3
WHERE l.id = $1
`
const MARK = `
INSERT INTO lab_marks (id, lab_id, user_id, date, status, note, marked_by, marked_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (lab_id, user_id, date) DO UPDATE
SET status = excluded.status, note = excluded.note, marked_by = excluded.marked_by,
    marked_at = excluded.marked_at, version = excluded.version
WHERE lab_marks.version = excluded.version - 1
`
const EVENT = `
INSERT INTO events (id, at, actor_id, action, subject_kind, subject_id, before, after)
VALUES ($1, $2, $3, 'lab_attendance.marked', 'lab_attendance', $4, $5, $6)
`
const LAB = 'SELECT owner_id FROM labs WHERE id = $1'
const SHEET = `
SELECT k.user_id, a.username, k.status, k.note
FROM lab_marks k JOIN accounts a ON a.id = k.user_id
WHERE k.lab_id = $1 AND k.date = $2
ORDER BY a.username_key, a.id
`

function requireMarkable(place, caller) {
  if (!place) throw new Refused(404, 'lab or user not found')
  if (place.owner_id !== caller) throw new Refused(403, 'only lab owner can manage attendance')
  if (!place.account_id) throw new Refused(404, 'lab or user not found')
  if (!place.user_id) throw new Refused(409, 'user is not a member of the lab')
}

// false where somebody else was faster
async function stored(pool, mark, before, after, by) {
  const connection = await pool.connect()
  try {
    await connection.query('BEGIN')
    const now = new Date()
    const { lab_id, user_id, date, status, note } = after
    const marked = [mark.id, lab_id, user_id, date, status, note, by, now, mark.version]
    const { rowCount } = await connection.query({ name: 'mark', text: MARK, values: marked })
    if (rowCount === 1) {
      const values = [uuid7(), now, by, mark.id, before, after]
      await connection.query({ name: 'event', text: EVENT, values })
    }
    await connection.query('COMMIT')
    connection.release()
    return rowCount === 1
  } catch (error) {
    connection.release(error)
    throw error
  }
}

export function markAttendance(pool) {
  return async (request) => {
    const lab_id = request.params.lab_id.toLowerCase()
    const { date, status, note } = request.body
    const user_id = request.body.user_id.toLowerCase()
    const by = request.caller.account_id
    for (;;) {
      const { rows } = await pool.query({ name: 'place', text: PLACE, values: [lab_id, user_id, date] })
      const [place] = rows
      requireMarkable(place, by)
      const mark = { id: place.mark_id ?? uuid7(), version: (place.version ?? 0) + 1 }
      const after = { lab_id, user_id, date, status, note }
      const before = place.mark_id ? { ...after, status: place.status, note: place.note } : null
      const isSame = place.status === status && place.note === note
      if (isSame || (await stored(pool, mark, before, after, by))) {
        return { attendance_id: mark.id, ...after }
      }
    }
  }
}

export function attendanceByDate(pool) {
  return async (request) => {
    const { lab_id } = request.params
    const { date } = request.query
    const [lab] = (await pool.query({ name: 'lab', text: LAB, values: [lab_id] })).rows
    if (!lab) throw new Refused(404, 'lab not found')
    if (lab.owner_id !== request.caller.account_id) {
      throw new Refused(403, 'only lab owner can view attendance')
    }
    const { rows } = await pool.query({ name: 'sheet', text: SHEET, values: [lab_id, date] })
    return { lab_id: lab_id.toLowerCase(), date, attendances: rows, total: rows.length }
  }
}
