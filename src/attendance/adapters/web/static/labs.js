// Takes a mark back by the keys that do it on a roll call, wherever in its row one is.

addEventListener("keydown", (event) => {
  if (event.key !== "Delete" && event.key !== "Backspace") return;
  const form = /** @type {HTMLElement} */ (event.target).closest(".statuses");
  const chosen = /** @type {HTMLButtonElement | null | undefined} */ (form?.querySelector("[formaction]"));
  if (!chosen) return;
  event.preventDefault();
  chosen.click();
});
