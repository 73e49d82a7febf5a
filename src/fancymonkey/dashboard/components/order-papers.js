// The pick list and the packing slips: on paper only.

import { html, nothing } from "/admin/lib/lit.js";
import { date, number, plural } from "/admin/lib/format.js";
import { sizeOf, skuOf } from "/admin/components/responsive-table.js";

const ready = (row) => row.open - row.backordered;

/** Where to pick what: the units of all orders together, by location and size. */
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
