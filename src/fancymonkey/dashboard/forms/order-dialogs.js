// The dialogs of orders: ship, move, cancel, take back, refund, erase.

import { html, nothing, repeat } from "/admin/lib/lit.js";
import { openDialog } from "/admin/components/dialogs.js";
import { number, paidMoney, plural, when } from "/admin/lib/format.js";
import { sizeOf } from "/admin/components/responsive-table.js";
import { scanButton } from "/admin/components/scan-code.js";
import { api } from "/admin/lib/session.js";
import { toast } from "/admin/components/toast.js";

export const STATES = { for_sale: "For sale", returned: "Returned, not for sale", damaged: "Damaged", quarantine: "In quarantine" };
const CARRIERS = ["DHL", "DPD", "FedEx", "GLS", "Hermes", "La Poste", "Royal Mail", "UPS", "USPS"];
const FINE_POINTER = matchMedia("(pointer: fine)"); // on a phone the focus would open the keyboard over the dialog
const READY = { ship: (row) => row.open - row.backordered, move: (row) => row.open - row.backordered, cancel: (row) => row.open, return: (row) => row.shipped - row.returned };

/** The units of an order that an action can change, at one or all locations; one row per size. */
export function unitsFor(order, action, at = "") {
  const rows = new Map();
  for (const row of order.allocations) {
    const count = READY[action](row);
    const key = `${row.productId}/${row.size}`;
    if (count > 0 && (!at || row.location === at)) rows.set(key, { ...row, count: count + (rows.get(key)?.count ?? 0) });
  }
  return [...rows.values()];
}

/** The locations that have units which an action can change. */
export const locationsFor = (order, action) => [...new Set(order.allocations.filter((row) => READY[action](row) > 0).map((row) => row.location))];

/** Sends a change with a key of its own, so that a repetition has no second effect; reports it when the page shows it. */
async function change(action, body, done, after, key = crypto.randomUUID()) {
  try {
    await api(`/api/admin/orders/${action}`, { body, headers: { "Idempotency-Key": key } });
  } catch (error) {
    toast(`Nothing was changed. ${error.message}`, { error: true, action: { label: "Retry", run: () => change(action, body, done, after, key) } });
    await after();
    return;
  }
  await after();
  toast(done);
}

const buttons = (give, words, kind = "") => html`<div class="actions"><button type="button" class="quiet" @click=${() => give(null)}>Cancel</button><button class="button ${kind}">${words}</button></div>`;
const reason = html`<label class="field">Reason, shown in the history<input name="reason" maxlength="500" /></label>`;
const counts = (rows) => repeat(rows, (row) => `${row.location} ${row.productId}/${row.size}`, (row, index) => html`<label class="field">${sizeOf(row)}, of ${number(row.count)}<input name="line-${index}" type="number" inputmode="numeric" min="0" max=${row.count} step="1" required .value=${String(row.count)} /></label>`);

const choice = (label, name, options, chosen, changed) => html`<label class="field">${label}<select name=${name} @change=${(event) => changed?.(event.target.value)}>${options.map(([value, words]) => html`<option value=${value} ?selected=${value === chosen}>${words}</option>`)}</select></label>`;
const nameOf = (locations, id) => locations.find((location) => location.id === id)?.name ?? id;
const named = (locations) => locations.map((location) => [location.id, location.name]);

/**
 * Asks for units and more fields; null after Cancel, or without any unit. Units of an order at several
 * locations are asked for one location at a time. `fields(at, choose)` draws more fields; `rows(at)` are the units.
 */
async function unitsAsked(title, label, at, rows, fields, kind) {
  let place = at;
  const answer = await openDialog(title, (give, draw) => {
    const shown = rows(place);
    const choose = (id) => {
      place = id;
      draw();
    };
    return html`<form @submit=${(event) => {
      event.preventDefault();
      const form = new FormData(event.target);
      const lines = shown.map((row, index) => ({ productId: row.productId, size: row.size, quantity: Number(form.get(`line-${index}`)) })).filter((line) => line.quantity > 0);
      give({ lines, form, at: place });
    }}>${counts(shown)}${fields(place, choose)}${buttons(give, label, kind)}</form>`;
  });
  return answer?.lines.length ? answer : null;
}

