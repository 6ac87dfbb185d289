/** Sends what waits of roll calls from a page that is none, and says how much waits. */

import "./offline.js";
import { sender } from "./sending.js";
import * as store from "./taps.js";

const EVERY = 15_000;

const account = String(document.body.dataset.account);
const line = /** @type {HTMLElement} */ (document.getElementById("waiting"));
const others = new BroadcastChannel("attendance");
let hasSent = false;
let kind = "";

const sending = sender(account, async (change) => {
  const { sheet, isSaved } = change;
  kind = change.kind ?? kind;
  if (sheet) others.postMessage({ lesson: sheet.lesson_id, isSaved });
  hasSent ||= Boolean(isSaved);
  await shows();
});

async function shows() {
  const entries = await store.waiting(account);
  // what was refused, or has to be decided, is told where it was tapped
  const open = entries.find((entry) => entry.refusal || entry.conflict);
  const isOffline = kind === "offline" || !navigator.onLine;
  const { offline, saved, waiting } = /** @type {Record<string, string>} */ (line.dataset);
  const many = (/** @type {number} */ number) => waiting.replace("{number}", String(number));
  const said = [...(isOffline ? [offline] : []), ...(entries.length ? [many(entries.length)] : hasSent && !isOffline ? [saved] : [])];
  line.textContent = said.length ? `${said.join(": ")} ` : "";
  for (const badge of document.querySelectorAll(".waits")) badge.remove();
  for (const lesson of new Set(entries.map((entry) => entry.lesson))) {
    const number = entries.filter((entry) => entry.lesson === lesson).length;
    for (const link of document.querySelectorAll(`.lesson a[href="/app/lessons/${lesson}"]`)) {
      const badge = document.createElement("span");
      badge.className = "badge wait waits";
      badge.textContent = many(number);
      link.closest("li")?.querySelector(".state")?.append(" ", badge);
    }
  }
  if (!open) return;
  const link = document.createElement("a");
  link.href = `/app/lessons/${open.lesson}`;
  link.textContent = String(line.dataset.open);
  line.append(link);
}

async function again() {
  await shows();
  await sending.send();
}

others.addEventListener("message", async ({ data }) => {
  if (data.signedOut === account) location.replace("/app/sign-in");
  else await shows();
});
addEventListener("online", again);
addEventListener("offline", shows);
addEventListener("focus", again);
setInterval(again, EVERY);
again().catch(console.error);
