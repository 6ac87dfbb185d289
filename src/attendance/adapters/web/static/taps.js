/** What becomes of taps: kept, sent, accepted, asked about, undone. */

import { got, isSoon, transaction } from "./store.js";

export * from "./store.js";

/**
 * @typedef {import("./store.js").Said} Said
 * @typedef {import("./store.js").Seen} Seen
 * @typedef {import("./store.js").Entry} Entry
 */

/** The refusal of what is never sent: only minutes that are none differ from what was seen. */
export const MINUTES = "minutes";

/**
 * Keep an entry's next state, or nothing where nothing differs from what was seen and nothing was sent.
 * @param {IDBObjectStore} store
 * @param {Entry} entry
 */
function put(store, entry) {
  const isSettled = same(entry.to, entry.base) && !entry.tried.length;
  if (!isSettled) store.put(entry);
  else if (entry.to.wrong) store.put({ ...entry, refusal: MINUTES });
  else store.delete([entry.account, entry.lesson, entry.client]);
}

/** Whether both would be sent as the same. @param {Said} one @param {Said} other */
export function same(one, other) {
  const minutes = (/** @type {Said} */ said) => (said.status === "late" ? said.minutes : null);
  return (
    one.status === other.status &&
    (!one.status || (one.note === other.note && minutes(one) === minutes(other) && one.trial === other.trial))
  );
}

/**
 * What a sheet says of a client.
 * @param {any} listed
 * @returns {Seen}
 */
export function seen(listed) {
  if (!listed) return { status: null, note: "", minutes: null, trial: false, version: 0 };
  const { status, note, minutes_late: minutes, trial, version } = listed;
  return { status, note, minutes, trial, version };
}

/**
 * One step: taps of any number of clients, all kept or none, and how to take them back.
 * @param {string} account
 * @param {string} lesson
 * @param {{client: string, name: string, before: Said, to: Said, base: Seen, rest?: boolean, typed?: boolean, sent?: Said}[]} taps
 * @param {boolean} isUndo
 */
export function step(account, lesson, taps, isUndo) {
  return transaction(async ({ waiting: store, undo }) => {
    for (const { client, name, to, base, rest, sent } of taps) {
      const old = await got(store.get([account, lesson, client]));
      put(store, {
        account,
        lesson,
        client,
        name,
        to,
        base: old && old.refusal !== MINUTES ? old.base : base,
        // what waited when it was tapped, and has been accepted in another tab
        tried: old?.tried ?? (sent ? [sent] : []),
        rest: Boolean(rest && !old),
        at: Date.now(),
        seq: unique(),
      });
    }
    const steps = (await got(undo.get([account, lesson])))?.steps ?? [];
    const [tap] = taps;
    const last = steps.at(-1)?.at(-1);
    // letters of one text are one step
    if (tap?.typed && last?.typed && last.client === tap.client && same(last.to, tap.before)) last.to = tap.to;
    else if (isUndo) steps.pop();
    else steps.push(taps.map(({ client, before, to, typed }) => ({ client, before, to, typed })));
    undo.put({ account, lesson, steps: steps.slice(-20), at: Date.now() });
  });
}

/** Before the page is gone: without looking at what is kept, whose answer might not come any more. @param {Entry} entry */
export function keepNow(entry) {
  return transaction(({ waiting: store }) => {
    put(store, { ...entry, at: Date.now(), seq: unique() });
    store.transaction.commit();
  });
}

const unique = () => `${Date.now()}.${Math.random()}`;

/** The last step of a lesson, if there is one. @param {string} account @param {string} lesson */
export function lastStep(account, lesson) {
  return transaction(async ({ undo }) => (await got(undo.get([account, lesson])))?.steps.at(-1), "readonly");
}

/**
 * Change entries that are still there.
 * @param {Entry[]} entries
 * @param {(entry: Entry, sent: Entry) => Entry | null} next null: it waits no longer
 * @param {any} [sheet] the answer that they are changed by
 */
export function change(entries, next, sheet) {
  return transaction(async ({ waiting: store, sheets }) => {
    for (const sent of entries) {
      const key = [sent.account, sent.lesson, sent.client];
      const entry = await got(store.get(key));
      const after = entry && next(entry, sent);
      if (after) put(store, after);
      else if (entry) store.delete(key);
    }
    if (sheet && isSoon(sheet.date)) sheets.put({ account: sheet.account, lesson: sheet.lesson_id, sheet, at: Date.now() });
  });
}

/** Before anything is sent: what comes back may be this. Those that are still there, as they are by now. @param {Entry[]} entries */
export async function trying(entries) {
  /** @type {Entry[]} */
  const there = [];
  await change(entries, (entry) => {
    const { tried, to } = entry;
    const now = tried.some((said) => same(said, to)) ? entry : { ...entry, tried: [...tried, to] };
    there.push(now);
    return now;
  });
  return there;
}

/** @param {Entry[]} entries @param {any} sheet */
export function accepted(entries, sheet) {
  return change(
    entries,
    (entry, sent) => {
      const now = seen(sheet.attendances.find((/** @type {any} */ listed) => listed.client_id === entry.client));
      if (entry.seq === sent.seq) return entry.to.wrong ? { ...entry, base: now, tried: [], rest: false } : null;
      // what somebody else has said, and whoever tapped again has not seen, is asked about
      return same(now, sent.to) ? { ...entry, base: now, tried: [], rest: false } : { ...entry, rest: false };
    },
    sheet,
  );
}

/**
 * Somebody was faster: their mark is asked about, unless it is an own one whose answer was lost, or says
 * what was seen.
 * @param {Entry[]} entries
 * @param {any} sheet
 */
export function outdated(entries, sheet) {
  return change(
    entries,
    (entry) => {
      const listed = sheet.attendances.find((/** @type {any} */ each) => each.client_id === entry.client);
      const now = seen(listed);
      const isOwn = (!now.status || listed.marked_by === entry.account) && entry.tried.some((said) => same(said, now));
      if (isOwn || same(now, entry.base)) return { ...entry, base: now, tried: isOwn ? [] : entry.tried };
      return { ...entry, conflict: true };
    },
    sheet,
  );
}

/** What holds of what was asked about. @param {Entry} entry @param {Seen | null} theirs null: mine holds not */
export const decided = (entry, theirs) =>
  change([entry], (now) => (theirs ? { ...now, base: theirs, tried: [], rest: false, conflict: false, seq: unique() } : null));

/** @param {any} sheet */
export const keepSheet = (sheet) => change([], () => null, sheet);

/**
 * @param {string} account
 * @param {string} lesson
 * @returns {Promise<{sheet: any, at: number} | undefined>}
 */
export function keptSheet(account, lesson) {
  return transaction(({ sheets }) => got(sheets.get([account, lesson])), "readonly");
}
