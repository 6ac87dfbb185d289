/**
 * What a phone keeps: taps that wait, by account, lesson and client; sheets as they were answered last; what
 * can be undone; whose session it is and until when. The worker has this file, too; what is done with taps
 * stands in taps.js.
 *
 * `wrong`: what was typed as minutes and are none, until it is mended or discarded.
 *
 * @typedef {{status: string | null, note: string, minutes: number | null, trial: boolean, wrong?: string}} Said
 * @typedef {Said & {version: number}} Seen
 * @typedef {{account: string, lesson: string, client: string, name: string, to: Said, base: Seen,
 *   tried: Said[], rest: boolean, at: number, seq: string, conflict?: boolean, refusal?: string,
 *   undated?: boolean}} Entry
 */

const STORES = { waiting: ["account", "lesson", "client"], sheets: ["account", "lesson"], undo: ["account", "lesson"], about: "key" };
const KEPT_FOR = 72 * 3600 * 1000;

/** @type {Promise<IDBDatabase> | undefined} */
let opened;

/** @returns {Promise<IDBDatabase>} */
function database() {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("attendance", 1);
    request.onupgradeneeded = () => {
      for (const [name, keyPath] of Object.entries(STORES)) request.result.createObjectStore(name, { keyPath });
    };
    request.onsuccess = () => {
      const close = () => {
        request.result.close();
        opened = undefined;
      };
      request.result.onversionchange = close;
      request.result.onclose = () => (opened = undefined);
      resolve(request.result);
    };
    request.onerror = () => reject(request.error);
  });
  return opened;
}

/**
 * What a request in a transaction comes to.
 * @param {IDBRequest} request
 * @returns {Promise<any>}
 */
export function got(request) {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}

/**
 * All of the work in one transaction, or none of it; return what it returned once it is on the disk.
 * @template T
 * @param {(stores: Record<string, IDBObjectStore>) => T | Promise<T>} work
 * @param {IDBTransactionMode} [mode]
 * @returns {Promise<T>}
 */
export async function transaction(work, mode = "readwrite") {
  const names = Object.keys(STORES);
  const running = (await database()).transaction(names, mode, { durability: "strict" });
  return new Promise((resolve, reject) => {
    const stores = Object.fromEntries(names.map((name) => [name, running.objectStore(name)]));
    /** @type {any} */
    let result;
    running.oncomplete = () => resolve(result);
    running.onabort = () => reject(running.error ?? new Error("aborted"));
    (async () => (result = await work(stores)))().catch((error) => {
      reject(error);
      running.abort();
    });
  });
}

/** @param {...string} key */
const below = (...key) => IDBKeyRange.bound(key, [...key, []]);

/** What waits of an account, or of all, in the order of lessons. @param {string} [account] @returns {Promise<Entry[]>} */
export const waiting = (account) => transaction(({ waiting: store }) => got(store.getAll(account && below(account))), "readonly");

/** Whether it is today's or tomorrow's, to be kept. @param {string | undefined} date */
export function isSoon(date) {
  const days = [0, 1].map((later) => {
    const day = new Date();
    day.setDate(day.getDate() + later);
    return [day.getFullYear(), day.getMonth() + 1, day.getDate()].map((part) => String(part).padStart(2, "0")).join("-");
  });
  return days.includes(date ?? "");
}

/** @param {{account: string, until: number}} session */
export const keepSession = (session) => transaction(({ about }) => void about.put({ key: "session", ...session }));

/** @returns {Promise<{account: string, until: number} | undefined>} */
export const keptSession = () => transaction(({ about }) => got(about.get("session")), "readonly");

/** Forget sheets: those kept for too long, or all. What waits can still be taken back. @param {boolean} all */
export function forgetSheets(all) {
  return transaction(async ({ sheets, undo, waiting: store }) => {
    const isOver = (/** @type {{at: number}} */ { at }) => all || at < Date.now() - KEPT_FOR;
    for (const each of await got(sheets.getAll())) {
      if (isOver(each)) sheets.delete([each.account, each.lesson]);
    }
    for (const each of (await got(undo.getAll())).filter(isOver)) {
      const { account, lesson } = each;
      const waits = new Set((await got(store.getAll(below(account, lesson)))).map((/** @type {Entry} */ { client }) => client));
      const steps = each.steps.filter((/** @type {Entry[]} */ step) => step.every(({ client }) => waits.has(client)));
      if (steps.length) undo.put({ ...each, steps });
      else undo.delete([account, lesson]);
    }
  });
}

/** Forget everything of an account, what waits too. @param {string} account */
export function forgetAccount(account) {
  return transaction((stores) => {
    for (const name of ["waiting", "sheets", "undo"]) stores[name].delete(below(account));
    stores.about.delete("session");
  });
}
