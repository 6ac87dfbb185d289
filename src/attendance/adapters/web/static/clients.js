// Finds clients while somebody types: asks for the same page, and shows what it has found.

const LONGEST_PAUSE = 250; // milliseconds between two letters of one word

const form = /** @type {HTMLFormElement} */ (document.getElementById("search"));
const count = /** @type {HTMLElement} */ (document.getElementById("count"));
const asking = new XMLHttpRequest();
/** @type {ReturnType<typeof setTimeout> | undefined} */
let waiting;

/** The page that the form leads to, without what is left empty. */
function asked() {
  const query = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (value) query.append(name, String(value));
  }
  return `${location.pathname}?${query}`;
}

function ask() {
  // this ends whatever is still under way: it would answer an older question
  asking.open("GET", asked());
  asking.responseType = "document";
  asking.send();
}

asking.addEventListener("load", () => {
  const page = asking.response;
  const found = page?.getElementById("found");
  if (asking.status !== 200 || !found) {
    // signed out, or refused: the page itself says why
    form.submit();
    return;
  }
  document.getElementById("found")?.replaceWith(document.adoptNode(found));
  count.textContent = page.getElementById("count").textContent;
  history.replaceState(null, "", asked());
});

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(ask, LONGEST_PAUSE);
});
