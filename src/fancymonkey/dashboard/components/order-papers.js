// The pick list and the packing slips: on paper, as PDF, and the pick list on the screen.

import { html, nothing, repeat } from "/admin/lib/lit.js";
import { date, number, plural } from "/admin/lib/format.js";
import { sizeOf, skuOf } from "/admin/components/responsive-table.js";

const ready = (row) => row.open - row.backordered;

/** The rows of a pick list: the units of all orders together, by location and size. */
function picks(orders, location) {
  const rows = new Map();
  for (const order of orders) {
    for (const row of order.allocations) {
      if (ready(row) <= 0 || (location && row.location !== location)) continue;
      const key = `${row.location} ${skuOf(row)}`;
      const known = rows.get(key) ?? { ...row, count: 0, numbers: [] };
      rows.set(key, { ...known, count: known.count + ready(row), numbers: [...known.numbers, order.number] });
    }
  }
  return [...rows.values()].sort((a, b) => (a.location + skuOf(a) < b.location + skuOf(b) ? -1 : 1));
}

const address = (buyer) => [buyer.name, buyer.line1, buyer.line2, `${buyer.postalCode} ${buyer.city}`.trim(), buyer.state, buyer.country].filter(Boolean);
export const addressOf = (buyer) => [...address(buyer), buyer.email, buyer.phone].filter(Boolean);

function slip(order, location) {
  const rows = order.allocations.filter((row) => ready(row) > 0 && (!location || row.location === location));
  if (!rows.length) return nothing;
  return html`<section class="paper slip">
    <h2>Packing slip, order #${order.number}</h2>
    <p>Ordered on ${date(order.orderedAt)}</p>
    ${order.buyer ? html`<address>${address(order.buyer).map((line) => html`${line}<br />`)}</address>` : nothing}
    <table><thead><tr><th scope="col">Units</th><th scope="col">Product</th><th scope="col">SKU</th></tr></thead>
      <tbody>${rows.map((row) => html`<tr><td class="number">${number(ready(row))}</td><td>${sizeOf(row)}</td><td>${skuOf(row)}</td></tr>`)}</tbody></table>
  </section>`;
}

/** The papers of these orders; `location` limits them to the units there. */
export function papers(orders, location, locations) {
  const rows = picks(orders, location);
  if (!rows.length) return nothing;
  const called = (id) => locations.find((row) => row.id === id)?.name ?? id;
  return html`<div class="papers">
    <section class="paper"><h2>Pick list, ${plural(rows.reduce((sum, row) => sum + row.count, 0), "unit")}</h2>
      <table><thead><tr>${locations.length > 1 ? html`<th scope="col">Location</th>` : nothing}<th scope="col">Units</th><th scope="col">Product</th><th scope="col">SKU</th><th scope="col">Orders</th></tr></thead>
        <tbody>${rows.map((row) => html`<tr>${locations.length > 1 ? html`<td>${called(row.location)}</td>` : nothing}<td class="number">${number(row.count)}</td><td>${sizeOf(row)}</td><td>${skuOf(row)}</td><td>${row.numbers.map((order) => `#${order}`).join(", ")}</td></tr>`)}</tbody></table>
    </section>
    ${orders.map((order) => slip(order, location))}
  </div>`;
}

/* PDF files. */

const PAPER = /^(en-(US|CA|PH)|es-(MX|US)|fr-CA)/.test(navigator.language) ? "letter" : "a4";
const PDF_ORDERS = 200; // in one file

const pdfUrl = (kind, orders, location) =>
  `/api/admin/orders/${kind}?${new URLSearchParams([...orders.slice(0, PDF_ORDERS).map(({ number: id }) => ["id", id]), ...(location ? [["location", location]] : []), ["paper", PAPER]])}`;

/** The buttons of the papers of these orders. A user who may only read gets no slips: they have addresses. */
export function paperLinks(orders, location, slips) {
  const open = orders.filter((order) => order.allocations.some((row) => ready(row) > 0 && (!location || row.location === location)));
  const shipped = orders.length === 1 && orders[0].shipments.length > 0;
  const pdf = (kind, rows, words) => html`<a class="quiet button-like" href=${pdfUrl(kind, rows, location)} download>${words}</a>`;
  return html`${open.length ? pdf("pick-list", open, "Pick list PDF") : nothing}${slips && (open.length || shipped) ? pdf("packing-slips", open.length ? open : orders, orders.length === 1 ? "Packing slip PDF" : "Packing slips PDF") : nothing}
    ${open.length ? html`<button type="button" class="quiet printing" @click=${() => print()}>Print pick list and slips</button>` : nothing}`;
}

/* The pick list on a phone: each row has a box to tick when its units are taken. */

const KEPT = "picked";
const ticked = () => {
  try {
    return new Set(JSON.parse(sessionStorage.getItem(KEPT) ?? "[]"));
  } catch {
    return new Set();
  }
};

function keep(ticks) {
  try {
    sessionStorage.setItem(KEPT, JSON.stringify([...ticks]));
  } catch {
    // a private window keeps nothing: the ticks last as long as the page
  }
}

let ticks = ticked();

/** A row with other units or orders is another row, and no longer ticked. */
const tickOf = (row) => `${row.location} ${skuOf(row)} ${row.count} ${row.numbers.join(",")}`;

export function pickView(orders, location, locations, draw) {
  const rows = picks(orders, location);
  const names = new Map(locations.map(({ id, name }) => [id, name]));
  const done = rows.filter((row) => ticks.has(tickOf(row))).length;
  const tick = (row, on) => {
    if (on) ticks.add(tickOf(row));
    else ticks.delete(tickOf(row));
    keep(ticks);
    draw();
  };
  if (!rows.length) return html`<div class="empty"><p>Nothing is to be picked.</p></div>`;
  return html`<p role="status"><b class="number">${number(done)}</b> of ${plural(rows.length, "row")} picked. ${done ? html`<button type="button" class="quiet small" @click=${() => { ticks = new Set(); keep(ticks); draw(); }}>Clear ticks</button>` : nothing}</p>
    <ul class="picks" aria-label="Pick list">${repeat(rows, tickOf, (row) => html`<li><label>
      <input type="checkbox" .checked=${ticks.has(tickOf(row))} @change=${(event) => tick(row, event.target.checked)} />
      <b class="number">${number(row.count)} ×</b>
      <span>${sizeOf(row)}<small class="quiet block">${skuOf(row)}${locations.length > 1 ? ` · ${names.get(row.location) ?? row.location}` : ""} · ${row.numbers.map((order) => `#${order}`).join(", ")}</small></span>
    </label></li>`)}</ul>`;
}
