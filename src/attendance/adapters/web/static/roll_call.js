/** The roll call: one tap marks and saves, with a connection or without. */

import { askAbout, mayBeLost, tellsSignedIn } from "./dialogs.js";
import { forgetPages, hasWorker, isSecure } from "./offline.js";
import { sender } from "./sending.js";
import { Row, described, made, newRow, root, sorted, text, texts } from "./sheet.js";
import * as store from "./taps.js";

/** @typedef {import("./store.js").Said} Said */

const EVERY = 15_000;
const LOOK_EVERY = 60_000;
const SOON = 250;
const TYPED = 400;

const account = String(document.body.dataset.account);
const lesson = String(root.dataset.lesson);
const language = document.documentElement.lang;
const find = (/** @type {string} */ selector) => /** @type {any} */ (root.querySelector(selector));
const list = find(".clients");
const others = new BroadcastChannel("attendance");

/** @type {Map<string, Row>} */
const rows = new Map([...list.children].map((element) => [element.dataset.client, new Row(element)]));
/** @type {import("./store.js").Entry[]} */
let waiting = [];
/** @type {{client: string, before: Said, to: Said}[] | undefined} */
let last;
let writing = 0;
let steps = 0;
let kind = "";
let isSaved = false;
/** @type {string | undefined} */
let etag;
let looked = 0;
let whyNot = root.dataset.whyNot ?? "";
/** Before the lesson, too. */
let mayExcuse = "mayExcuse" in root.dataset;
/** Questions that somebody has put off. @type {Set<string | undefined>} */
const putOff = new Set();
/** What has become of the lesson while the page was open. */
let news = "";
let isSigningOut = false;
let unsure = Number.POSITIVE_INFINITY;

const sending = sender(account, async (change) => {
  if (change.seen) return change.seen.lesson_id === lesson ? sees(change.seen) : undefined;
  if (change.heard) await heard();
  if (change.kind !== undefined) {
    kind = change.kind;
    if (kind === "signIn") await forget();
  }
  if (change.sheet) {
    isSaved ||= Boolean(change.isSaved);
    others.postMessage({ lesson: change.sheet.lesson_id, isSaved: change.isSaved });
  }
  if (change.closed && change.lesson === lesson) {
    mayExcuse = false;
    becomes(change.closed);
  }
  if (change.sheet || !change.heard) await refresh();
});

/** The session is used: it lasts from now on. */
async function heard() {
  const until = Math.min(Date.parse(root.dataset.expiresAt ?? ""), Date.now() + 1000 * Number(root.dataset.idle));
  if (Number.isNaN(until)) return;
  unsure = until;
  await store.keepSession({ account, until });
}

async function forget() {
  unsure = Number.POSITIVE_INFINITY;
  await store.forgetSheets(true);
  await forgetPages();
}

// What is shown

/** @param {any} sheet */
function sees(sheet) {
  etag = sheet.etag;
  const listed = new Set();
  for (const each of sheet.attendances) {
    listed.add(each.client_id);
    const row = rows.get(each.client_id) ?? adds(newRow(each.client_id, each.name));
    row.guest = each.guest;
    row.sees(each);
  }
  for (const [client, row] of rows) {
    if (listed.has(client)) continue;
    row.base = store.seen(null);
    row.by = null;
    if (row.guest || row.said.status) continue;
    rows.delete(client);
    row.element.remove();
  }
  mayExcuse = sheet.may_excuse ?? mayExcuse;
  if (sheet.state === "cancelled") becomes("cancelled");
  else becomes(sheet.may_mark ? "" : mayExcuse ? "early" : "over");
  order();
}

/** @param {Row} row */
function adds(row) {
  rows.set(row.client, row);
  list.append(row.element);
  return row;
}

/** Say on top, and in the status line, why nobody can be marked now; "": they can. @param {string} why */
function becomes(why) {
  if (why === whyNot) return;
  keepsTyped();
  whyNot = why;
  news = why || !find(".rest") ? texts[why] ?? texts.reasons[why] ?? texts.reload : "";
  find(".why-not")?.remove();
  if (news) {
    const line = made("p", "", { class: "alert why-not", role: "alert" });
    line.append(made("span", news));
    find(".lead").after(line);
  }
  if (find("#guest")) find("#guest").disabled = Boolean(why);
  shows();
}

