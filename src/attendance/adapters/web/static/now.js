/** Says which lesson is on by the clock of the device: a page that is kept, or stays open, is not made anew. */

const EVERY = 20_000;
const list = /** @type {HTMLElement | null} */ (document.querySelector("[data-now]"));

function shows() {
  const now = Date.now();
  for (const lesson of /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll("[data-starts]"))) {
    const { starts, ends } = /** @type {Record<string, string>} */ (lesson.dataset);
    const isOn = Date.parse(starts) <= now && now < Date.parse(ends);
    if (isOn === lesson.hasAttribute("aria-current")) continue;
    if (!isOn) {
      lesson.removeAttribute("aria-current");
      lesson.querySelector(".badge.now")?.remove();
      continue;
    }
    lesson.setAttribute("aria-current", "time");
    const badge = document.createElement("span");
    badge.className = "badge now";
    badge.textContent = String(list?.dataset.now);
    lesson.querySelector(".state")?.prepend(badge, " ");
  }
}

setInterval(shows, EVERY);
addEventListener("focus", shows);
shows();
