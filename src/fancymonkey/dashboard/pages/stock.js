// The stock page: search, filters, the table, editing, and bulk changes.

import "/admin/lib/shell.js";
import "/admin/stock/stock-table.js";
import { html, nothing, render } from "/admin/lib/lit.js";
import { BULKS, OF_UNITS, bulk } from "/admin/stock/bulk-change.js";
import { details } from "/admin/stock/sku-details.js";
import { Drafts } from "/admin/stock/unsaved-edits.js";
import { Editing } from "/admin/stock/cell-editor.js";
import { sorted } from "/admin/components/category-chips.js";
import { chips, chooseColumns, sorting, viewTabs } from "/admin/stock/filters.js";
import { clock, number, plural, wordFor } from "/admin/lib/format.js";
import { whoAmI } from "/admin/lib/session.js";
import { may } from "/admin/lib/shell.js";
import { Stock } from "/admin/stock/stock-store.js";
import { REASONS } from "/admin/stock/stock-update.js";
import { toast } from "/admin/components/toast.js";
import { chosen, dropAddress, emptied, inPlace, isEmpty, queryOf, readView, settleAddress, wordsOf, writeView } from "/admin/stock/row-query.js";

const TELL = 2000; // the least time (ms) between screen reader announcements of changes
const main = document.getElementById("main");
const stock = new Stock();
const drafts = new Drafts();
const editing = new Editing(stock, () => table());
let skus = [];
let selected = new Set();
let editable = false;
let looking = false; // true for users with read access only
let moved = false; // the shown order no longer matches the numbers
let person = null;
let heard = ""; // the announcement of live changes for screen readers
let leaving = false;

const table = () => main.querySelector("fm-stock");

/** The values that the filters use. */
const page = {
  view: readView(),
  draw,
  change(more, { step = true } = {}) {
    page.view = { ...page.view, ...more };
    writeView(page.view, { step });
    choose();
  },
  clear: () => page.change(emptied(page.view)),
  open(query) {
    const { columns, location } = page.view;
    const wanted = readView(query);
    page.change({ ...wanted, columns, location: wanted.location || location });
  },
};

/** Shows another location. Unsaved numbers belong to the one that is shown. */
function showLocation(location) {
  if (location === stock.location) return;
  if (drafts.size || editing.busy) {
    toast("Save or discard your changes first.", { error: true });
    draw();
    return;
  }
  page.view = { ...page.view, location };
  writeView(page.view, { step: true });
  stock.show(location);
}

function choose() {
  skus = chosen(stock, page.view);
  moved = false;
  draw();
}

/* Bulk changes. */

function select(next) {
  selected = next;
  draw();
}

async function many(kind) {
  const answer = await bulk(kind, [...selected], stock);
  if (answer) select(new Set(answer.results.details.failed.map((row) => `${row.productId}/${row.size}`)));
}

function selection() {
  if (!selected.size || !editable) return nothing;
  const shown = skus.filter((sku) => selected.has(sku)).length;
  const unseen = selected.size - shown;
  return html`<div class="selection" role="region" aria-label="Selected">
    <b role="status">${plural(selected.size, "size")} selected${unseen ? `, ${number(unseen)} not shown` : ""}</b>
    ${shown < skus.length ? html`<button type="button" class="link" @click=${() => select(new Set([...selected, ...skus]))}>Select all ${number(skus.length)} matching</button>` : nothing}
    <span class="what">${BULKS.filter(([kind]) => (stock.limited ? OF_UNITS.has(kind) && kind !== "reset" : !stock.needsLocation || !OF_UNITS.has(kind))).map(([kind, short, words]) => html`<button type="button" class="chip" aria-label=${words} ?disabled=${!stock.online} @click=${() => many(kind)}>${short}</button>`)}</span>
    <button type="button" class="link" @click=${() => select(new Set())}>Clear</button>
  </div>`;
}

/* Drawing. */

/** The row's numbers of units: of a bundle those of its pre-built units. The others are its parts'. */
const ownUnits = (row) => (row.bundle && row.preBuilt ? row.preBuilt : row);

