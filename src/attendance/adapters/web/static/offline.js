/** Has the worker keep pages for when there is no net. Loading this is all that a page has to do. */

const WORKER = "/app/worker.js";

const policy = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("attendance", {
  createScriptURL(/** @type {string} */ path) {
    if (path !== WORKER) throw new TypeError(path);
    return path;
  },
});

export const isSecure = "serviceWorker" in navigator;
/** Whether what the page asks for goes through the worker. */
export const hasWorker = () => isSecure && Boolean(navigator.serviceWorker.controller);

async function registers() {
  const wasKept = navigator.serviceWorker.controller;
  await navigator.serviceWorker.register(policy?.createScriptURL(WORKER) ?? WORKER, {
    // the front door, too
    scope: WORKER.slice(0, -"app/worker.js".length),
    updateViaCache: "none",
  });
  // what was opened before there was a worker
  if (!wasKept) (await navigator.serviceWorker.ready).active?.postMessage({ keep: location.pathname });
}

/** Have the worker, if there is one, forget what it keeps. */
export async function forgetPages() {
  if (isSecure) (await navigator.serviceWorker.getRegistration())?.active?.postMessage({ forget: true });
}

if (isSecure) registers().catch(console.warn);
