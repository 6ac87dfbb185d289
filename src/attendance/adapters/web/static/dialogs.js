/** What is asked: whose mark holds, and whether what waits may be lost. */

import { described, made, root, text } from "./sheet.js";

/**
 * Ask whose mark holds where somebody else has changed one that was tapped here.
 * @param {import("./sheet.js").Row[]} rows
 * @param {(row: import("./sheet.js").Row, isMine: boolean) => Promise<void>} decide
 * @param {(row: import("./sheet.js").Row) => void} putOff for each that is not decided
 */
export function askAbout(rows, decide, putOff) {
  const dialog = /** @type {HTMLDialogElement} */ (root.querySelector(".conflicts"));
  if (!rows.length && dialog.open) dialog.close("");
  if (!rows.length || dialog.open) return;
  const groups = rows.map((row) => {
    const group = made("fieldset", "", { role: "radiogroup", "aria-label": row.name });
    const choice = (/** @type {string} */ whose, /** @type {string} */ label) => {
      const line = made("label", "", { class: "check" });
      line.append(made("input", "", { type: "radio", name: row.client, value: whose, required: "" }), ` ${label}`);
      return line;
    };
    const mine = text("mine", { status: described(row.entry?.to ?? row.base) });
    const by = row.base.status ? row.element.querySelector(".by")?.textContent : "";
    group.append(made("legend", row.name), ...(by ? [made("p", by, { class: "hint" })] : []), choice("mine", mine), choice("theirs", text("theirs", { status: described(row.base) })));
    return group;
  });
  dialog.querySelector(".each")?.replaceChildren(...groups);
  dialog.returnValue = "";
  dialog.onclose = async () => {
    if (dialog.returnValue !== "save") return rows.forEach(putOff);
    for (const [place, row] of rows.entries()) {
      const chosen = /** @type {HTMLInputElement | null} */ (groups[place].querySelector(":checked"));
      if (chosen) await decide(row, chosen.value === "mine");
    }
  };
  dialog.showModal();
}

/** Ask before what waits is lost; whether it may be. @param {number} number @returns {Promise<boolean>} */
export function mayBeLost(number) {
  const dialog = /** @type {HTMLDialogElement} */ (root.querySelector(".signing-out"));
  const line = dialog.querySelector(".how-many");
  if (line) line.textContent = text("waitingHere", { number });
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.onclose = () => resolve(dialog.returnValue === "leave");
  });
}

/** Without a connection nobody signs out, and nothing is lost. */
export const tellsSignedIn = () => void (/** @type {HTMLDialogElement} */ (root.querySelector(".cut-off")).showModal());
