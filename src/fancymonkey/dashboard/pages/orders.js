// The page of orders: to ship, partly shipped, shipped; one order with its history.

import { html, nothing } from "/admin/lib/lit.js";
import { number, paidMoney, plural, when } from "/admin/lib/format.js";
import { listing, sizeOf, toHistory } from "/admin/components/responsive-table.js";
import { cancel, erase, move, refund, ship, takeBack, unitsFor, unship } from "/admin/forms/order-dialogs.js";
import { addressOf, paperLinks, papers, pickView } from "/admin/components/order-papers.js";
import { scanButton } from "/admin/components/scan-code.js";
import { Page, getJson, filters, moment } from "/admin/lib/data-page.js";

const WORDS = { to_ship: "To ship", partly_shipped: "Partly shipped", shipped: "Shipped", cancelled: "Cancelled", returned: "Returned" };
const BADGE = { to_ship: "warn", partly_shipped: "backordered", shipped: "good", cancelled: "", returned: "low" };
const PAGE = 100;
let shown = PAGE;

const view = filters(["status", "q", "location", "id", "view"], () => {
  shown = PAGE;
  page.read();
});
const again = () => page.read({ quiet: true });

/** A search is in all orders, unless a status is chosen. */
const shownStatus = () => view.values.status || (view.values.q ? "all" : "to_ship");
const OPEN = ["to_ship", "partly_shipped"];
const picking = () => view.values.view === "pick";
const sorted = (status) => (OPEN.includes(status) ? "oldest" : "newest");

async function load() {
  const { q, location, id } = view.values;
  if (id) return getJson("/api/admin/orders", { id });
  const limit = Math.min(shown, 1000);
  if (picking()) {
    const [data, partly] = await Promise.all(OPEN.map((status) => getJson("/api/admin/orders", { status, location, sort: "oldest", limit: 1000 })));
    return { ...data, orders: [...data.orders, ...partly.orders], next: data.next ?? partly.next };
  }
  const status = shownStatus();
  return getJson("/api/admin/orders", { status: status === "all" ? "" : status, q, location, sort: sorted(status), limit });
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
    ${can("ship") ? act("Ship …", order, () => ship(order, locations, again, view.values.location), "button") : nothing}
    ${can("move") && locations.length > 1 ? act("Move …", order, () => move(order, locations, again, view.values.location)) : nothing}
    ${can("cancel") ? act("Cancel …", order, () => cancel(order, locations, again, view.values.location)) : nothing}
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
  if (editable) rows.push(["Ship", (order) => (unitsFor(order, "ship").length ? act("Ship …", order, () => ship(order, data.locations, again, view.values.location)) : nothing), "act"]);
  return rows;
}

/** Searches words. The number of an order, typed or scanned from its packing slip, opens it. */
async function search(words) {
  const q = words.trim();
  if (/^#?\d{1,15}$/.test(q)) {
    const known = await getJson("/api/admin/orders", { id: q }).catch(() => null); // the search reports a lost connection
    if (known?.orders.length) {
      view.set({ id: known.orders[0].id, q: "", view: "" });
      return;
    }
  }
  if (q !== view.values.q) view.set({ q, view: "" });
}

function tools(data) {
  const { q, location } = view.values;
  const chip = (words, on, values) => html`<button type="button" class="chip" aria-pressed=${on} @click=${() => view.set({ view: "", ...values })}>${words}</button>`;
  const counted = (name, words) => html`${words} <span class="count">${number(data.counts[name])}</span>`;
  const on = (name) => !picking() && shownStatus() === name;
  return html`<div class="tools"><input type="search" aria-label="Search a number, product, payment, tracking number or buyer" placeholder="Number, product or buyer   /" .value=${q} @change=${(event) => search(event.target.value)} />
      ${scanButton("Scan a packing slip or a tracking number", search)}</div>
    <div class="chips" role="group" aria-label="Filters">
      ${chip("Pick list", picking(), { view: picking() ? "" : "pick", q: "" })}<span class="bar" aria-hidden="true"></span>
      ${Object.entries(WORDS).map(([name, words]) => chip(counted(name, words), on(name), { status: name === "to_ship" && !q ? "" : name }))}
      ${chip("All", on("all"), { status: "all" })}
      ${data.locations.length > 1 ? html`<span class="bar" aria-hidden="true"></span>${chip("All locations", !location, { location: "", view: view.values.view })}${data.locations.map(({ id, name }) => chip(name, location === id, { location: id, view: view.values.view }))}` : nothing}
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
      <div><h2>Buyer</h2>${order.buyer ? html`<address>${addressOf(order.buyer).map((line) => html`${line}<br />`)}</address>` : html`<p class="quiet">${order.erasedAt ? html`Erased ${moment(order.erasedAt)}` : "No personal data is stored or visible to you."}</p>`}</div>
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
    return { state: `Order #${order.number}: ${WORDS[order.status].toLowerCase()}.`, actions: paperLinks([order], "", page_.can("stock")), content: detail(order, data, page_) };
  }
  const sequence = picking() || sorted(shownStatus()) === "oldest" ? "oldest" : "newest";
  return {
    state: `${plural(data.orders.length, "order")}${data.next ? " and more" : ""}${picking() ? " to pick" : ""}, the ${sequence} first.`,
    actions: paperLinks(data.orders, location, page_.can("stock")),
    content: html`${tools(data)}
      ${picking() ? pickView(data.orders, location, data.locations, () => page_.draw()) : data.orders.length ? listing("Orders", columns(data, page_.can("stock")), data.orders, { key: (order) => order.id }) : nothingHere()}
      ${!picking() && data.next && shown < 1000 ? html`<p><button type="button" class="quiet" @click=${() => { shown = 1000; again(); }}>Show more</button></p>` : nothing}
      ${papers(data.orders, location, data.locations)}`,
  };
}

const page = new Page("Orders", load, body, { live: 300, every: 60_000 });
page.read();
