// The stock page: search, filters, the table, editing, and what is done to many.

import "/admin/shell.js";
import "/admin/table.js";
import { html, nothing, render } from "/admin/dom.js";
import { ask, askReason, askStale } from "/admin/dialogs.js";
import { BULKS, bulk } from "/admin/bulk.js";
import { offerUndo, parse, send, told } from "/admin/change.js";
import { clock, money, number, plural } from "/admin/format.js";
import { may } from "/admin/shell.js";
import { STATUS, Stock } from "/admin/stock.js";
import { toast } from "/admin/toast.js";
import { chosen, emptied, isEmpty, matcher, queryOf, readView, writeView } from "/admin/view.js";

const stock = new Stock();
const main = document.getElementById("main");
let view = readView();
let skus = [];
let selected = new Set();
let editable = false;
let moved = false; // the order shown is not that of the numbers any more
const table = () => main.querySelector("fm-stock");

function choose({ step = false, keep = false } = {}) {
  if (!keep) writeView(view, { step });
  skus = chosen(stock, view);
  moved = false;
  draw();
}

const withView = (more, options = { step: true }) => {
  view = { ...view, ...more };
  choose(options);
};

function toggled(list, value) {
  return list.includes(value) ? list.filter((one) => one !== value) : [...list, value];
}

/* What was typed. */

async function edit(event) {
  const { sku, field, text, seen, move } = event.detail;
  const row = stock.row(sku);
  const wish = field === "stock" ? parse(text, row.stock) : parseThreshold(text);
  if (wish.error) {
    event.preventDefault();
    table().refuse(sku, field, wish.error);
    return;
  }
  const after = wish.set ?? row.stock + wish.adjust;
  let reason = "";
  if (field === "stock" && after < seen && !(wish.adjust === -1 && move === undefined)) {
    reason = await askReason(`${row.name} ${row.size}: ${number(seen)} → ${number(after)}`);
    if (reason === null) return;
    if (move) table().go(sku, field, move);
  }
  await save(sku, field, after, wish.adjust, seen, reason);
}

function parseThreshold(text) {
  const wish = parse(text, 0);
  return "set" in wish ? wish : { error: "A whole number from 0 on." };
}

/** Sends a value; shown at once, taken back where it is refused. */
async function save(sku, field, value, adjust, seen, reason) {
  const row = stock.rows.get(sku);
  const from = row[field];
  const back = stock.expect(sku, { [field]: value });
  const wish = adjust === undefined ? { [field]: value } : { adjustStock: adjust };
  const answer = await send(row, wish, adjust === undefined ? { [field]: seen } : null, reason);
  if (answer.ok) {
    const { stock: onHand, reserved, available, lowStockThreshold, soldOut } = answer.ok;
    stock.confirm(sku, { stock: onHand, reserved, available, lowStockThreshold, soldOut, ...(field === "restockDate" ? { restockDate: value } : {}) });
    back();
    offerUndo(answer.act, told(row, field, from, answer.ok[field] ?? value));
    return;
  }
  back();
  if (answer.stale) await settle(sku, field, value, seen, answer.stale, reason);
  else refused(sku, field, value, adjust, seen, reason, answer.failed);
}

function refused(sku, field, value, adjust, seen, reason, words) {
  const row = stock.rows.get(sku);
  const again = () => save(sku, field, value, adjust, seen, reason);
  toast(`${row.name} ${row.size} was not changed. ${words}`, { error: true, action: { label: "Retry", run: again } });
  table().go(sku, field);
}

async function settle(sku, field, typed, seen, stale, reason) {
  const row = stock.rows.get(sku);
  const wish = await askStale(row, typed, seen, stale);
  if (wish === "set") await save(sku, field, typed, undefined, stale.present, reason);
  else if (wish === "add") await save(sku, field, stale.present + typed - seen, typed - seen, stale.present, reason);
  else table().go(sku, field);
}

/* One size in full. */

