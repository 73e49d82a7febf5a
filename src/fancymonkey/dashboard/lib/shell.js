// The frame of every page: navigation, user, keyboard shortcuts, light and dark mode.

import { html, render } from "/admin/lib/lit.js";
import { listen, sheet } from "/admin/components/shortcuts.js";
import { open as jump } from "/admin/components/command-palette.js";
import { api, logOut, whoAmI } from "/admin/lib/session.js";

const PAGES = [
  ["stock", "/admin/", "Stock", "M4 7h16M4 12h16M4 17h10", "s"],
  ["overview", "/admin/overview.html", "Overview", "M4 19V9M10 19V5M16 19v-7M22 19H2", "o"],
  ["holds", "/admin/holds.html", "Holds", "M12 7v5l3 2M12 3a9 9 0 1 0 .01 0z", "h"],
  ["payments", "/admin/payments.html", "Payments", "M3 7h18v11H3zM3 11h18", "p"],
  ["orders", "/admin/orders.html", "Orders", "M4 8h16v12H4zM4 8l2-4h12l2 4M9 12h6", "d"],
  ["history", "/admin/history.html", "History", "M4 5h16M4 10h16M4 15h9M4 20h5", "y"],
  ["products", "/admin/products.html", "Products", "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8", "r"],
  ["transfers", "/admin/transfers.html", "Transfers", "M4 8h14M14 4l4 4-4 4M20 16H6M10 12l-4 4 4 4", "t"],
  ["locations", "/admin/locations.html", "Locations", "M12 21s7-6 7-11a7 7 0 0 0-14 0c0 5 7 11 7 11zM12 12a2 2 0 1 0-.01 0z", "n"],
  ["import", "/admin/import.html", "Import", "M12 4v11M7 10l5 5 5-5M4 20h16", "i"],
  ["alerts", "/admin/alerts.html", "Alerts", "M6 16v-5a6 6 0 0 1 12 0v5l2 2H4zM10 21h4", "l"],
  ["users", "/admin/users.html", "Users", "M12 11a4 4 0 1 0-.01 0zM4 21c0-4 4-6 8-6s8 2 8 6", "e"],
].map(([id, url, name, path, key]) => ({ id, url, name, path, key }));
const SEVERAL = new Set(["transfers", "locations"]); // pages for shops with several locations
const LIMITED = new Set(["stock", "overview", "holds", "orders", "history", "transfers", "import", "users"]); // pages that show one location
const FIRST = 4; // shown in the bar of a phone; the others are under More
const RIGHTS = ["read", "stock", "admin"]; // each includes those before it
const SCHEMES = [["", "Auto"], ["light", "Light"], ["dark", "Dark"]];

const here = document.body.dataset.page;
const icon = (path) => html`<svg viewBox="0 0 24 24" aria-hidden="true"><path d=${path} /></svg>`;
const link = ({ id, url, name, path }) =>
  html`<a href=${url} aria-current=${id === here ? "page" : "false"}>${icon(path)}<span>${name}</span></a>`;

let person = null;

/** The pages of the menu. Other pages can be opened by their addresses, shortcuts and `jump`. */
const menu = () => PAGES.filter(({ id }) => id === here || ((person?.severalLocations || !SEVERAL.has(id)) && (!person?.user.locations || LIMITED.has(id))));

/* Light, dark, or the system setting. */

const root = document.documentElement;

function paint(scheme) {
  root.dataset.scheme = scheme;
  try {
    localStorage.setItem("scheme", scheme);
  } catch {
    // a private window stores nothing
  }
  draw();
  dispatchEvent(new Event("scheme"));
}

addEventListener("storage", (event) => {
  if (event.key !== "scheme") return; // chosen in another window
  root.dataset.scheme = event.newValue ?? "";
  draw();
  dispatchEvent(new Event("scheme"));
});

const schemes = () => html`<div class="schemes" role="group" aria-label="Colours">
  ${SCHEMES.map(([scheme, words]) => html`<button type="button" aria-pressed=${(root.dataset.scheme ?? "") === scheme} @click=${() => paint(scheme)}>${words}</button>`)}
</div>`;

/* The rail and its sheets. */

const dialog = (id) => document.getElementById(id);
const show = (id) => dialog(id).showModal();
const closeMore = () => dialog("more").close();

const more = () => html`<dialog id="more" class="sheet" aria-label="More" @click=${(event) => event.target.id === "more" && closeMore()}>
  <nav aria-label="More pages">${menu().slice(FIRST).map(link)}</nav>
  <button type="button" class="quiet" @click=${() => { closeMore(); jump(PAGES); }}>Jump to a page or a size</button>
  ${schemes()}
  <p class="person">${who()}</p>
  <div class="pair"><button type="button" class="quiet" @click=${logOut}>Log out</button><button type="button" class="button" @click=${closeMore}>Close</button></div>
</dialog>`;

const who = () => (person?.user ? html`${person.user.name} <small>${person.user.role}</small>` : " ");

function draw() {
  const underMore = menu().slice(FIRST).some(({ id }) => id === here);
  render(
    html`<a class="brand" href="/admin/"><img src="/static/icon.svg" alt="" width="28" height="28" /><span>Fancy Monkey</span></a>
      <button type="button" class="jump" @click=${() => jump(PAGES)}><span>Jump to …</span><kbd>Ctrl K</kbd></button>
      <nav aria-label="Pages">
        ${menu().map(link)}
        <button type="button" class="more" aria-haspopup="dialog" data-here=${underMore} @click=${() => show("more")}>${icon("M5 12h.01M12 12h.01M19 12h.01")}<span>More</span></button>
      </nav>
      <div class="foot">
        ${schemes()}
        <button type="button" class="plainly" @click=${() => show("keys")}>Keyboard <kbd>?</kbd></button>
        <p class="person">${who()}</p>
        <button type="button" class="plainly" @click=${logOut}>Log out</button>
      </div>
      ${more()} ${sheet(PAGES)}`,
    document.getElementById("rail"),
  );
}

/** Whether the user has this right: `read`, `stock` or `admin`. */
export async function may(right) {
  person ??= await whoAmI();
  return RIGHTS.indexOf(person.user?.right ?? "admin") >= RIGHTS.indexOf(right);
}

/** The locations that the user may choose from; empty in a shop with one location. */
export async function locationsToChoose() {
  person ??= await whoAmI();
  if (!person.severalLocations) return [];
  return (await api("/api/admin/locations")).locations.map(({ id, name }) => ({ id, name }));
}

draw();
listen(PAGES, { show: () => show("keys"), jump: () => jump(PAGES) });
matchMedia("(min-width: 900px)").addEventListener("change", closeMore);
whoAmI()
  .then((account) => {
    person = account;
    draw();
  })
  .catch(() => {});
