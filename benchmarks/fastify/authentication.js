// Who asks: a token that is good, and a session that is still there and used.

const IDLE = 3 * 60 * 60 * 1000
const TOUCH_AFTER = 60 * 1000

const SESSION = `
SELECT s.account_id, s.expires_at, s.last_seen_at, a.active, a.role, a.email_confirmed_at
FROM sessions s JOIN accounts a ON a.id = s.account_id
WHERE s.id = $1
`
const TOUCH = 'UPDATE sessions SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2'

export class Refused extends Error {
  constructor(statusCode, message) {
    super(message)
    this.statusCode = statusCode
  }
}

export const unauthenticated = () => new Refused(401, 'authentication required')

export async function requireToken(request) {
  try {
    await request.jwtVerify()
  } catch {
    throw unauthenticated()
  }
}

export const idleSince = (now) => new Date(now - IDLE)

export async function touch(pool, sessionId, lastSeenAt, now) {
  if (now - lastSeenAt >= TOUCH_AFTER) {
    await pool.query({ name: 'touch', text: TOUCH, values: [sessionId, now] })
  }
}

export function authenticate(pool) {
  return async (request) => {
    const { rows } = await pool.query({ name: 'session', text: SESSION, values: [request.user.sid] })
    const [session] = rows
    const now = new Date()
    if (!session?.active || now >= session.expires_at || session.last_seen_at <= idleSince(now)) {
      throw unauthenticated()
    }
    await touch(pool, request.user.sid, session.last_seen_at, now)
    request.caller = session
  }
}
