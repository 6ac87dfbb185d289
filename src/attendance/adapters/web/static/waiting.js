/** Sends what waits of roll calls from a page that is none, and says how much waits. */

import "./offline.js";
import { sender } from "./sending.js";
import * as store from "./taps.js";

const EVERY = 15_000;

const account = String(document.body.dataset.account);
const line = /** @type {HTMLElement} */ (document.getElementById("waiting"));
const others = new BroadcastChannel("attendance");
let hasSent = false;

const sending = sender(account, async ({ sheet, isSaved }) => {
  if (sheet) others.postMessage({ lesson: sheet.lesson_id, isSaved });
  hasSent ||= Boolean(isSaved);
  await shows();
});

async function shows() {
  const entries = await store.waiting(account);
  // what was refused, or has to be decided, is told where it was tapped
  const open = entries.find((entry) => entry.refusal || entry.conflict);
  const said = entries.length ? line.dataset.waiting?.replace("{number}", String(entries.length)) : line.dataset.saved;
  line.textContent = entries.length || hasSent ? `${said} ` : "";
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
addEventListener("focus", again);
setInterval(again, EVERY);
again().catch(console.error);
