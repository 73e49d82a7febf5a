// What every page of the dashboard has: the rail, the person, the connection, the keyboard's help.

import { html, render } from "/admin/dom.js";
import { logOut, whoAmI } from "/admin/session.js";

const PAGES = [
  ["stock", "/admin/", "Stock", "M4 7h16M4 12h16M4 17h10", "g s"],
  ["overview", "/admin/overview.html", "Overview", "M4 19V9M10 19V5M16 19v-7M22 19H2", "g o"],
  ["holds", "/admin/holds.html", "Holds", "M12 7v5l3 2M12 3a9 9 0 1 0 .01 0z", "g h"],
  ["payments", "/admin/payments.html", "Payments", "M3 7h18v11H3zM3 11h18", "g p"],
  ["history", "/admin/history.html", "History", "M4 5h16M4 10h16M4 15h9M4 20h5", "g y"],
  ["products", "/admin/products.html", "Products", "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8", "g r"],
  ["import", "/admin/import.html", "Import", "M12 4v11M7 10l5 5 5-5M4 20h16", "g i"],
  ["alerts", "/admin/alerts.html", "Alerts", "M6 16v-5a6 6 0 0 1 12 0v5l2 2H4zM10 21h4", "g l"],
  ["people", "/admin/people.html", "People", "M12 11a4 4 0 1 0-.01 0zM4 21c0-4 4-6 8-6s8 2 8 6", "g e"],
];
const FIRST = 4; // these have a place in a phone's bar; the rest is under More

const KEYS = [
  ["/", "Search"],
  ["?", "This list"],
  ["Enter, Shift+Enter", "Save a number, and go down or up"],
  ["+5, -3", "In a number: add or take off"],
  ["Esc", "Leave a number as it was; close what is open"],
  ["Ctrl+Z", "Undo the last change of yours"],
  ["x", "Select the row that has the focus"],
  ["g, then a letter", "Go to a page: s stock, o overview, h holds, p payments, y history"],
];

const here = document.body.dataset.page;
const icon = (path) => html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${path} /></svg>`;
const link = ([id, url, name, path]) =>
  html`<a href=${url} aria-current=${id === here ? "page" : "false"}>${icon(path)}<span>${name}</span></a>`;

let person = null;

function scheme(next) {
  try {
    if (next) localStorage.setItem("scheme", next);
    document.documentElement.dataset.scheme = next ?? localStorage.getItem("scheme") ?? "";
  } catch {
    // nothing is kept in a private window
  }
}

function turnOver() {
  const dark = document.documentElement.dataset.scheme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  scheme(dark === "dark" ? "light" : "dark");
  dispatchEvent(new Event("scheme"));
}

const closeMore = () => document.getElementById("more")?.close();

function draw() {
  const rail = document.getElementById("rail");
  render(
    html`<a class="brand" href="/admin/"><img src="/static/icon.svg" alt="" width="28" height="28" /><span>Fancy Monkey</span></a>
      <nav aria-label="Pages">
        ${PAGES.map(link)}
        <button type="button" class="more" aria-haspopup="dialog" @click=${() => document.getElementById("more").showModal()}>
          ${icon("M5 12h.01M12 12h.01M19 12h.01")}<span>More</span>
        </button>
      </nav>
      <div class="foot">
        <button type="button" class="quiet" @click=${turnOver}>Light or dark</button>
        <button type="button" class="quiet" @click=${() => document.getElementById("keys").showModal()}>Keys</button>
        <span class="person">${person?.user?.name ?? ""}</span>
        <button type="button" class="quiet" @click=${logOut}>Log out</button>
      </div>
      <dialog id="more" class="sheet" aria-label="More pages" @click=${(event) => event.target.id === "more" && closeMore()}>
        <nav aria-label="More">${PAGES.slice(FIRST).map(link)}</nav>
        <button type="button" class="quiet" @click=${turnOver}>Light or dark</button>
        <button type="button" class="quiet" @click=${logOut}>Log out ${person?.user?.name ?? ""}</button>
        <button type="button" class="quiet" @click=${closeMore}>Close</button>
      </dialog>
      <dialog id="keys" class="box" aria-labelledby="keys-title">
        <h2 id="keys-title">Keys</h2>
        <dl class="keys">${KEYS.map(([key, words]) => html`<div><dt><kbd>${key}</kbd></dt><dd>${words}</dd></div>`)}</dl>
        <form method="dialog"><button class="button">Close</button></form>
      </dialog>`,
    rail,
  );
}

const typing = (target) => target.matches?.("input, select, textarea, [contenteditable]");

let went = 0;
document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) return;
  if (event.key === "?") {
    event.preventDefault();
    document.getElementById("keys").showModal();
  } else if (event.key === "/") {
    const search = document.querySelector("input[type=search]");
    if (search) {
      event.preventDefault();
      search.focus();
      search.select();
    }
  } else if (event.key === "g") {
    went = Date.now();
  } else if (Date.now() - went < 1500) {
    const page = PAGES.find(([, , , , keys]) => keys.endsWith(event.key));
    if (page) location.assign(page[1]);
  }
});

/** Whether the person who is logged in may do this: `read`, `stock` or `admin`. */
export async function may(right) {
  person ??= await whoAmI();
  const rights = { viewer: 1, staff: 2, owner: 3 };
  return (rights[person.user?.role] ?? 3) >= { read: 1, stock: 2, admin: 3 }[right];
}

scheme();
draw();
whoAmI()
  .then((found) => {
    person = found;
    draw();
  })
  .catch(() => {});