/** Chooses the location of the units, if an order has them at several. */
const fromWhere = (order, action, locations, at, choose) => {
  const ids = locationsFor(order, action);
  return ids.length > 1 ? choice("Units at", "at", ids.map((id) => [id, nameOf(locations, id)]), at, choose) : nothing;
};

const sum = (lines) => plural(lines.reduce((total, line) => total + line.quantity, 0), "unit");

/** `near`: the location that the page shows, if it shows one. */
export async function ship(order, locations, after, near = "") {
  const own = locationsFor(order, "ship");
  const rows = (at) => (own.includes(at) ? unitsFor(order, "ship", at) : unitsFor(order, "ship"));
  const fields = (at, choose) => html`${locations.length > 1 ? choice("Leaves from", "location", named(locations), at, choose) : nothing}
    ${own.includes(at) ? nothing : html`<p class="quiet">${own.map((id) => nameOf(locations, id)).join(", ")} had them and gets its units back.</p>`}
    <div class="field"><label for="tracking">Tracking number</label><span class="with-scan"><input id="tracking" name="tracking" maxlength="100" autocomplete="off" ?autofocus=${FINE_POINTER.matches} />
      ${scanButton("Scan the tracking number", (text) => { document.querySelector("dialog[open] [name=tracking]").value = text; })}</span></div>
    <label class="field">Carrier<input name="carrier" maxlength="100" list="carriers" /></label><datalist id="carriers">${CARRIERS.map((name) => html`<option value=${name}></option>`)}</datalist>`;
  const answer = await unitsAsked(`Ship order #${order.number}`, "Ship", own.includes(near) ? near : own[0], rows, fields);
  if (!answer) return;
  const { lines, form, at } = answer;
  const body = { id: order.id, lines, location: at, carrier: form.get("carrier").trim(), trackingNumber: form.get("tracking").trim() };
  await change("ship", body, `${sum(lines)} of order #${order.number} shipped.`, after);
}

export async function unship(order, parcel, after) {
  const agreed = await openDialog(
    `Shipment ${parcel.number} of order #${order.number} did not leave?`,
    (give) => html`<form @submit=${(event) => { event.preventDefault(); give(new FormData(event.target).get("reason").trim() || "recorded by mistake"); }}>
      <p>Its units wait to be shipped again. A message that was sent to the buyer stays sent.</p>${reason}${buttons(give, "Did not leave", "danger")}</form>`,
  );
  if (agreed) await change("unship", { id: order.id, shipment: parcel.number, reason: agreed }, `Shipment ${parcel.number} of order #${order.number} is cancelled.`, after);
}

export async function move(order, locations, after, near = "") {
  const own = locationsFor(order, "move");
  const fields = (at, choose) => html`${fromWhere(order, "move", locations, at, choose)}<p>The location that has them now gets its units back.</p>
    ${choice("Ships from", "to", named(locations.filter((location) => location.id !== at)))}${reason}`;
  const answer = await unitsAsked(`Move units of order #${order.number}`, "Move", own.includes(near) ? near : own[0], (at) => unitsFor(order, "move", at), fields);
  if (!answer) return;
  const { lines, form, at } = answer;
  const to = form.get("to");
  await change("move", { id: order.id, lines, location: at, to, reason: form.get("reason").trim() }, `${sum(lines)} moved to ${nameOf(locations, to)}.`, after);
}

