/** On the page that says that there is no connection: opens what was asked for once there is one. */

const EVERY = 15_000;
const HERE = "/app/offline";

async function again() {
  // opened by itself it leads nowhere
  if (location.pathname === HERE) return;
  const answer = await fetch(HERE, { method: "HEAD", cache: "no-store" }).catch(() => undefined);
  if (answer?.ok) location.replace(location.href);
}

addEventListener("online", again);
setInterval(again, EVERY);
