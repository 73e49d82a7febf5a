// Keyboard shortcuts of every page, and the list of them.

import { html } from "/admin/lib/lit.js";

const EVERYWHERE = [
  ["?", "This list"],
  ["Ctrl+K or ⌘K", "Jump to a page or a size"],
  ["/", "Search on this page"],
  ["Esc", "Close the dialog or message"],
];
const STOCK = [
  ["Enter, Shift+Enter", "Save a number, and go down or up"],
  ["+5, -3", "In a number: add or remove units"],
  ["Esc", "Discard the typed number"],
  ["Ctrl+Z or ⌘Z", "Undo your last change"],
  ["x", "Select the focused row"],
];
const SHORT = 1500;

const list = (rows) => html`<dl class="keys">${rows.map(([key, words]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${words}</dd></div>`)}</dl>`;

/** The list of shortcuts. `pages` have `name` and `key`. */
export const sheet = (pages) => html`<dialog id="keys" class="box wide" aria-labelledby="keys-title">
  <h2 id="keys-title">Keyboard</h2>
  <div class="two-lists">
    <section><h3>Everywhere</h3>${list(EVERYWHERE)}<h3>In the stock table</h3>${list(STOCK)}</section>
    <section><h3>Go to a page</h3>${list(pages.map((page) => [`g ${page.key}`, page.name]))}</section>
  </div>
  <form method="dialog" class="actions"><button class="button">Close</button></form>
</dialog>`;

const typing = (target) => target.matches?.("input:not([type=checkbox], [type=radio]), select, textarea, [contenteditable]");

/** Starts listening. `show` opens the list, `jump` the palette. */
export function listen(pages, { show, jump }) {
  let went = -SHORT;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && event.key.toLowerCase() === "k") {
      event.preventDefault();
      jump();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const page = performance.now() - went < SHORT && pages.find(({ key }) => key === event.key);
    went = event.key === "g" ? performance.now() : -SHORT;
    if (page) {
      event.preventDefault();
      location.assign(page.url);
    } else if (event.key === "?") {
      event.preventDefault();
      show();
    } else if (event.key === "/") {
      const search = document.querySelector("main input[type=search]");
      if (!search) return;
      event.preventDefault();
      search.focus();
      search.select();
    }
  });
}
