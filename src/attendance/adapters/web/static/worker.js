/**
 * The worker: keeps today's page and roll calls of today and tomorrow, each for the account that opened it,
 * and shows them where there is no net. What it shares with pages stands above.
 */

/** @type {any} */
const worker = self;
/** @type {string[]} */
const FILES = [];

const TODAY = "/app/today";
/** The front door, which leads there whoever is signed in. */
const START = TODAY.slice(0, -"app/today".length);
const LESSON = /^\/app\/lessons\/[0-9a-f-]{36}$/;
const NO_NET = "/app/offline";
const SIGNED_IN = "/app/offline?still=signed-in";
const SIGN_OUT = /^\/app\/sign-out/;
const SIGN_IN = /^\/app\/(sign-in|create-account)/;
/** A roll call looks by itself what has changed since; today's page does not. */
const PATIENCE = { lesson: 700, other: 4000 };
const FRESH = 10 * 60 * 1000;
const MOST_LESSONS = 20;

const isKeptKind = (/** @type {string} */ path) => LESSON.test(path) || path.split("?")[0] === TODAY;
/** What was asked for before is not kept after. */
let signedOutAt = 0;
const files = () => caches.open("files");
const pages = () => caches.open("pages");

worker.addEventListener("install", (/** @type {any} */ event) => {
  event.waitUntil(
    (async () => {
      const cache = await files();
      await Promise.all(FILES.map(async (path) => (await cache.match(path)) ?? cache.add(path)));
      await Promise.all([NO_NET, SIGNED_IN].map(async (path) => cache.put(path, await fetch(path))));
      await worker.skipWaiting();
    })(),
  );
});

worker.addEventListener("activate", (/** @type {any} */ event) => {
  event.waitUntil(
    (async () => {
      await worker.clients.claim();
      await renew();
    })(),
  );
});

/** Have pages with the files of now, and drop those of before; without a net both stay. */
async function renew() {
  const cache = await files();
  const old = (await cache.keys()).map(({ url }) => new URL(url).pathname).filter((path) => path !== NO_NET && !FILES.includes(path));
  if (!old.length) return;
  const kept = (await (await pages()).keys()).map(({ url }) => new URL(url).pathname);
  if ((await Promise.all(kept.map(fetches))).every(Boolean)) await Promise.all(old.map((path) => cache.delete(path)));
}

worker.addEventListener("message", (/** @type {any} */ event) => {
  const { keep, forget } = event.data;
  if (forget) event.waitUntil(forgets());
  if (keep && isKeptKind(keep)) event.waitUntil(fetches(keep));
});

worker.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const { origin, pathname, search } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.method === "GET" && pathname.startsWith("/static/")) event.respondWith(file(request));
  if (request.mode !== "navigate") return;
  if (request.method === "GET" && (pathname === START || pathname.startsWith("/app/"))) event.respondWith(page(event, pathname + search.replace("?notice=saved", "")));
  // a form of another site goes its own way, which says where it comes from
  if (request.method !== "POST" || !request.referrer.startsWith(`${origin}/`)) return;
  if (SIGN_OUT.test(pathname)) event.respondWith(signOut(request, pathname, search.includes("discard")));
  // whoever signs in is shown nothing that was kept for another; taps that wait stay
  if (SIGN_IN.test(pathname)) event.respondWith(forgets().catch(() => {}).then(() => fetch(request)));
});

/** @param {Request} request */
async function file(request) {
  const cache = await files();
  const kept = await cache.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok) await cache.put(request, answer.clone());
  return answer;
}

/**
 * From the net; what is kept where there is none, or it takes long.
 * @param {any} event
 * @param {string} path with its query
 */
