// What is accepted and what is answered; Fastify compiles both.

const STATUSES = ['present', 'absent', 'late', 'excused']
const id = { type: 'string', format: 'uuid' }
const status = { type: 'string', enum: STATUSES }
// line breaks and tabs, no other control characters, no half of a pair
const note = {
  type: 'string',
  maxLength: 1000,
  pattern: '^[^\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\ud800-\\udfff]*$',
}
const date = { type: 'string', format: 'date' }
const text = { type: 'string' }

const params = { type: 'object', required: ['lab_id'], properties: { lab_id: id } }

export const markRoute = {
  params,
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['user_id', 'date', 'status'],
    properties: { user_id: id, date, status, note: { ...note, default: '' } },
  },
  response: {
    200: {
      type: 'object',
      properties: { attendance_id: text, lab_id: text, user_id: text, date: text, status: text, note: text },
    },
  },
}

export const sheetRoute = {
  params,
  querystring: {
    type: 'object',
    additionalProperties: false,
    required: ['date'],
    properties: { date },
  },
  response: {
    200: {
      type: 'object',
      properties: {
        lab_id: text,
        date: text,
        attendances: {
          type: 'array',
          items: {
            type: 'object',
            properties: { user_id: text, username: text, status: text, note: text },
          },
        },
        total: { type: 'integer' },
      },
    },
  },
}

const nullable = (schema) => ({ ...schema, nullable: true })
const entry = {
  type: 'object',
  additionalProperties: false,
  required: ['client_id', 'status'],
  properties: {
    client_id: id,
    status: { type: 'string', nullable: true, enum: [...STATUSES, null] },
    note: nullable(note),
    minutes_late: { type: 'integer', nullable: true, minimum: 1, maximum: 600 },
    trial: { type: 'boolean', nullable: true },
    subscription_id: nullable(id),
  },
  // minutes are those of who is late
  if: { required: ['minutes_late'], properties: { minutes_late: { type: 'integer' } } },
  then: { properties: { status: { const: 'late' } } },
}
const count = { type: 'integer' }

export const lessonRoute = {
  params: { type: 'object', required: ['lesson_id'], properties: { lesson_id: id } },
  body: {
    type: 'object',
    additionalProperties: false,
    required: ['attendances'],
    properties: { attendances: { type: 'array', maxItems: 1000, items: entry } },
  },
  response: {
    200: {
      type: 'object',
      properties: {
        lesson_id: text,
        group_id: text,
        date: text,
        starts: text,
        ends: text,
        state: text,
        attendances: {
          type: 'array',
          items: {
            type: 'object',
            properties: {
              client_id: text,
              name: text,
              status: nullable(text),
              note: text,
              minutes_late: nullable(count),
              trial: { type: 'boolean' },
              guest: { type: 'boolean' },
              subscription_id: nullable(text),
              unpaid: { type: 'boolean' },
              marked_by: nullable(text),
              marked_at: nullable({ type: 'string', format: 'date-time' }),
            },
          },
        },
        total: count,
        counts: {
          type: 'object',
          properties: { present: count, late: count, absent: count, excused: count, unmarked: count },
        },
      },
    },
  },
}
