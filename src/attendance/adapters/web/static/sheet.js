/** The list of clients as it is on the page: read from its HTML once, then shown as it is known. */

import { MINUTES, same, seen } from "./taps.js";

/**
 * @typedef {import("./store.js").Said} Said
 * @typedef {import("./store.js").Seen} Seen
 * @typedef {import("./store.js").Entry} Entry
 */

const CLEARED = { status: null, note: "", minutes: null, trial: false };

export const root = /** @type {HTMLElement} */ (document.getElementById("roll-call"));
/** @type {any} */
export const texts = JSON.parse(root.dataset.texts ?? "{}");

/** A text with its values. @param {string} name @param {Record<string, unknown>} [values] */
export function text(name, values = {}) {
  return texts[name].replace(/\{(\w+)\}/g, (/** @type {string} */ _, /** @type {string} */ key) => String(values[key]));
}

/** @param {Said} said */
export function described(said) {
  if (!said.status) return texts.unmarked;
  const minutes = said.status === "late" && said.minutes ? `, ${text("minutes", { number: said.minutes })}` : "";
  return texts[said.status] + minutes + (said.trial ? `, ${texts.trial}` : "") + (said.note ? `, “${said.note}”` : "");
}

/** @param {string} tag @param {string} [content] @param {Record<string, string>} [attributes] */
export function made(tag, content = "", attributes = {}) {
  const element = document.createElement(tag);
  element.textContent = content;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** @param {string} typed */
const isWrong = (typed) => Boolean(typed) && !(/^\d+$/.test(typed) && Number(typed) >= 1 && Number(typed) <= 600);

/** One client: what was seen of them, and what waits. */
export class Row {
  /** @param {HTMLElement} element */
  constructor(element) {
    const field = (/** @type {string} */ name) => /** @type {any} */ (element.querySelector(`[name^="${name}:"]`));
    this.element = element;
    this.client = String(element.dataset.client);
    this.name = String(element.querySelector(".name")?.textContent);
    this.by = element.dataset.by ?? null;
    this.guest = "guest" in element.dataset;
    this.radios = /** @type {HTMLInputElement[]} */ ([...element.querySelectorAll("[type=radio]")]);
    this.minutes = /** @type {HTMLInputElement} */ (field("minutes"));
    this.note = /** @type {HTMLTextAreaElement} */ (field("note"));
    this.trial = /** @type {HTMLInputElement} */ (field("trial"));
    /** @type {Seen} */
    this.base = {
      status: this.radios.find((radio) => radio.defaultChecked)?.value ?? null,
      note: this.note.defaultValue,
      minutes: Number(this.minutes.defaultValue) || null,
      trial: this.trial.defaultChecked,
      version: Number(field("version").value),
    };
    /** @type {Entry | undefined} */
    this.entry = undefined;
    const tapped = this.radios.find((radio) => radio.checked && !radio.defaultChecked);
    /** What was tapped before there was a script: it stays as it is until it is kept. @type {Said | undefined} */
    this.early = tapped && this.typed(tapped.value);
    /** Why what was tapped is not saved. */
    this.told = "";
  }

  /** What is shown: what was tapped here, but where it is for the unmarked alone and somebody is marked. @returns {Said} */
  get said() {
    const { entry, base } = this;
    if (!entry || (entry.rest && base.status)) return base;
    return entry.refusal === MINUTES ? { ...base, wrong: entry.to.wrong } : entry.to;
  }

  /** @param {any} listed as a sheet has them */
  sees(listed) {
    this.base = seen(listed);
    this.by = listed.marked_by;
    const day = (/** @type {string} */ on) => {
      const year = Number(on.slice(0, 4)) === new Date().getFullYear() ? undefined : "numeric";
      return new Date(`${on}T00:00`).toLocaleDateString(root.dataset.locale, { day: "numeric", month: "short", year }).replace(/\s*г\.$/, "");
    };
    const { pass } = listed;
    const last = this.element.querySelector(".by");
    if (last) last.textContent = listed.marked_by_name ? text("marked", { name: listed.marked_by_name }) : "";
    /** @type {[unknown, string, string][]} */
    const badges = [
      [isBirthday(listed.birthday), texts.birthday, "good"],
      [listed.first_visit, texts.first, "plain"],
      [listed.announced, texts.announced, "wait"],
      [listed.trial, texts.trial, "plain"],
      [listed.guest, texts.guest, "plain"],
      [pass?.visits_left != null, text("left", { number: pass?.visits_left }), pass?.visits_left < 2 ? "wait" : "plain"],
      [pass?.valid_until && pass.visits_left == null, text("until", { date: pass?.valid_until ? day(pass.valid_until) : "" }), "plain"],
      [listed.unpaid_visits, text("unpaid", { number: listed.unpaid_visits }), "wrong"],
    ];
    const shown = badges.filter(([is]) => is).map(([, said, kind]) => made("span", said, { class: `badge ${kind}` }));
    this.element.querySelector(".badges")?.replaceChildren(...shown.flatMap((badge) => [badge, " "]));
  }

  /** Show what is known; what somebody types in stays. @param {boolean} isOpen whether one may mark now @param {boolean} mayExcuse */
  show(isOpen, mayExcuse) {
    const { said, entry } = this;
    if (!this.early) for (const radio of this.radios) radio.checked = radio.value === said.status;
    this.minutes.disabled = !isOpen;
    for (const radio of this.radios) radio.disabled = !(radio.value === "excused" ? mayExcuse : isOpen);
    for (const control of [this.note, this.trial]) control.disabled = !mayExcuse || !said.status;
    const typedIn = document.activeElement;
    if (typedIn !== this.minutes) this.minutes.value = said.wrong ?? String(said.minutes ?? "");
    if (typedIn !== this.note) this.note.value = said.note;
    this.trial.checked = said.trial;
    const noted = this.element.querySelector(".noted");
    if (noted) noted.textContent = said.note;
    this.element.classList.toggle("is-waiting", Boolean(entry) && entry?.refusal !== MINUTES && !(entry?.rest && this.base.status));
  }

  /** What the fields say, with another status where one was tapped. @param {string | null} status @returns {Said} */
  typed(status) {
    if (!status) return CLEARED;
    const said = { status, note: this.note.value, minutes: null, trial: this.trial.checked };
    if (status !== "late") return said;
    const typed = this.minutes.value.trim();
    // what cannot be takes the place of nothing
    return isWrong(typed) ? { ...said, minutes: this.said.minutes, wrong: typed } : { ...said, minutes: Number(typed) || null };
  }

  focus() {
    (this.radios.find((radio) => radio.checked) ?? this.radios[0]).focus();
  }

  /** Tell at the client why what was tapped is not saved, with what can be done. @param {string} why @param {() => HTMLElement[]} buttons */
  tells(why, buttons) {
    const told = why && `${why}${this.entry?.refusal}`;
    if (told === this.told) return;
    this.told = told;
    const id = `told-${this.client}`;
    this.element.querySelector(".told")?.remove();
    for (const each of [this.radios[0].closest(".statuses"), this.minutes]) {
      if (why) each?.setAttribute("aria-describedby", id);
      else each?.removeAttribute("aria-describedby");
    }
    this.minutes.ariaInvalid = this.said.wrong ? "true" : null;
    if (!why) return;
    const line = made("p");
    line.append(made("span", why, { id }), ...buttons());
    const box = made("div", "", { class: "alert told" });
    box.append(line);
    this.element.querySelector(".noted")?.before(box);
    // whoever is asked about is seen
    this.element.hidden = false;
  }

  /** Whether it has changed. @param {Said} to */
  differs(to) {
    return !same(this.said, to) || this.said.wrong !== to.wrong;
  }
}

/** @param {string | null} born */
function isBirthday(born) {
  const on = String(root.dataset.date);
  if (!born) return false;
  const isLeapYear = new Date(Number(on.slice(0, 4)), 2, 0).getDate() === 29;
  return born.slice(5) === on.slice(5) || (born.slice(5) === "02-29" && on.slice(5) === "02-28" && !isLeapYear);
}

/** @param {string} name @returns {[string, string]} what the family is called, and the rest */
function familyAndGiven(name) {
  const [family, given] = name.split(/,(.*)/s);
  if (given !== undefined) return [family.trim(), given.trim()];
  const at = name.lastIndexOf(" ");
  return [name.slice(at + 1), name.slice(0, Math.max(at, 0))];
}

/** @param {Row[]} rows @param {boolean} byGiven @param {string} language */
export function sorted(rows, byGiven, language) {
  const { compare } = new Intl.Collator(language);
  const key = (/** @type {Row} */ row) => {
    const [family, given] = familyAndGiven(row.name);
    return byGiven ? [given, family] : [family, given];
  };
  // oxlint-disable-next-line no-array-sort -- a list of its own, for phones that know nothing newer
  return [...rows].sort((one, other) => {
    const [a, b] = [key(one), key(other)];
    return Number(one.guest) - Number(other.guest) || compare(a[0], b[0]) || compare(a[1], b[1]);
  });
}

/** The first letters of the first and the last word that have any. @param {string} name */
export function initials(name) {
  const letters = name.replaceAll(",", " ").split(/\s/).flatMap((word) => /\p{L}/u.exec(word) ?? []);
  return [letters[0], ...letters.slice(1).slice(-1)].join("").toUpperCase();
}

/** A row for somebody who is not on the page yet. @param {string} client @param {string} name */
export function newRow(client, name) {
  const template = /** @type {HTMLTemplateElement} */ (root.querySelector("template"));
  const element = /** @type {HTMLElement} */ (template.content.firstElementChild?.cloneNode(true));
  const blank = String(element.dataset.client);
  for (const each of [element, ...element.querySelectorAll("*")]) {
    for (const attribute of each.attributes) attribute.value = attribute.value.replace(blank, client);
  }
  /** @type {HTMLElement} */ (element.querySelector(".initials")).textContent = initials(name);
  /** @type {HTMLElement} */ (element.querySelector(".name")).textContent = name;
  const more = element.querySelector("summary");
  more?.setAttribute("aria-label", `${more.textContent}: ${name}`);
  element.querySelector(".badges")?.replaceChildren(made("span", texts.guest, { class: "badge plain" }));
  const row = new Row(element);
  row.name = name;
  row.guest = true;
  return row;
}
