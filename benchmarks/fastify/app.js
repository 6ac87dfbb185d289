// The operations on Fastify and pg. `FASTIFY_STATEMENTS` says how the database is asked: "several" or "one".
import fastify from 'fastify'
import jwt from '@fastify/jwt'
import pg from 'pg'
import { Refused, requireToken } from './authentication.js'
import { lessons } from './lessons.js'
import * as one from './labs_one.js'
import * as several from './labs_several.js'
import { markRoute, sheetRoute } from './schemas.js'

const CONNECTIONS = 12
const DATE = 1082
const { FASTIFY_DATABASE_URL, FASTIFY_PORT, FASTIFY_SECRET_KEY, FASTIFY_STATEMENTS } = process.env

// dates stay what they are: text, not midnights of this machine's zone
pg.types.setTypeParser(DATE, String)

function connectionOf(url) {
  const [, user, database, host] = /^postgresql:\/\/([^@]+)@\/([^?]+)\?host=(.+)$/.exec(url) ?? []
  return host ? { user, database, host: decodeURIComponent(host) } : { connectionString: url }
}

function answerError(error, request, reply) {
  if (error instanceof Refused) {
    return reply.code(error.statusCode).send({ error: error.message })
  }
  if (error.statusCode === 400) {
    return reply.code(400).send({ error: 'malformed request', details: error.validation ?? [] })
  }
  console.error(error)
  return reply.code(error.statusCode ?? 500).send({ error: 'internal error' })
}

const app = fastify({
  ajv: { customOptions: { removeAdditional: false, coerceTypes: false, useDefaults: true } },
})
const pool = new pg.Pool({ ...connectionOf(FASTIFY_DATABASE_URL), max: CONNECTIONS, min: CONNECTIONS })
const labs = FASTIFY_STATEMENTS === 'one' ? one : several

app.register(jwt, {
  secret: FASTIFY_SECRET_KEY,
  verify: {
    algorithms: ['HS256'],
    allowedAud: 'attendance',
    allowedIss: 'attendance',
    clockTolerance: 60_000,
    cache: 10_000,
  },
})
app.decorateRequest('caller', null)
app.setErrorHandler(answerError)
app.get('/health/live', async () => ({ status: 'ok' }))
app.put('/labs/:lab_id/attendance', {
  schema: markRoute,
  onRequest: [requireToken, labs.authenticate(pool)],
  handler: labs.markAttendance(pool),
})
app.get('/labs/:lab_id/attendance', {
  schema: sheetRoute,
  onRequest: [requireToken, labs.authenticate(pool)],
  handler: labs.attendanceByDate(pool),
})
if (labs === several) {
  app.register(lessons(pool))
}
app.addHook('onClose', () => pool.end())

process.once('SIGTERM', () => app.close())
await app.listen({ host: '127.0.0.1', port: Number(FASTIFY_PORT) })