async function details(sku) {
  const row = stock.row(sku);
  const wish = await ask(
    `${row.name} ${row.size}`,
    (answer) => html`<form @submit=${(event) => {
        event.preventDefault();
        const form = new FormData(event.target);
        answer({ soldOut: form.has("soldOut"), restockDate: form.get("restockDate") || null });
      }}>
      <dl class="facts">
        ${[["SKU", row.sku], ["On hand", number(row.stock)], ["Reserved", number(row.reserved)], ["Available", number(row.available)], ["Backordered", number(row.backordered)], ["Price", row.price === null ? "none" : money(row.price)], ["Stripe price", row.priceId ?? "none"]].map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}
      </dl>
      ${editable
        ? html`<label class="check"><input type="checkbox" name="soldOut" .checked=${row.soldOut} />Sold out, whatever is there</label>
          <label class="field">Restock date of the product<input type="date" name="restockDate" .value=${(row.restockDate ?? "").slice(0, 10)} /></label>`
        : nothing}
      <p><a href="/admin/history.html?sku=${encodeURIComponent(sku)}">History, and why it is so</a> · <a href="/admin/holds.html?sku=${encodeURIComponent(sku)}">Holds</a></p>
      <div class="actions"><button type="button" class="quiet" @click=${() => answer(null)}>Close</button>${editable ? html`<button class="button">Save</button>` : nothing}</div>
    </form>`,
  );
  if (!wish) return;
  if (wish.soldOut !== row.soldOut) await save(sku, "soldOut", wish.soldOut, undefined, row.soldOut, "");
  if ((wish.restockDate ?? null) !== (row.restockDate?.slice(0, 10) ?? null)) await save(sku, "restockDate", wish.restockDate, undefined, row.restockDate, "");
}

async function many(kind) {
  const answer = await bulk(kind, [...selected]);
  if (!answer) return;
  selected = new Set(answer.results.details.failed.map((row) => `${row.productId}/${row.size}`));
  draw();
}

/* Drawing. */

function sentence() {
  const rows = [...stock.rows.values()];
  const count = (status) => rows.filter((row) => row.status === status).length;
  const held = rows.reduce((sum, row) => sum + row.reserved, 0);
  const parts = [[count("low"), "low"], [count("out"), "out"], [count("sold_out"), "sold out by you"], [count("backordered"), "backordered"], [held, "held now"]];
  const told = parts.filter(([value]) => value).map(([value, words]) => `${number(value)} ${words}`);
  return told.length ? told.join(", ") : "Everything is in stock, nothing is held.";
}

function totals() {
  const sum = { stock: 0, reserved: 0, available: 0 };
  for (const sku of skus) {
    const row = stock.row(sku);
    if (row) for (const name of Object.keys(sum)) sum[name] += row[name];
  }
  return html`<b>${number(sum.stock)}</b> on hand, <b>${number(sum.reserved)}</b> reserved, <b>${number(sum.available)}</b> available`;
}

const chip = (words, on, click) => html`<button type="button" class="chip" aria-pressed=${on} @click=${click}>${words}</button>`;

function filters() {
  const categories = [...new Set([...stock.rows.values()].map((row) => row.category).filter(Boolean))].sort();
  return html`<div class="chips" role="group" aria-label="Filters">
    ${Object.entries(STATUS).slice(0, 5).map(([status, words]) => chip(words, view.status.includes(status), () => withView({ status: toggled(view.status, status) })))}
    ${categories.length > 1 ? html`<span class="bar" aria-hidden="true"></span>${categories.map((category) => chip(category, view.category.includes(category), () => withView({ category: toggled(view.category, category) })))}` : nothing}
    ${isEmpty(view) ? nothing : html`<button type="button" class="link" @click=${() => { view = emptied(view); choose({ step: true }); }}>Clear all</button>`}
  </div>`;
}

function exporting() {
  const query = queryOf(view);
  const url = (format) => `/api/admin/export?format=${format}${query ? `&${query}` : ""}`;
  return html`<a class="quiet button-like" href=${url("csv")} download>CSV</a><a class="quiet button-like" href=${url("xlsx")} download>XLSX</a>`;
}

