// Copies an address at a tap, where the browser lets a page do that; elsewhere it is selected and copied by hand.

for (const button of /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("[data-copies]"))) {
  const { copies, copied } = /** @type {Record<string, string>} */ (button.dataset);
  const address = /** @type {HTMLTextAreaElement} */ (document.getElementById(copies));
  const said = /** @type {HTMLElement} */ (button.nextElementSibling);
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    said.textContent = "";
    try {
      await navigator.clipboard.writeText(address.value);
      said.textContent = copied;
    } catch {
      address.select();
    }
  });
}
