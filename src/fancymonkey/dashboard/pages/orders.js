// The page of orders: to ship, partly shipped, shipped; one order with its history.

import { html, nothing } from "/admin/lib/lit.js";
import { number, paidMoney, plural, when } from "/admin/lib/format.js";
import { listing, sizeOf, toHistory } from "/admin/components/responsive-table.js";
import { cancel, erase, move, refund, ship, takeBack, unitsFor, unship } from "/admin/forms/order-dialogs.js";
import { papers } from "/admin/components/order-papers.js";
import { Page, getJson, filters, moment } from "/admin/lib/data-page.js";

const WORDS = { to_ship: "To ship", partly_shipped: "Partly shipped", shipped: "Shipped", cancelled: "Cancelled", returned: "Returned" };
const BADGE = { to_ship: "warn", partly_shipped: "backordered", shipped: "good", cancelled: "", returned: "low" };
const PAGE = 100;
let shown = PAGE;

const view = filters(["status", "q", "location", "id"], () => {
  shown = PAGE;
  page.read();
});
const again = () => page.read({ quiet: true });

function load() {
  const { status, q, location, id } = view.values;
  if (id) return getJson("/api/admin/orders", { id });
  return getJson("/api/admin/orders", { status: status === "all" ? "" : status || "to_ship", q, location, limit: Math.min(shown, 1000) });
}

const badge = (order) => html`<span class="badge ${BADGE[order.status]}">${WORDS[order.status]}</span>`;
const units = (order) => order.lines.map((line) => html`<div><b class="number">${number(line.quantity)}</b> × ${toHistory(line)}</div>`);
const waiting = (order) => order.allocations.reduce((sum, row) => sum + row.backordered, 0);
const link = (order) => html`<a href="?id=${encodeURIComponent(order.id)}" @click=${(event) => { event.preventDefault(); view.set({ id: order.id }); }}><b>#${order.number}</b></a>`;
const buyer = (order) => (order.buyer ? html`${order.buyer.name || order.buyer.email}<small class="quiet block">${[order.buyer.city, order.buyer.country].filter(Boolean).join(", ")}</small>` : html`<span class="quiet">–</span>`);
const paid = (order) => (order.amount === null ? html`<span class="quiet">–</span>` : html`<span class="number">${paidMoney(order.amount, order.currency)}</span>`);
const refunds = ({ refund: money, currency }) => (money === null ? nothing : html`${money.refunded ? html`<p>${paidMoney(money.refunded, currency)} refunded</p>` : nothing}${money.due ? html`<p><span class="badge warn">${paidMoney(money.due, currency)} to refund</span></p>` : nothing}`);
const locationName = (data, id) => data.locations.find((location) => location.id === id)?.name ?? id;
const from = (data) => (order) => [...new Set(order.allocations.filter((row) => row.open).map((row) => locationName(data, row.location)))].join(", ") || html`<span class="quiet">–</span>`;

const act = (words, order, run, kind = "quiet small") => html`<button type="button" class=${kind} aria-label="${words.replace(" …", "")} order #${order.number}" @click=${run}>${words}</button>`;

function actions(order, data, page_) {
  if (!page_.can("stock")) return nothing;
  const { locations } = data;
  const can = (action) => unitsFor(order, action).length > 0;
  return html`<div class="row-actions left">
    ${can("ship") ? act("Ship …", order, () => ship(order, locations, again), "button") : nothing}
    ${can("move") && locations.length > 1 ? act("Move …", order, () => move(order, locations, again)) : nothing}
    ${can("cancel") ? act("Cancel …", order, () => cancel(order, again)) : nothing}
    ${can("return") ? act("Take back …", order, () => takeBack(order, locations, again)) : nothing}
    ${page_.can("admin") && data.refunds && (order.intent || order.paymentId) ? act("Refund …", order, () => refund(order, again)) : nothing}
    ${order.buyer ? act("Erase personal data …", order, () => erase(order, again)) : nothing}
  </div>`;
}

function columns(data, editable) {
  const rows = [
    ["Order", (order) => html`${link(order)} ${badge(order)}${waiting(order) ? html` <span class="badge backordered">${plural(waiting(order), "unit")} backordered</span>` : nothing}`, "title"],
    ["Units", units],
    ["Buyer", buyer],
    ["Paid", paid],
    ["Since", (order) => moment(order.orderedAt)],
  ];
  if (data.locations.length > 1) rows.push(["From", from(data)]);
  if (editable) rows.push(["Ship", (order) => (unitsFor(order, "ship").length ? act("Ship …", order, () => ship(order, data.locations, again)) : nothing), "act"]);
  return rows;
}

function search(event) {
  const q = event.target.value.trim();
  if (q !== view.values.q) view.set({ q });
}

function tools(data) {
  const { status, q, location } = view.values;
  const chip = (words, on, values) => html`<button type="button" class="chip" aria-pressed=${on} @click=${() => view.set(values)}>${words}</button>`;
  const counted = (name, words) => html`${words} <span class="count">${number(data.counts[name])}</span>`;
  return html`<div class="tools"><input type="search" aria-label="Search a number, product, payment, tracking number or buyer" placeholder="Number, product or buyer   /" .value=${q} @change=${search} @keydown=${(event) => event.key === "Enter" && search(event)} /></div>
    <div class="chips" role="group" aria-label="Filters">
      ${Object.entries(WORDS).map(([name, words]) => chip(counted(name, words), (status || "to_ship") === name, { status: name === "to_ship" ? "" : name }))}
      ${chip("All", status === "all", { status: "all" })}
      ${data.locations.length > 1 ? html`<span class="bar" aria-hidden="true"></span>${chip("All locations", !location, { location: "" })}${data.locations.map(({ id, name }) => chip(name, location === id, { location: id }))}` : nothing}
    </div>`;
}

