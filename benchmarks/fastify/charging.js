// Which pass pays for a visit.

const NOTHING = { subscription_id: null, unpaid: false }
const UNPAID = { subscription_id: null, unpaid: true }
const ALWAYS = '9999-12-31'

// the pass that was named cannot pay
export class NoCandidate extends Error {}

function covers(pass, lesson) {
  return (
    pass.starts_on <= lesson.date &&
    lesson.date <= (pass.valid_until ?? ALWAYS) &&
    lesson.date <= (pass.cancelled_on ?? ALWAYS) &&
    (pass.group_ids.length === 0 || pass.group_ids.includes(lesson.group_id)) &&
    !pass.freezes.some((freeze) => freeze.since <= lesson.date && lesson.date <= freeze.until)
  )
}

const isUsedUp = (pass) => pass.visits !== null && pass.visits <= pass.charged

const sortKey = (pass) => [
  pass.visits !== null,
  pass.valid_until ?? ALWAYS,
  pass.group_ids.length || Infinity,
  pass.sold_on,
  +pass.created_at,
  pass.id,
]

function compare(one, two) {
  const [left, right] = [sortKey(one), sortKey(two)]
  const place = left.findIndex((value, at) => value !== right[at])
  return place < 0 ? 0 : left[place] < right[place] ? -1 : 1
}

// `entry.subscription_id`: absent, null (decide anew) or the pass that shall pay
export function charge(entry, lesson, passes, paid, trial) {
  const named = entry.subscription_id ?? null
  if (entry.subscription_id === null && paid.subscription_id !== null) {
    const payer = paid.subscription_id
    passes = passes.map((it) => ({ ...it, charged: it.charged - (it.id === payer) }))
    paid = NOTHING
  }
  if (trial || entry.status === 'excused') return NOTHING
  const isKept = named === null || named === paid.subscription_id
  let decides = passes.find((it) => it.id === paid.subscription_id)
  if (!decides || !isKept) {
    let candidates = passes.filter((it) => covers(it, lesson) && !isUsedUp(it))
    if (named !== null) {
      candidates = candidates.filter((it) => it.id === named)
      if (candidates.length === 0) throw new NoCandidate()
    }
    decides = candidates.length > 1 ? candidates.sort(compare)[0] : candidates[0]
  }
  if (entry.status === 'absent') {
    if (decides && !decides.charges_absence) return NOTHING
    if (!decides && passes.some((it) => covers(it, lesson) && !it.charges_absence)) return NOTHING
  }
  if ((paid.subscription_id !== null || paid.unpaid) && isKept) return paid
  return decides ? { subscription_id: decides.id, unpaid: false } : UNPAID
}