export async function cancel(order, locations, after, near = "") {
  const own = locationsFor(order, "cancel");
  const fields = (at, choose) => html`${fromWhere(order, "cancel", locations, at, choose)}<p>Other buyers can buy the units. The payment is not refunded by this.</p>${reason}`;
  const answer = await unitsAsked(`Cancel units of order #${order.number}?`, "Cancel units", own.includes(near) ? near : own[0], (at) => unitsFor(order, "cancel", at), fields, "danger");
  if (!answer) return;
  const { lines, form, at } = answer;
  await change("cancel", { id: order.id, lines, location: at, reason: form.get("reason").trim() }, `${sum(lines)} of order #${order.number} cancelled.`, after);
}

export async function takeBack(order, locations, after) {
  const [first] = locationsFor(order, "return");
  const fields = () => html`${locations.length > 1 ? choice("Came back to", "location", named(locations), first) : nothing}
    ${choice("State", "state", Object.entries(STATES), "for_sale")}${reason}`;
  const answer = await unitsAsked(`Take back units of order #${order.number}`, "Take back", first, () => unitsFor(order, "return"), fields);
  if (!answer) return;
  const { lines, form } = answer;
  const body = { id: order.id, lines, location: form.get("location") ?? first, state: form.get("state"), reason: form.get("reason").trim() };
  await change("return", body, `${sum(lines)} of order #${order.number} came back.`, after);
}

/** The units that were cancelled or returned, with their prices. */
const cameBack = (order) => order.refund.shares.filter((row) => row.back).map((row) => html`<li>${number(row.back)} × ${sizeOf(row)}: <b class="number">${paidMoney(row.backAmount, order.currency)}</b></li>`);

export async function refund(order, after) {
  const { refund: money, currency } = order;
  const whole = money === null ? "" : paidMoney(money.left, currency);
  const due = money?.due > 0 && money.due < money.left ? paidMoney(money.due, currency) : "";
  const buyer = [order.buyer?.name, order.buyer?.email].filter(Boolean).join(", ") || "the buyer";
  let part = Boolean(due);
  const agreed = await openDialog(
    `Refund order #${order.number}?`,
    (give, draw) => {
      const amount = part ? due : whole;
      const sum = (is, words) => html`<label><input type="radio" name="sum" .checked=${part === is} @change=${() => { part = is; draw(); }} />${words}</label>`;
      return html`<form @submit=${(event) => { event.preventDefault(); give(true); }}>
      ${money?.shares.some((row) => row.back) ? html`<p>Cancelled and returned units, with their shares of the paid amount:</p><ul>${cameBack(order)}</ul>` : nothing}
      ${money?.refunded ? html`<p>Refunded before: <b>${paidMoney(money.refunded, currency)}</b></p>` : nothing}
      ${due ? html`<fieldset class="choices"><legend>How much?</legend>${sum(true, `For these units: ${due}`)}${sum(false, `All that is left: ${whole}`)}</fieldset>` : nothing}
      <p>Stripe refunds ${amount ? html`<b>${amount}</b>` : "the whole payment"} to <b>${buyer}</b>, paid on ${when(order.orderedAt)}. An amount that was refunded before is not refunded again.<br />
        Units do not come back by this: cancel them, or take them back. This cannot be undone.</p>
      ${buttons(give, `Refund ${amount}`.trim(), "danger")}</form>`;
    },
  );
  if (!agreed) return;
  const body = { id: order.id };
  if (money !== null) body.refunded = money.refunded;
  if (part) body.amount = money.due;
  await change("refund", body, part ? `${due} of order #${order.number} is refunded.` : `Order #${order.number} is refunded.`, after);
}

export async function erase(order, after) {
  const agreed = await openDialog(
    `Erase the personal data of order #${order.number}?`,
    (give) => html`<form @submit=${(event) => { event.preventDefault(); give(true); }}>
      <p>Name, email address, phone and address are removed. Units and amounts stay. This cannot be undone.</p>${buttons(give, "Erase", "danger")}</form>`,
  );
  if (agreed) await change("erase", { id: order.id }, `The personal data of order #${order.number} is erased.`, after);
}
