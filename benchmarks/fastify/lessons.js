// Marking whole lists of clients in a lesson.
import { v5 as uuid5, v7 as uuid7 } from 'uuid'
import { Refused, authenticate, requireToken } from './authentication.js'
import { NoCandidate, charge } from './charging.js'
import { lessonRoute } from './schemas.js'

const LEVELS = { user: 2, employee: 3, manager: 4, head_manager: 5, owner: 6, admin: 7 }
const [TEACHER_DAYS, MANAGER_DAYS] = [7, 60]
const DAY = 24 * 60 * 60 * 1000
const EARLY = 15 * 60 * 1000

const LESSON = `
SELECT l.id, l.group_id, l.date, l.starts, l.ends, l.starts_at, l.timezone, l.cancelled,
       l.teachers ? $2::text OR EXISTS (
           SELECT FROM group_teachers t WHERE t.group_id = l.group_id AND t.user_id = $2::uuid
           AND t.since <= l.date AND (t.until IS NULL OR t.until >= l.date)) AS teaches
FROM lessons l WHERE l.id = $1 FOR NO KEY UPDATE OF l
`
const CLIENTS = 'SELECT id FROM clients WHERE id = ANY($1::uuid[]) ORDER BY id FOR NO KEY UPDATE'
const MARKS = `
SELECT client_id, status, note, minutes_late, trial, subscription_id, unpaid, marked_by, marked_at
FROM attendance WHERE lesson_id = $1 AND client_id = ANY($2::uuid[])
`
const PASSES = `
SELECT s.id, s.client_id, s.sold_on, s.visits, s.group_ids, s.charges_absence, s.starts_on, s.freezes,
       s.cancelled_on, s.valid_until, s.created_at,
       (SELECT count(*)::integer FROM attendance a WHERE a.subscription_id = s.id) AS charged
FROM subscriptions s
WHERE s.client_id = ANY($1::uuid[]) AND s.starts_on <= $2 AND (s.valid_until IS NULL OR s.valid_until >= $2)
`
const CLEAR = 'DELETE FROM attendance WHERE lesson_id = $1 AND client_id = ANY($2::uuid[])'
const STORE = `
INSERT INTO attendance (lesson_id, client_id, date, starts, status, note, minutes_late, trial,
                        subscription_id, unpaid, marked_by, marked_at)
SELECT $1, client_id, $2, $3, status, note, minutes_late, trial, subscription_id, unpaid, marked_by, marked_at
FROM json_to_recordset($4) AS given (
    client_id uuid, status text, note text, minutes_late integer, trial boolean, subscription_id uuid,
    unpaid boolean, marked_by uuid, marked_at timestamptz)
ON CONFLICT (lesson_id, client_id) DO UPDATE
SET status = excluded.status, note = excluded.note, minutes_late = excluded.minutes_late,
    trial = excluded.trial, subscription_id = excluded.subscription_id, unpaid = excluded.unpaid,
    marked_by = excluded.marked_by, marked_at = excluded.marked_at
`
const TELL = `
INSERT INTO events (id, at, actor_id, action, subject_kind, subject_id, before, after, client_id)
SELECT id, $1, $2, action, 'attendance', subject_id, nullif(before, 'null'), nullif(after, 'null'),
       client_id
FROM json_to_recordset($3) AS given (
    id uuid, action text, subject_id uuid, before jsonb, after jsonb, client_id uuid)
`
const SHEET = `
WITH everybody AS (
    SELECT client_id, min(guest) AS guest FROM (
        SELECT client_id, 0 AS guest FROM group_members
        WHERE group_id = $2 AND since <= $3 AND (until IS NULL OR until >= $3)
        UNION ALL SELECT client_id, 1 FROM attendance WHERE lesson_id = $1
    ) AS either GROUP BY client_id
)
SELECT e.client_id, c.name, k.status, coalesce(k.note, '') AS note, k.minutes_late,
       coalesce(k.trial, false) AS trial, e.guest = 1 AS guest, k.subscription_id,
       coalesce(k.unpaid, false) AS unpaid, k.marked_by, k.marked_at
FROM everybody e
JOIN clients c ON c.id = e.client_id
LEFT JOIN attendance k ON k.lesson_id = $1 AND k.client_id = e.client_id
ORDER BY e.guest, c.name_key, c.id
`

const zones = new Map()
const malformed = () => new Refused(400, 'malformed request')
const forbidden = () => new Refused(403, 'insufficient permissions')

function dateIn(zone, instant) {
  if (!zones.has(zone)) zones.set(zone, new Intl.DateTimeFormat('sv-SE', { timeZone: zone }))
  return zones.get(zone).format(instant)
}

function requireAllowed(level, lesson, now) {
  if (!lesson) throw new Refused(404, 'lesson not found')
  if (level < LEVELS.manager && !lesson.teaches) throw forbidden()
  const days = level < LEVELS.manager ? TEACHER_DAYS : MANAGER_DAYS
  const ago = (Date.parse(dateIn(lesson.timezone, now)) - Date.parse(lesson.date)) / DAY
  if (level < LEVELS.head_manager && ago > days) throw new Refused(403, 'too late to change this lesson')
  if (lesson.cancelled) throw new Refused(409, 'lesson is cancelled')
}