function summary() {
  const count = { low: 0, out: 0, sold_out: 0, backordered: 0 };
  const categories = new Set();
  let held = 0;
  for (const row of stock.rows.values()) {
    count[row.status] += 1;
    held += ownUnits(row).reserved;
    if (row.category) categories.add(row.category);
  }
  const parts = [[count.low, "low"], [count.out, "out"], [count.sold_out, "sold out by owner"], [count.backordered, "backordered"], [held, "held now"]];
  const words = parts.filter(([value]) => value).map(([value, what]) => `${number(value)} ${what}`);
  return { sentence: words.length ? words.join(", ") : "Everything is in stock, no units are held", categories: sorted(categories) };
}

function totals() {
  const sum = { stock: 0, reserved: 0, available: 0 };
  for (const sku of skus) {
    const row = stock.row(sku);
    if (row) for (const name of Object.keys(sum)) sum[name] += ownUnits(row)[name];
  }
  return html`<b>${number(sum.stock)}</b> on hand · <b>${number(sum.reserved)}</b> reserved · <b>${number(sum.available)}</b> available`;
}

const connection = () => {
  const [kind, words] = stock.online ? ["good", "Live"] : stock.revision && stock.online === false ? ["wrong", "No connection"] : ["", "Connecting"];
  return html`<span class="badge ${kind}" id="connection">${words}</span>`;
};

function exporting() {
  const query = queryOf(page.view);
  const url = (format) => `/api/admin/export?format=${format}${query ? `&${query}` : ""}`;
  return html`<a class="quiet button-like" href=${url("csv")} download>CSV</a><a class="quiet button-like" href=${url("xlsx")} download>XLSX</a>`;
}

function why() {
  return html`<label class="why"><span class="unseen">Reason for your changes</span><select @change=${(event) => (editing.reason = event.target.value)}>
    <option value="">Ask for a reason</option>
    ${REASONS.map((reason) => html`<option value=${reason}>Reason: ${reason}</option>`)}
  </select></label>`;
}

function locationChoice() {
  if (!stock.locations.length) return nothing;
  return html`<label><span class="unseen">Location</span><select .value=${stock.location} @change=${(event) => { showLocation(event.target.value); event.target.value = stock.location; }}>
    ${stock.limited ? nothing : html`<option value="" .selected=${!stock.location}>All locations</option>`}
    ${stock.locations.map(({ id, name }) => html`<option value=${id} .selected=${id === stock.location}>${name}</option>`)}
  </select></label>${stock.needsLocation && editable ? html`<span class="quiet">Choose a location to change numbers.</span>` : nothing}`;
}

function tools() {
  return html`<div class="tools">
    ${locationChoice()}
    <input type="search" aria-label="Search product, size, SKU or Stripe price" placeholder="Search   /" .value=${page.view.q} @input=${(event) => page.change({ q: event.target.value }, { step: false })} />
    <p class="found"><span role="status">${stock.revision ? plural(skus.length, "size") : ""}</span>${stock.revision ? html`<span class="totals"> · ${totals()}</span>` : nothing}</p>
    ${moved ? html`<button type="button" class="chip" id="reorder" @click=${choose}>Order changed: refresh</button>` : nothing}
    <span class="tools-end">${sorting(page)}${editable ? why() : nothing}<button type="button" class="quiet wide-only" aria-haspopup="dialog" @click=${() => chooseColumns(page)}>Columns</button></span>
  </div>`;
}

function body() {
  if (stock.error && !stock.revision) {
    return html`<div class="empty" role="alert"><p>The stock could not be loaded. ${stock.error.message} Nothing was changed.</p><button type="button" class="button" @click=${() => { stock.error = null; draw(); stock.open(); }}>Retry</button></div>`;
  }
  if (stock.revision && !stock.rows.size) {
    return html`<div class="empty"><p>There are no products yet.</p><p><a class="button" href="/admin/import.html">Import a file</a> <a class="quiet button-like" href="/admin/products.html">Add a product</a></p></div>`;
  }
  if (stock.revision && !skus.length) {
    return html`<div class="empty"><p>No sizes match.</p>${isEmpty(page.view) ? nothing : html`<button type="button" class="button" @click=${page.clear}>Clear filters</button>`}</div>`;
  }
  return html`<fm-stock
    .stock=${stock}
    .skus=${skus}
    .columns=${page.view.columns}
    .words=${wordsOf(page.view)}
    .drafts=${drafts}
    .selected=${selected}
    .sort=${page.view.sort}
    .editable=${editable}
    .online=${stock.online !== false}
    .loading=${!stock.revision}
    @edit=${(event) => editing.edit(event)}
    @step=${(event) => editing.step(event.detail.sku, event.detail.by)}
    @sort=${(event) => page.change({ sort: { [event.detail]: `-${event.detail}`, [`-${event.detail}`]: "" }[page.view.sort] ?? event.detail })}
    @pick=${(event) => select(event.detail)}
    @details=${(event) => details(stock.row(event.detail), editing, editable && stock.online, editable && stock.online && !stock.limited)}
  ></fm-stock>`;
}