async function refresh() {
  const before = steps;
  const [entries, undoable] = [await store.waiting(account), await store.lastStep(account, lesson)];
  // what is just being kept, or was while this was read, is on the page already
  if (writing || steps !== before) return;
  waiting = entries;
  last = undoable;
  const here = new Map(waiting.filter((entry) => entry.lesson === lesson).map((entry) => [entry.client, entry]));
  for (const [client, entry] of here) {
    if (!rows.has(client)) adds(newRow(client, entry.name));
  }
  for (const [client, row] of rows) row.entry = here.get(client);
  shows();
  askAbout([...rows.values()].filter((row) => row.entry?.conflict && !putOff.has(row.entry.seq)), decides, (row) => putOff.add(row.entry?.seq));
}

function shows() {
  let marked = 0;
  let total = 0;
  for (const row of rows.values()) {
    row.show(!whyNot, mayExcuse);
    if (row.guest && !row.said.status) continue;
    total += 1;
    if (row.said.status) marked += 1;
  }
  find(".progress b").textContent = text("progress", { marked, total });
  const undo = find(".undo");
  if (undo) {
    const isOff = !last || !mayExcuse;
    undo.setAttribute("aria-disabled", String(isOff));
    // what has the focus keeps it
    undo.disabled = isOff && document.activeElement !== undo;
  }
  const rest = find(".rest");
  if (rest) rest.disabled = Boolean(whyNot) || marked === total;
  showStatus();
  showRefusals();
}

function showStatus() {
  const status = find(".status");
  const refused = waiting.find((entry) => entry.refusal);
  const number = waiting.filter((entry) => !entry.refusal).length;
  const isOffline = kind === "offline" || !navigator.onLine;
  /** @type {[string, string, string?]} */
  let said = ["", ""];
  if (kind === "signIn") said = ["wrong", texts.signIn, `/app/sign-in?next=${encodeURIComponent(location.pathname)}`];
  // nothing is said of what the disk may still refuse
  else if (writing || beingTyped) said = ["wait", ""];
  else if (number && isOffline) said = ["wait", text("offline", { number })];
  else if (number) said = ["wait", text("waiting", { number })];
  else if (refused) said = ["wrong", unsaved(refused), "#refusals"];
  else if (news) said = ["wrong", news];
  else if (isOffline) said = ["wait", texts.offlineAll];
  else if (isSaved) said = ["good", texts.saved];
  if (status.textContent === said[1] && status.dataset.kind === said[0]) return;
  status.dataset.kind = said[0];
  status.replaceChildren(said[2] ? made("a", said[1], { href: said[2] }) : said[1]);
}

/** Why it is not saved, and is not going to be by itself. @param {import("./store.js").Entry} [entry] */
function unsaved(entry) {
  if (entry?.conflict) return texts.changed;
  const why = entry?.refusal ?? (entry?.to.wrong && store.MINUTES);
  return why ? `${texts.refused}: ${texts.reasons[why] ?? why}` : "";
}

/** At the clients, and on top with what leads there. */
function showRefusals() {
  for (const row of rows.values()) {
    const { entry } = row;
    row.tells(unsaved(entry), () => {
      if (entry?.conflict) return [button(texts.decide, texts.decide, asksAgain)];
      if (!entry?.refusal) return [];
      const discard = button(texts.discard, text("discardWhat", entry), () => changes(entry, false));
      if (entry.refusal === store.MINUTES) return [discard];
      return [button(texts.tryAgain, text("tryAgainWhat", entry), () => changes(entry, true)), discard];
    });
  }
  const lines = waiting.filter(unsaved).map((entry) => {
    const isHere = entry.lesson === lesson;
    const said = `${entry.name}, ${described(entry.to)}. ${unsaved(entry)}${isHere ? "" : `. ${texts.open}`}`;
    const line = made("p");
    line.append(made("a", said, { href: isHere ? `#client-${entry.client}` : `/app/lessons/${entry.lesson}` }));
    return line;
  });
  const place = find(".refusals");
  place.hidden = !lines.length;
  if (place.textContent !== lines.map((line) => line.textContent).join("")) place.replaceChildren(...lines);
}

/** @param {string} said @param {string} name @param {() => void} does */
function button(said, name, does) {
  const element = made("button", said, { type: "button", class: "second", "aria-label": name });
  element.onclick = does;
  return element;
}

/** Try again what was refused, or let it be. @param {import("./store.js").Entry} entry @param {boolean} isAgain */
async function changes(entry, isAgain) {
  await store.change([entry], (now) => (isAgain ? { ...now, refusal: undefined } : null));
  await changed();
  // the button that was pressed is gone
  if (document.activeElement === document.body) rows.get(entry.client)?.focus();
}