async function page(event, path) {
  // how much waits here, of whomever, is said to who is about to sign in
  const number = /^\/app\/sign-in(?!.*waiting=)/.test(path) && (await waiting()).length;
  if (number) return Response.redirect(path.replace(/\?|$/, `?waiting=${number}&`), 303);
  const began = Date.now();
  const network = fetch(event.request);
  // what else is opened, files to be saved too, goes by
  if (isKeptKind(path)) event.waitUntil(network.then((answer) => keeps(path, answer.clone(), began)).catch(() => {}));
  const kept = path === START ? (await keptPage(TODAY)) && Response.redirect(TODAY) : await keptPage(path);
  const or = async (/** @type {Promise<Response>} */ answer) => {
    try {
      const given = await answer;
      return kept && given.status >= 500 ? kept.clone() : given;
    } catch {
      return kept?.clone() ?? (await caches.match(SIGN_OUT.test(path) ? SIGNED_IN : NO_NET)) ?? Response.error();
    }
  };
  if (!kept) return or(network);
  const late = new Promise((resolve) => setTimeout(() => resolve(kept.clone()), LESSON.test(path) ? PATIENCE.lesson : PATIENCE.other));
  return Promise.race([or(network), late]);
}

/** @param {string} path @returns {Promise<Response | undefined>} */
async function keptPage(path) {
  const session = await keptSession();
  if (session && session.until < Date.now()) await forgets();
  const cache = await pages();
  for (const request of await cache.keys()) {
    const at = Number((await cache.match(request))?.headers.get("x-kept-at"));
    if (at < Date.now() - KEPT_FOR) await cache.delete(request);
  }
  return cache.match(path);
}

/** @param {string} path */
async function fetches(path) {
  const began = Date.now();
  try {
    await keeps(path, await fetch(path, { headers: { accept: "text/html" }, redirect: "manual" }), began);
    return true;
  } catch {
    return false;
  }
}

/** Keep a page, if it is one to be kept. @param {string} path @param {Response} answer @param {number} began */
async function keeps(path, answer, began) {
  const isLesson = LESSON.test(path);
  // whoever is sent to sign in is not signed in any more
  if (answer.type === "opaqueredirect") return void (await forgets());
  if (answer.status !== 200) {
    if (answer.status < 500) await (await pages()).delete(path);
    return;
  }
  const html = await answer.text();
  if (began <= signedOutAt) return;
  const value = (/** @type {string} */ name) => new RegExp(` data-${name}="([^"]*)"`).exec(html)?.[1];
  const account = value("account");
  if (!account) return;
  const known = await keptSession();
  if (known && known.account !== account) await forgets();
  const expires = Math.min(Date.parse(value("expires-at") ?? ""), began + 1000 * Number(value("idle")));
  await keepSession({ account, until: expires || (known?.account === account ? known.until : began + 3 * 3600 * 1000) });
  const cache = await pages();
  if (isLesson ? isSoon(value("date")) : path === TODAY) {
    const headers = new Headers(answer.headers);
    headers.delete("content-encoding");
    headers.delete("content-length");
    headers.set("x-kept-at", String(began));
    await cache.put(path, new Response(html.replace("<body ", `<body data-kept="${began}" `), { headers }));
  }
  if (!isLesson) await ahead(html, cache);
  // what leads to the other roll calls, for whoever began with this one
  else if (!(await cache.match(TODAY))) await fetches(TODAY);
}

/** The lessons that a page leads to, before anybody opens them. @param {string} html @param {Cache} cache */
async function ahead(html, cache) {
  // those of days before stand above
  const [listed] = html.split('id="lessons"').slice(-1);
  const links = [...listed.matchAll(/href="(\/app\/lessons\/[0-9a-f-]{36})"/g)].map((found) => found[1]);
  for (const path of [...new Set(links)].slice(0, MOST_LESSONS)) {
    const at = Number((await cache.match(path))?.headers.get("x-kept-at") ?? 0);
    if (at < Date.now() - FRESH) await fetches(path);
  }
}

async function forgets() {
  await caches.delete("pages");
  await forgetSheets(true);
}

/** Ask first where something waits; then nothing stays. @param {Request} request @param {string} path @param {boolean} isSure */
async function signOut(request, path, isSure) {
  const session = await keptSession();
  const number = session && !isSure ? (await waiting(session.account)).length : 0;
  if (number) return Response.redirect(`${path}?waiting=${number}`, 303);
  try {
    const answer = await fetch(request);
    if (answer.type === "opaqueredirect") {
      signedOutAt = Date.now();
      await forgets();
      if (session) {
        await forgetAccount(session.account);
        new BroadcastChannel("attendance").postMessage({ signedOut: session.account });
      }
    }
    return answer;
  } catch {
    return (await caches.match(SIGNED_IN)) ?? Response.error();
  }
}