function draw() {
  const { sentence, categories } = summary();
  render(
    html`<header class="head">
        <div><h1>Stock</h1><p class="state">${stock.revision ? sentence : "Loading the stock …"} ${connection()}</p></div>
        <div class="head-actions">${exporting()}${looking ? nothing : html`<a class="button" href="/admin/import.html">Import</a>`}</div>
      </header>
      ${stock.online === false && stock.revision ? html`<p class="banner" role="alert">Connection lost. Showing data from ${clock(stock.lost)}. Unsaved changes are kept until the connection is back.</p>` : nothing}
      ${viewTabs(page)} ${tools()} ${chips(page, categories)} ${body()} ${selection()}
      <p class="unseen" role="status" id="heard">${heard}</p>`,
    main,
  );
}

/* Changes from elsewhere. */

let waiting = 0;
const waitingFor = new Set();
function tellSoon(changed) {
  for (const sku of changed) waitingFor.add(sku);
  waiting ||= setTimeout(() => {
    waiting = 0;
    heard = waitingFor.size ? `${plural(waitingFor.size, "size")} changed.` : "";
    waitingFor.clear();
    draw();
  }, TELL);
}

function put(changed) {
  const grid = table();
  if (!grid) {
    choose(); // no rows are shown that could move
    return;
  }
  if (!moved) moved = !inPlace(stock, page.view, skus, grid.places, changed);
  draw();
  grid.changed(changed);
}

/** Draws everything again. Rows do not move while the user types or has the cursor in a row. */
function afresh(first) {
  selected = new Set([...selected].filter((sku) => stock.rows.has(sku)));
  if (first) restore();
  if (first || !table()?.contains(document.activeElement)) {
    choose();
    table()?.changed(skus);
    return;
  }
  const now = chosen(stock, page.view);
  moved = now.join("\n") !== skus.join("\n");
  draw();
  table()?.changed(skus);
}

async function restore() {
  person = (await whoAmI()).user.name;
  const back = drafts.restore(person);
  if (!back.length) return;
  editable = await may("stock"); // only then the numbers become editable
  draw();
  table()?.requestUpdate();
  toast(`${plural(back.length, "unsaved change")} ${wordFor(back.length, "was", "were")} restored. Press Enter to save.`);
  await table()?.updateComplete; // the rows are laid out now
  table()?.go(back[0].sku, back[0].field);
}

stock.addEventListener("change", ({ detail: { skus: changed, fresh, first } }) => {
  if (fresh) afresh(first);
  else put(changed);
  if (!first) tellSoon([...changed].filter((sku) => !stock.pending.has(sku)));
});
stock.addEventListener("connection", () => {
  if (stock.online) table()?.faults.clear();
  draw();
});
addEventListener("pagehide", settleAddress);
addEventListener("popstate", () => {
  dropAddress();
  page.view = readView();
  if (page.view.location === stock.location || drafts.size || editing.busy) choose();
  else stock.show(stock.locations.some(({ id }) => id === page.view.location) ? page.view.location : "");
});
addEventListener("session-ended", () => {
  leaving = true;
  settleAddress(); // the login returns to this address
  drafts.keep(person, editing.unsent);
});
addEventListener("beforeunload", (event) => {
  if (!leaving && (drafts.size || editing.busy)) event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("tr[data-sku]");
  if (event.key !== "x" || !row || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input:not([type=checkbox])") && event.target.hasAttribute("data-unsent")) return;
  event.preventDefault();
  row.querySelector(".pick input").click();
});

main.replaceChildren();
stock.location = page.view.location;
draw();
stock.watch();
stock.open();
may("stock").then((can) => {
  editable = can;
  looking = !can;
  draw();
});