/** What was put off is asked about now. */
function asksAgain() {
  putOff.clear();
  return refresh();
}

/** @param {Row} row @param {boolean} isMine */
async function decides(row, isMine) {
  if (!row.entry) return;
  await store.decided(row.entry, isMine ? row.base : null);
  await changed();
}

// What is done

/** Keep a step, show it, and send it soon. @param {{row: Row, to: Said, rest?: boolean, typed?: boolean}[]} those @param {boolean} [isUndo] */
async function step(those, isUndo = false) {
  const told = those.map(({ row, to, rest, typed }) => {
    const { client, name, base, entry, said: before } = row;
    return { client, name, before, to, base, rest, typed, sent: entry?.to };
  });
  for (const { row, to, rest } of those) shownAt(row, to, Boolean(rest));
  last = isUndo ? undefined : told;
  if (!isUndo) find(".undone").textContent = "";
  writing += 1;
  steps += 1;
  shows();
  try {
    await store.step(account, lesson, told, isUndo);
  } finally {
    writing -= 1;
    await changed();
  }
}

/** What is about to be kept. @param {Row} row @param {Said} to @param {boolean} [rest] @returns {import("./store.js").Entry} */
function next({ client, name, base, entry }, to, rest) {
  const old = entry ?? { account, lesson, client, name, base, tried: [], at: 0, seq: "" };
  return { ...old, to, rest: Boolean(rest && !entry), refusal: undefined, conflict: undefined };
}

/** Show it at once. @param {Row} row @param {Said} to @param {boolean} rest */
function shownAt(row, to, rest) {
  const { client } = row;
  const entry = next(row, to, rest);
  // what was there before may be on its way
  const waits = row.entry || to.wrong || !store.same(to, entry.base);
  row.entry = waits ? entry : undefined;
  row.early = undefined;
  waiting = waiting.filter((each) => each.lesson !== lesson || each.client !== client);
  if (waits) waiting.push(entry);
}

