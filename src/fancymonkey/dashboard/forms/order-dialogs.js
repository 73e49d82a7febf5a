// The dialogs of orders: ship, move, cancel, take back, refund, erase.

import { html, nothing } from "/admin/lib/lit.js";
import { openDialog } from "/admin/components/dialogs.js";
import { number, paidMoney, plural, when } from "/admin/lib/format.js";
import { sizeOf } from "/admin/components/responsive-table.js";
import { api, whoAmI } from "/admin/lib/session.js";
import { toast } from "/admin/components/toast.js";

export const STATES = { for_sale: "For sale", returned: "Returned, not for sale", damaged: "Damaged", quarantine: "In quarantine" };
const READY = { ship: (row) => row.open - row.backordered, move: (row) => row.open - row.backordered, cancel: (row) => row.open, return: (row) => row.shipped - row.returned };

/** The units of an order that an action can mean, one row for each size. */
export function unitsFor(order, action) {
  const rows = new Map();
  for (const row of order.allocations) {
    const count = READY[action](row);
    const key = `${row.productId}/${row.size}`;
    if (count > 0) rows.set(key, { ...row, count: count + (rows.get(key)?.count ?? 0) });
  }
  return [...rows.values()];
}

/** Sends a change with a key of its own, so that a repetition has no second effect. */
async function change(action, body, done, after, key = crypto.randomUUID()) {
  try {
    await api(`/api/admin/orders/${action}`, { body, headers: { "Idempotency-Key": key } });
    toast(done);
  } catch (error) {
    toast(`Nothing was changed. ${error.message}`, { error: true, action: { label: "Retry", run: () => change(action, body, done, after, key) } });
  }
  after();
}

/** The body with the location of the units, which a user who is limited to locations has to name. */
async function located(body, rows) {
  const only = (await whoAmI()).user.locations;
  return only && !body.location ? { ...body, location: rows[0]?.location ?? only[0] } : body;
}

const buttons = (give, words, kind = "") => html`<div class="actions"><button type="button" class="quiet" @click=${() => give(null)}>Cancel</button><button class="button ${kind}">${words}</button></div>`;
const reason = html`<label class="field">Reason, shown in the history<input name="reason" maxlength="500" /></label>`;
const counts = (rows) => rows.map((row, index) => html`<label class="field">${sizeOf(row)}, of ${number(row.count)}<input name="line-${index}" type="number" inputmode="numeric" min="0" max=${row.count} step="1" required .value=${String(row.count)} /></label>`);

const choice = (label, name, options, chosen) => html`<label class="field">${label}<select name=${name}>${options.map(([value, words]) => html`<option value=${value} ?selected=${value === chosen}>${words}</option>`)}</select></label>`;
const nameOf = (locations, id) => locations.find((location) => location.id === id)?.name ?? id;
const named = (locations) => locations.map((location) => [location.id, location.name]);

/** Asks for units and more fields; null after Cancel, or without any unit. */
async function unitsAsked(title, label, rows, fields, kind) {
  const answer = await openDialog(
    title,
    (give) => html`<form @submit=${(event) => {
        event.preventDefault();
        const form = new FormData(event.target);
        const lines = rows.map((row, index) => ({ productId: row.productId, size: row.size, quantity: Number(form.get(`line-${index}`)) })).filter((line) => line.quantity > 0);
        give({ lines, form });
      }}>${counts(rows)}${fields}${buttons(give, label, kind)}</form>`,
  );
  return answer?.lines.length ? answer : null;
}

const sum = (lines) => plural(lines.reduce((total, line) => total + line.quantity, 0), "unit");

export async function ship(order, locations, after) {
  const rows = unitsFor(order, "ship");
  const from = rows[0]?.location;
  const fields = html`${locations.length > 1 ? choice("Leaves from", "location", named(locations), from) : nothing}
    <label class="field">Carrier<input name="carrier" maxlength="100" /></label>
    <label class="field">Tracking number<input name="tracking" maxlength="100" /></label>`;
  const answer = await unitsAsked(`Ship order #${order.number}`, "Ship", rows, fields);
  if (!answer) return;
  const { lines, form } = answer;
  const body = { id: order.id, lines, carrier: form.get("carrier").trim(), trackingNumber: form.get("tracking").trim() };
  if (locations.length > 1) body.location = form.get("location");
  await change("ship", await located(body, rows), `${sum(lines)} of order #${order.number} shipped.`, after);
}

export async function unship(order, parcel, after) {
  const agreed = await openDialog(
    `Shipment ${parcel.number} of order #${order.number} did not leave?`,
    (give) => html`<form @submit=${(event) => { event.preventDefault(); give(new FormData(event.target).get("reason").trim() || "recorded by mistake"); }}>
      <p>Its units wait to be shipped again. A message that was sent to the buyer stays sent.</p>${reason}${buttons(give, "Did not leave", "danger")}</form>`,
  );
  if (agreed) await change("unship", { id: order.id, shipment: parcel.number, reason: agreed }, `Shipment ${parcel.number} of order #${order.number} is cancelled.`, after);
}

export async function move(order, locations, after) {
  const rows = unitsFor(order, "move");
  const others = locations.filter((location) => location.id !== rows[0]?.location);
  const fields = html`<p>The location that has them now gets its units back.</p>${choice("Ships from", "to", named(others))}${reason}`;
  const answer = await unitsAsked(`Move units of order #${order.number}`, "Move", rows, fields);
  if (!answer) return;
  const { lines, form } = answer;
  await change("move", await located({ id: order.id, lines, to: form.get("to"), reason: form.get("reason").trim() }, rows), `${sum(lines)} moved to ${nameOf(locations, form.get("to"))}.`, after);
}

export async function cancel(order, after) {
  const rows = unitsFor(order, "cancel");
  const fields = html`<p>Other buyers can buy the units. The payment is not refunded by this.</p>${reason}`;
  const answer = await unitsAsked(`Cancel units of order #${order.number}?`, "Cancel units", rows, fields, "danger");
  if (!answer) return;
  const { lines, form } = answer;
  await change("cancel", await located({ id: order.id, lines, reason: form.get("reason").trim() }, rows), `${sum(lines)} of order #${order.number} cancelled.`, after);
}

export async function takeBack(order, locations, after) {
  const rows = unitsFor(order, "return");
  const fields = html`${locations.length > 1 ? choice("Came back to", "location", named(locations), rows[0]?.location) : nothing}
    ${choice("State", "state", Object.entries(STATES), "for_sale")}${reason}`;
  const answer = await unitsAsked(`Take back units of order #${order.number}`, "Take back", rows, fields);
  if (!answer) return;
  const { lines, form } = answer;
  const body = { id: order.id, lines, state: form.get("state"), reason: form.get("reason").trim() };
  if (locations.length > 1) body.location = form.get("location");
  await change("return", await located(body, rows), `${sum(lines)} of order #${order.number} came back.`, after);
}

/** The units that were cancelled or returned, with their prices. */
const cameBack = (order) => order.refund.shares.filter((row) => row.back).map((row) => html`<li>${number(row.back)} × ${sizeOf(row)}: <b class="number">${paidMoney(row.backAmount, order.currency)}</b></li>`);

export async function refund(order, after) {
  const { refund: money, currency } = order;
  const whole = money === null ? "" : paidMoney(money.left, currency);
  const due = money?.due > 0 && money.due < money.left ? paidMoney(money.due, currency) : "";
  const buyer = order.buyer?.name || order.buyer?.email || "the buyer";
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