const done = (row) => ["open", "backordered", "shipped", "cancelled", "returned"].filter((word) => row[word]).map((word) => `${number(row[word])} ${word}`).join(", ");

function detail(order, data, page_) {
  const allocations = [
    ["Size", (row) => html`<b class="number">${number(row.quantity)}</b> × ${toHistory(row)}`, "title"],
    ["Location", (row) => order.locations.find((location) => location.id === row.location)?.name ?? row.location],
    ["Status", done],
  ];
  return html`<p><button type="button" class="quiet" @click=${() => view.set({ id: "" })}>← All orders</button></p>
    ${actions(order, data, page_)}
    <div class="order-facts">
      <div><h2>Order</h2><p>${badge(order)}</p><p>Paid ${when(order.orderedAt)}</p><p>${paid(order)}</p>${refunds(order)}<p class="quiet">${order.paymentId ?? ""}</p>
        ${order.fulfilment === "on_shipment" ? html`<p>The units stay on hand until they leave.</p>` : nothing}</div>
      <div><h2>Buyer</h2>${order.buyer ? html`<address>${["name", "line1", "line2"].map((field) => (order.buyer[field] ? html`${order.buyer[field]}<br />` : nothing))}${order.buyer.postalCode} ${order.buyer.city}<br />${[order.buyer.state, order.buyer.country].filter(Boolean).join(", ")}<br />${order.buyer.email}<br />${order.buyer.phone}</address>` : html`<p class="quiet">${order.erasedAt ? html`Erased ${moment(order.erasedAt)}` : "No personal data is stored or visible to you."}</p>`}</div>
      <div><h2>Lines</h2><ul>${order.lines.map((line) => html`<li>${sizeOf(line)}: ${number(line.shipped)} of ${number(line.quantity)} shipped${line.price === null ? "" : `, ${line.price} each`}</li>`)}</ul></div>
    </div>
    ${listing("Units", allocations, order.allocations, { key: (row) => `${row.location} ${row.productId} ${row.size}` })}
    ${order.shipments.length ? html`<section class="part"><h2>Shipments</h2><ul class="listed">${order.shipments.map((parcel) => html`<li>${parcel.lines.map((line) => `${number(line.quantity)} × ${sizeOf(line)}`).join(", ")} from ${order.locations.find((location) => location.id === parcel.location)?.name ?? parcel.location}, ${when(parcel.shippedAt)}${parcel.carrier || parcel.trackingNumber ? html`: <b>${`${parcel.carrier} ${parcel.trackingNumber}`.trim()}</b>` : nothing} ${page_.can("stock") ? html`<button type="button" class="quiet small" aria-label="Shipment ${parcel.number} of order #${order.number} did not leave" @click=${() => unship(order, parcel, again)}>Did not leave …</button>` : nothing}</li>`)}</ul></section>` : nothing}
    <section class="part"><h2>History</h2><ol class="order-steps">${order.history.map((step) => html`<li>${moment(step.at)} ${step.text} <small class="quiet">${step.action}${step.actor ? `, ${step.actor}` : ""}</small></li>`)}</ol></section>
    ${papers([order], "", data.locations)}`;
}

function nothingHere() {
  const { q, location, status } = view.values;
  if (q || location) return html`<div class="empty"><p>No orders match.</p><button type="button" class="button" @click=${() => view.set({ q: "", location: "", status: "all" })}>Clear filters</button></div>`;
  if (status) return html`<div class="empty"><p>No orders match.</p></div>`;
  return html`<div class="empty"><p>No orders to ship. A paid order appears here within a second.</p></div>`;
}

function body(data, page_) {
  const { id, location } = view.values;
  if (id) {
    const [order] = data.orders;
    if (!order) return { state: "This order does not exist.", content: html`<p><button type="button" class="quiet" @click=${() => view.set({ id: "" })}>← All orders</button></p>` };
    return { state: `Order #${order.number}: ${WORDS[order.status].toLowerCase()}.`, actions: printing(unitsFor(order, "ship").length), content: detail(order, data, page_) };
  }
  return {
    state: `${plural(data.orders.length, "order")}${data.next ? " and more" : ""}, the newest first.`,
    actions: printing(data.orders.some((order) => unitsFor(order, "ship").length)),
    content: html`${tools(data)}
      ${data.orders.length ? listing("Orders", columns(data, page_.can("stock")), data.orders, { key: (order) => order.id }) : nothingHere()}
      ${data.next && shown < 1000 ? html`<p><button type="button" class="quiet" @click=${() => { shown = 1000; again(); }}>Show more</button></p>` : nothing}
      ${papers(data.orders, location, data.locations)}`,
  };
}

const printing = (any) => (any ? html`<button type="button" class="quiet" @click=${() => print()}>Print pick list and slips</button>` : nothing);

const page = new Page("Orders", load, body, { live: 300, every: 60_000 });
page.read();