async function changed() {
  others.postMessage({ lesson });
  await refresh();
  soon();
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
/** What is tapped twice by accident is not sent at all. */
function soon() {
  clearTimeout(timer);
  timer = setTimeout(sending.send, SOON);
}

/** @param {Event} event */
const rowOf = (event) => rows.get(/** @type {HTMLElement} */ (event.target).closest("li.client")?.dataset.client ?? "");

/** @param {Row} row @param {string | null} status @param {boolean} [typed] */
function taps(row, status, typed) {
  const to = row.typed(status);
  return row.differs(to) ? step([{ row, to, typed }]) : undefined;
}

/** @type {Row | undefined} */
let beingTyped;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let pause;

/** Keep what is being typed. */
async function keepsTyped() {
  clearTimeout(pause);
  const row = beingTyped;
  beingTyped = undefined;
  if (row?.said.status) await taps(row, row.said.status, true);
  shows();
}

list.addEventListener("input", (/** @type {Event} */ event) => {
  const row = rowOf(event);
  if (!row || !/** @type {HTMLElement} */ (event.target).matches("textarea, .minutes input")) return;
  if (row !== beingTyped) keepsTyped();
  clearTimeout(pause);
  beingTyped = row;
  pause = setTimeout(keepsTyped, TYPED);
  showStatus();
});

/** Nobody may come back to a page that is left: keep what is typed, and send it, at once. */
async function leaves() {
  const row = beingTyped;
  if (row?.said.status) await store.keepNow(next(row, row.typed(row.said.status)));
  await keepsTyped();
  if (waiting.length) await sending.send();
}

list.addEventListener("click", (/** @type {MouseEvent} */ event) => {
  const row = rowOf(event);
  const radio = /** @type {HTMLInputElement} */ (event.target);
  if (row && radio.type === "radio") taps(row, row.said.status === radio.value ? null : radio.value);
});

list.addEventListener("keydown", (/** @type {KeyboardEvent} */ event) => {
  const row = rowOf(event);
  const radio = /** @type {HTMLInputElement} */ (event.target);
  if (!row || radio.type !== "radio") return;
  const clears = event.key === "Delete" || event.key === "Backspace" || (event.key === " " && radio.checked);
  if (!clears) return;
  event.preventDefault();
  taps(row, null);
});

list.addEventListener("change", (/** @type {Event} */ event) => {
  const row = rowOf(event);
  if (!row || /** @type {HTMLInputElement} */ (event.target).type === "radio") return;
  if (row === beingTyped) keepsTyped();
  else taps(row, row.said.status);
  shows();
});

find(".rest")?.addEventListener("click", (/** @type {Event} */ event) => {
  event.preventDefault();
  const left = [...rows.values()].filter((row) => !row.said.status && !row.guest);
  const to = { status: "present", note: "", minutes: null, trial: false };
  if (left.length) step(left.map((row) => ({ row, to, rest: true })));
});

find(".undo")?.addEventListener("click", undoes);

/** Take back the last step of which anything is left. @returns {Promise<void>} */
async function undoes() {
  if (!last || !mayExcuse) return;
  /** @type {{row: Row, to: Said}[]} */
  const back = [];
  for (const { client, before, to } of last) {
    const row = rows.get(client);
    // what somebody else has said since stays
    const isOwn = row && (!to.status || row.entry || row.by === account);
    if (isOwn && !row.differs(to)) back.push({ row, to: before });
  }
  if (back.length) {
    const names = back.map(({ row }) => row.name);
    const what = back.length > 1 ? [...names.slice(0, 3), ...(names.length > 3 ? ["…"] : [])].join(", ") : `${names[0]}: ${described(back[0].to)}`;
    find(".undone").textContent = text("undone", { what });
    if (back.length === 1) back[0].row.element.scrollIntoView({ block: "nearest" });
    await step(back, true);
    return;
  }
  await store.step(account, lesson, [], true);
  last = await store.lastStep(account, lesson);
  if (last) return void (await undoes());
  find(".undone").textContent = texts.nothingUndone;
  await refresh();
}

// Looking at the list

function order() {
  const isGiven = find("[name=sort]:checked").value === "given";
  const wanted = sorted([...rows.values()], isGiven, language).map((row) => row.element);
  const focused = wanted.findIndex((element) => element.contains(document.activeElement));
  const place = Math.max(focused, 0);
  // around the row that is in use, which loses its focus if it is moved; those in order stay
  for (let at = place + 1; at < wanted.length; at += 1) {
    if (wanted[at].previousElementSibling !== wanted[at - 1]) wanted[at - 1].after(wanted[at]);
  }
  for (let at = place - 1; at >= 0; at -= 1) {
    if (wanted[at].nextElementSibling !== wanted[at + 1]) wanted[at + 1].before(wanted[at]);
  }
}

function filter() {
  const isUnmarked = find("#unmarked-only").checked;
  // whoever is marked now stays where they are until this is asked for again: nothing moves under a thumb
  for (const row of rows.values()) row.element.hidden = isUnmarked && Boolean(row.said.status) && !row.told;
}

find(".tools").addEventListener("change", () => {
  localStorage.setItem("attendance.sort", find("[name=sort]:checked").value);
  order();
  filter();
});

// Guests

/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;
find("#guest")?.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(searches, SOON);
});

async function searches() {
  const q = find("#guest").value.trim();
  const found = find(".found");
  found.hidden = !q;
  if (!q) return found.replaceChildren();
  /** @type {HTMLElement[]} */
  let lines;
  try {
    const answer = await sending.asks(`/api/v1/clients?active=true&page=1&per_page=8&q=${encodeURIComponent(q)}`);
    const { clients = [], total = 0 } = await answer.json();
    if (q !== find("#guest").value.trim()) return undefined;
    lines = clients.map((/** @type {any} */ client) => {
        if (rows.get(client.id)?.said.status) return made("li", text("listed", client));
        const line = made("li");
        line.append(button(client.name, client.name, () => comes(client)));
        return line;
      });
    if (!lines.length) lines = [made("li", texts.nobody)];
    if (total > clients.length) lines.push(made("li", texts.more));
  } catch {
    lines = [made("li", texts.onlineOnly)];
  }
  found.replaceChildren(...lines);
  return found.scrollIntoView({ block: "nearest" });
}

/** @param {{id: string, name: string}} client */
async function comes({ id, name }) {
  const row = rows.get(id) ?? adds(newRow(id, name));
  find("#guest").value = "";
  find(".found").hidden = true;
  await step([{ row, to: { status: "present", note: "", minutes: null, trial: false } }]);
  order();
  row.element.scrollIntoView({ block: "center" });
  row.radios[0].focus();
}

// What is noted of a client: asked for whenever it is looked at, and kept nowhere