const factsOf = (lesson, clientId, mark) => ({
  lesson_id: lesson.id,
  client_id: clientId,
  status: mark.status,
  note: mark.note,
  minutes_late: mark.minutes_late,
  trial: mark.trial,
})
const chargeOf = ({ subscription_id, unpaid }) => ({ subscription_id, unpaid })
const fresh = {
  status: null, note: '', minutes_late: null, trial: false, subscription_id: null, unpaid: false,
}

// what is to be stored, cleared and told
function changesOf(lesson, entries, marks, passes, by, now) {
  const changes = { stored: [], cleared: [], events: [] }
  for (const entry of entries) {
    const { client_id } = entry
    const known = marks.get(client_id)
    const tell = (action, before, after) => {
      const subject_id = uuid5(client_id.replaceAll('-', ''), lesson.id)
      changes.events.push({ id: uuid7(), action, subject_id, before, after, client_id })
    }
    const before = known ? factsOf(lesson, client_id, known) : null
    if (entry.status === null) {
      if (known) {
        tell('attendance.cleared', { ...before, ...chargeOf(known) }, null)
        changes.cleared.push(client_id)
      }
      continue
    }
    const old = known ?? fresh
    const trial = entry.trial === undefined ? old.trial : entry.trial ?? false
    const minutes = entry.minutes_late === undefined ? old.minutes_late : entry.minutes_late
    const costs = charge(entry, lesson, passes.get(client_id) ?? [], chargeOf(old), trial)
    const mark = {
      client_id,
      status: entry.status,
      note: entry.note === undefined ? old.note : entry.note ?? '',
      minutes_late: entry.status === 'late' ? minutes : null,
      trial,
      ...costs,
      marked_by: old.marked_by,
      marked_at: old.marked_at,
    }
    const isMarked = ['status', 'note', 'minutes_late', 'trial'].some((name) => mark[name] !== old[name])
    const isCharged = costs.subscription_id !== old.subscription_id || costs.unpaid !== old.unpaid
    if (isMarked) {
      Object.assign(mark, { marked_by: by, marked_at: now })
      tell('attendance.marked', before, factsOf(lesson, client_id, mark))
    }
    if (isCharged) tell('attendance.charged', chargeOf(old), { lesson_id: lesson.id, ...costs })
    if (isMarked || isCharged) changes.stored.push(mark)
  }
  return changes
}

async function marked(run, lessonId, caller, entries) {
  const level = caller.email_confirmed_at ? LEVELS[caller.role] : 1
  if (level < LEVELS.employee) throw forbidden()
  const now = new Date()
  const by = caller.account_id
  const [lesson] = await run('lesson', LESSON, [lessonId, by])
  requireAllowed(level, lesson, now)
  if (now < lesson.starts_at - EARLY && entries.some((it) => it.status !== null && it.status !== 'excused')) {
    throw malformed()
  }
  const ids = entries.map((it) => it.client_id)
  if ((await run('clients', CLIENTS, [ids])).length < ids.length) throw malformed()
  const marks = new Map((await run('marks', MARKS, [lesson.id, ids])).map((it) => [it.client_id, it]))
  const passes = Map.groupBy(await run('passes', PASSES, [ids, lesson.date]), (it) => it.client_id)
  const { stored, cleared, events } = changesOf(lesson, entries, marks, passes, by, now)
  if (cleared.length) await run('clear', CLEAR, [lesson.id, cleared])
  if (stored.length) {
    await run('store', STORE, [lesson.id, lesson.date, lesson.starts, JSON.stringify(stored)])
  }
  if (events.length) await run('tell', TELL, [now, by, JSON.stringify(events)])
  const rows = await run('lessonSheet', SHEET, [lesson.id, lesson.group_id, lesson.date])
  return answerOf(lesson, rows, now)
}

function answerOf(lesson, rows, now) {
  const counts = { present: 0, late: 0, absent: 0, excused: 0, unmarked: 0 }
  for (const row of rows) counts[row.status ?? 'unmarked'] += 1
  return {
    lesson_id: lesson.id,
    group_id: lesson.group_id,
    date: lesson.date,
    starts: lesson.starts.slice(0, 5),
    ends: lesson.ends.slice(0, 5),
    state: now >= lesson.starts_at && counts.unmarked < rows.length ? 'held' : 'planned',
    attendances: rows,
    total: rows.length,
    counts,
  }
}

function markLesson(pool) {
  return async (request) => {
    const entries = request.body.attendances
    for (const entry of entries) entry.client_id = entry.client_id.toLowerCase()
    if (new Set(entries.map((it) => it.client_id)).size < entries.length) throw malformed()
    const connection = await pool.connect()
    const run = async (name, text, values) => (await connection.query({ name, text, values })).rows
    try {
      await connection.query('BEGIN')
      const answer = await marked(run, request.params.lesson_id, request.caller, entries)
      await connection.query('COMMIT')
      return answer
    } catch (error) {
      await connection.query('ROLLBACK')
      throw error instanceof NoCandidate ? malformed() : error
    } finally {
      connection.release()
    }
  }
}

export const lessons = (pool) => async (app) => {
  app.put('/api/v1/lessons/:lesson_id/attendance', {
    schema: lessonRoute,
    onRequest: [requireToken, authenticate(pool)],
    handler: markLesson(pool),
  })
}