function body() {
  if (stock.error && !stock.rows.size) {
    return html`<div class="empty" role="alert"><p>The stock could not be read. ${stock.error.message}</p><button type="button" class="button" @click=${() => stock.open()}>Try again</button></div>`;
  }
  if (stock.revision && !stock.rows.size) {
    return html`<div class="empty"><p>There are no products yet.</p><p><a class="button" href="/admin/import.html">Import a table</a> <a class="quiet button-like" href="/admin/products.html">Add a product</a></p></div>`;
  }
  if (stock.revision && !skus.length) {
    return html`<div class="empty"><p>Nothing matches.</p><button type="button" class="button" @click=${() => { view = emptied(view); choose({ step: true }); }}>Clear filters</button></div>`;
  }
  return html`<fm-stock
    .stock=${stock}
    .skus=${skus}
    .selected=${selected}
    .sort=${view.sort}
    .editable=${editable && stock.online !== false}
    .loading=${!stock.revision}
    @edit=${edit}
    @sort=${(event) => withView({ sort: { [event.detail]: `-${event.detail}`, [`-${event.detail}`]: "" }[view.sort] ?? event.detail })}
    @select=${(event) => { selected = event.detail; draw(); }}
    @details=${(event) => details(event.detail)}
  ></fm-stock>`;
}

function draw() {
  render(
    html`<header class="head">
        <div><h1>Stock</h1><p class="state">${stock.revision ? sentence() : "Reading the stock …"}</p></div>
        <div class="head-actions">${exporting()}<a class="button" href="/admin/import.html">Import</a></div>
      </header>
      ${stock.online === false && stock.revision ? html`<p class="banner" role="alert">Connection lost. This is how it stood at ${clock(stock.heard ?? Date.now())}; nothing can be changed until it is back.</p>` : nothing}
      <div class="tools">
        <input type="search" aria-label="Search product, size, SKU or Stripe price" placeholder="Search   /" .value=${view.q} @input=${(event) => withView({ q: event.target.value }, {})} />
        <p class="found" role="status">${stock.revision ? html`${plural(skus.length, "size")}: ${totals()}` : nothing}</p>
        ${moved ? html`<button type="button" class="chip" @click=${() => choose({ keep: true })}>Order changed: refresh</button>` : nothing}
      </div>
      ${filters()} ${body()}
      ${selected.size && editable
        ? html`<div class="selection" role="region" aria-label="Selected">
            <b role="status">${plural(selected.size, "size")} selected</b>
            ${BULKS.map(([kind, words]) => html`<button type="button" class="chip" @click=${() => many(kind)}>${words}</button>`)}
            <button type="button" class="link" @click=${() => { selected = new Set(); draw(); }}>Clear</button>
          </div>`
        : nothing}`,
    main,
  );
}

stock.addEventListener("change", (event) => {
  const { skus: changed, fresh } = event.detail;
  if (fresh) {
    selected = new Set([...selected].filter((sku) => stock.rows.has(sku)));
    choose({ keep: true });
  } else {
    const meant = matcher(view);
    const shown = new Set(skus);
    moved ||= [...changed].some((sku) => stock.rows.has(sku) && meant(stock.row(sku)) !== shown.has(sku)) || view.sort !== "" && [...changed].some((sku) => shown.has(sku)) && chosen(stock, view).join("\n") !== skus.join("\n");
    draw();
    table()?.changed(changed);
  }
});
stock.addEventListener("connection", draw);
addEventListener("popstate", () => {
  view = readView();
  choose({ keep: true });
});
addEventListener("beforeunload", (event) => {
  if (table()?.editing?.text || stock.pending.size) event.preventDefault();
});
document.addEventListener("keydown", (event) => {
  const row = event.target.closest?.("tr[data-sku]");
  if (event.key === "x" && row && !event.target.matches("input:not([type=checkbox])")) row.querySelector(".pick input").click();
});

draw();
stock.watch();
stock.open();
may("stock").then((can) => {
  editable = can;
  draw();
});