/** A device that is left lying keeps nothing of anybody's health. @param {any} event */
async function looksUp(event) {
  const { open } = event.target;
  const row = rowOf(event);
  const place = row?.element.querySelector(".known");
  if (!place) return;
  place.textContent = open ? "…" : "";
  if (!open) return;
  let said = texts.notesOnline;
  try {
    const answer = await sending.asks(`/api/v1/clients/${row.client}`);
    const { notes, code } = await answer.json();
    said = answer.ok ? (notes ? text("notes", { notes }) : texts.noNotes) : texts.reasons[code] ?? code;
  } catch (/** @type {any} */ { kind: why }) {
    if (why === "signIn") said = texts.signIn;
  }
  if (event.target.open) place.textContent = said;
}

// what is opened tells nobody around it
list.addEventListener("toggle", looksUp, true);

// When there is a connection, again and again

async function tick() {
  if (Date.now() > unsure) {
    kind = "signIn";
    await forget();
    await refresh();
  }
  if (waiting.length) await sending.send();
  if (document.visibilityState === "visible" && Date.now() - looked > LOOK_EVERY) await look();
}

async function look() {
  looked = Date.now();
  await sending.look(lesson, etag);
}

async function again() {
  await sending.send();
  await look();
}

others.onmessage = async ({ data }) => {
  if (data.signedOut === account) {
    if (isSigningOut) return;
    // no name stays to be read
    root.remove();
    location.replace(`/app/sign-in?next=${encodeURIComponent(location.pathname)}`);
    return;
  }
  isSaved ||= Boolean(data.isSaved);
  if (data.lesson === lesson) {
    const kept = await store.keptSheet(account, lesson);
    if (kept) sees(kept.sheet);
    else if (data.isSaved) await look();
  }
  await refresh();
};

document.addEventListener("submit", async (event) => {
  const form = /** @type {HTMLFormElement} */ (event.target);
  if (form.getAttribute("method") === "dialog") return;
  event.preventDefault();
  if (!form.action.includes("/app/sign-out")) return;
  if (await isCutOff()) return tellsSignedIn();
  const number = (await store.waiting(account)).length;
  if (number && !(await mayBeLost(number))) return;
  if (await isCutOff()) return tellsSignedIn();
  isSigningOut = true;
  if (hasWorker()) {
    // which forgets once the session has ended, and tells other tabs
    form.action += "?discard=yes";
  } else {
    await store.forgetAccount(account);
    others.postMessage({ signedOut: account });
  }
  form.submit();
});

/** Whether the service cannot be asked to end the session. */
async function isCutOff() {
  try {
    const answer = await fetch("/app/offline", { method: "HEAD", cache: "no-store", signal: AbortSignal.timeout(5000) });
    return answer.status >= 500;
  } catch {
    return true;
  }
}


async function start() {
  const kept = await store.keptSheet(account, lesson);
  const at = Number(document.body.dataset.kept ?? performance.timeOrigin);
  root.classList.add("is-live");
  for (const element of root.querySelectorAll(".live")) element.removeAttribute("hidden");
  const sort = root.querySelector(`[name=sort][value="${localStorage.getItem("attendance.sort")}"]`);
  if (sort) /** @type {HTMLInputElement} */ (sort).checked = true;
  if (kept && kept.at > at) sees(kept.sheet);
  else order();
  const startsAt = Date.parse(root.dataset.startsAt ?? "") - Date.now();
  if (whyNot === "early" && startsAt < 2 ** 31) setTimeout(becomes, Math.max(0, startsAt), "");
  if (!isSecure) {
    find(".why-offline").textContent = texts.insecure;
    find(".why-offline").hidden = false;
  }
  // said of what is here, too
  isSaved = [...rows.values()].some((row) => row.base.status);
  await store.forgetSheets(false);
  if (!document.body.dataset.kept) await heard();
  await refresh();
  const early = [...rows.values()].flatMap((row) => (row.early ? [{ row, to: row.early }] : []));
  if (early.length) await step(early);
  addEventListener("online", () => {
    putOff.clear();
    return again();
  });
  addEventListener("offline", showStatus);
  addEventListener("focus", again);
  addEventListener("pagehide", leaves);
  document.addEventListener("visibilitychange", () => (document.visibilityState === "visible" ? again() : leaves()));
  setInterval(tick, EVERY);
  await sending.send();
  if (document.body.dataset.kept) await look();
}

// where nothing can be kept, the form does without
start().catch(console.error);
