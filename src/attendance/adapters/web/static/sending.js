/** Sends what waits: one tab at a time, each lesson by itself, again later where it does not get through. */

import * as store from "./taps.js";

/** @typedef {import("./store.js").Entry} Entry */

const LONGEST_ANSWER = 20_000;
const LONGEST_PAUSE = 60_000;
const REFUSED_LATER = new Set([408, 425, 429]);

/** It may get through later. */
class Later extends Error {
  /** @param {string} kind @param {number} [pause] */
  constructor(kind, pause) {
    super(kind);
    this.kind = kind;
    this.pause = pause;
  }
}

/** @param {Entry} entry */
function body({ client, to, base, rest, at, undated }) {
  const noted = undated ? {} : { noted_at: new Date(at).toISOString() };
  if (rest) return { client_id: client, status: to.status, if_unmarked: true, ...noted };
  const said = to.status ? { note: to.note, trial: to.trial } : {};
  const late = to.status === "late" ? { minutes_late: to.minutes } : {};
  return { client_id: client, status: to.status, ...said, ...late, if_version: base.version, ...noted };
}

/**
 * @param {string} account
 * @param {(change: {kind?: string, seen?: any, sheet?: any, isSaved?: boolean, heard?: boolean, lesson?: string, closed?: string}) => Promise<void> | void} tell what became of it
 */
export function sender(account, tell) {
  let failures = 0;
  let notBefore = 0;
  let isQueued = false;
  let sends = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer;

  /** @param {string} path @param {RequestInit} [request] */
  async function asks(path, request = {}) {
    /** @type {Response} */
    let answer;
    try {
      const headers = { "x-requested-with": "attendance", "x-account": account, ...request.headers };
      const signal = AbortSignal.timeout(LONGEST_ANSWER);
      answer = await fetch(path, { cache: "no-store", signal, ...request, headers });
    } catch {
      throw new Later("offline");
    }
    if (answer.status === 401) throw new Later("signIn");
    if (answer.status >= 500 || REFUSED_LATER.has(answer.status)) {
      throw new Later("later", 1000 * Number(answer.headers.get("retry-after") ?? 0));
    }
    await tell({ heard: true });
    return answer;
  }

  const path = (/** @type {string} */ lesson) => `/api/v1/lessons/${lesson}/attendance`;

  /** @param {Response} answer */
  async function sheetIn(answer) {
    try {
      return { ...(await answer.json()), account, etag: answer.headers.get("etag") };
    } catch {
      throw new Later("offline");
    }
  }

  /** @param {string} lesson @param {Entry[]} read */
  async function sendLesson(lesson, read) {
    const entries = await store.trying(read);
    if (!entries.length) return;
    const attendances = entries.map(body);
    const headers = { "content-type": "application/json" };
    sends += 1;
    const answer = await asks(path(lesson), { method: "PUT", headers, body: JSON.stringify({ attendances }) });
    sends += 1;
    if (answer.ok) {
      const sheet = await sheetIn(answer);
      // before anything stops waiting: what is tapped meanwhile is tapped over this
      await tell({ seen: sheet });
      await store.accepted(entries, sheet);
      await tell({ sheet, isSaved: true });
      return;
    }
    const refusal = await answer.json().catch(() => ({}));
    const faults = new Map();
    for (const { field, message } of refusal.details ?? []) {
      const [, place, name] = /^attendances\[(\d+)\]\.?(.*)$/.exec(field) ?? [];
      if (place) faults.set(entries[Number(place)], { name, message });
    }
    const faulty = entries.filter((entry) => faults.has(entry));
    if (answer.status === 412 && faulty.length) {
      const sheet = await sheetIn(await asks(path(lesson)));
      await tell({ seen: sheet });
      await store.outdated(faulty, sheet);
      await tell({ sheet });
      return;
    }
    // a clock that is wrong is no reason not to mark anybody
    const dated = faulty.filter((entry) => faults.get(entry).name === "noted_at" && !entry.undated);
    if (dated.length) {
      await store.change(dated, (entry) => ({ ...entry, undated: true }));
      return;
    }
    await store.change(faulty.length ? faulty : entries, (entry, sent) => {
      const said = faults.get(sent)?.message ?? refusal.code ?? String(answer.status);
      return entry.seq === sent.seq ? { ...entry, refusal: said } : entry;
    });
    await tell({});
    // nor can anybody else be marked, perhaps
    if (!faulty.length) await asksHow(lesson);
  }

  /** How a lesson is now, or why that is not told any more. @param {string} lesson @param {string} [etag] */
  async function asksHow(lesson, etag) {
    const before = sends;
    const answer = await asks(path(lesson), { headers: etag ? { "if-none-match": etag } : {} });
    if (answer.status === 304) return;
    const sheet = await sheetIn(answer);
    // what was sent meanwhile is answered by a newer one
    if (sends !== before) return;
    if (!answer.ok) return void (await tell({ lesson, closed: sheet.code }));
    await tell({ seen: sheet });
    await store.keepSheet(sheet);
    await tell({ sheet });
  }

  async function sendAll() {
    for (;;) {
      const entries = (await store.waiting(account)).filter((entry) => !entry.conflict && !entry.refusal);
      if (!entries.length) return;
      await tell({ kind: "sending" });
      for (const lesson of new Set(entries.map((entry) => entry.lesson))) {
        await sendLesson(lesson, entries.filter((entry) => entry.lesson === lesson));
      }
    }
  }

  /** @param {() => Promise<void>} work */
  async function attempt(work) {
    try {
      await work();
      failures = 0;
      notBefore = 0;
      await tell({ kind: "" });
    } catch (error) {
      if (!(error instanceof Later)) throw error;
      failures += 1;
      const pause = error.pause || Math.min(LONGEST_PAUSE, 1000 * 2 ** failures);
      notBefore = error.pause ? Date.now() + pause : 0;
      clearTimeout(timer);
      if (error.kind === "later") timer = setTimeout(send, pause);
      await tell({ kind: error.kind });
    }
  }

  /** Send what waits, unless one was told to wait; whatever waits behind a tab that sends is sent after it. */
  async function send() {
    // what was not even tried is taken back without a trace
    if (!navigator.onLine) return void tell({ kind: "offline" });
    if (isQueued || Date.now() < notBefore) return;
    isQueued = true;
    const alone = () => {
      isQueued = false;
      return attempt(sendAll);
    };
    if (navigator.locks) await navigator.locks.request("attendance-sending", alone);
    else await alone();
  }

  /** See what others have said of a lesson. @param {string} lesson @param {string} [etag] */
  const look = (lesson, etag) => attempt(() => asksHow(lesson, etag));

  return { send, look, asks };
}
