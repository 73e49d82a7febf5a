// The units of a size by location and state: moves between them, and the safety stock.

import { html, nothing } from "/admin/lib/lit.js";
import { openDialog } from "/admin/components/dialogs.js";
import { number, plural } from "/admin/lib/format.js";
import { api } from "/admin/lib/session.js";
import { toast } from "/admin/components/toast.js";

const API = "/api/admin/stock";
const STATES = { for_sale: "For sale", damaged: "Damaged", quarantine: "Quarantine", returned: "Returned" };
const FIELDS = { for_sale: "stock", damaged: "damaged", quarantine: "quarantine", returned: "returned" };
const key = () => crypto.getRandomValues(new Uint32Array(4)).join("-");

/** Shows the units of a row; if `editable`, with forms that change them. */
export async function stockByLocation(row, editable) {
  const size = { productId: row.productId, size: row.size };
  let [data, fault] = [null, ""];
  try {
    data = await api(`${API}?${new URLSearchParams(size)}`);
  } catch (error) {
    toast(error.message, { error: true });
    return;
  }

  // After a change the dialog closes, so that its undo can be reached.
  async function change(path, body, words, give, draw) {
    try {
      const { changeId } = await api(API + path, { body: { ...size, ...body }, headers: { "Idempotency-Key": key() } });
      toast(words, changeId ? { action: { label: "Undo", run: () => api("/api/admin/undo", { body: { changeId } }).then(() => toast("Undone."), (error) => toast(error.message, { error: true })) } } : {});
      give(null);
    } catch (error) {
      fault = error.message;
      draw();
    }
  }

  const move = (event, give, draw) => {
    event.preventDefault();
    const { from, to, quantity, reason } = Object.fromEntries(new FormData(event.target));
    const [location, state] = JSON.parse(from);
    const [toLocation, toState] = JSON.parse(to);
    change("/move", { location, toLocation, from: state, to: toState, quantity: Number(quantity), reason: reason.trim() }, `${plural(Number(quantity), "unit")} moved.`, give, draw);
  };

  const accounts = (name, words, chosen) => html`<label class="field">${words}<select name=${name}>${data.locations.flatMap((there) =>
    Object.entries(STATES).map(([state, text]) => html`<option value=${JSON.stringify([there.location, state])} ?selected=${state === chosen && there === data.locations[0]}>${there.name}: ${text} (${number(there[FIELDS[state]])})</option>`))}</select></label>`;

  const safety = (there, give, draw) => html`<form class="pair" @submit=${(event) => {
      event.preventDefault();
      const quantity = Number(new FormData(event.target).get("quantity"));
      change("/safety", { location: there.location, quantity, was: there.safetyStock }, "The safety stock is saved.", give, draw);
    }}>
      <label class="field">Safety stock at ${there.name}<input type="number" inputmode="numeric" name="quantity" min="0" max="1000000000" required .value=${String(there.safetyStock)} /></label>
      <button class="quiet">Save</button>
    </form>`;

  const facts = (there) => [["On hand", there.stock], ["Reserved", there.reserved], ["Available", there.available], ["Safety stock", there.safetyStock], ["Damaged", there.damaged], ["Quarantine", there.quarantine], ["Returned", there.returned], ["In transit", there.inTransit]];

  await openDialog(
    `${row.name} ${row.size} by location`,
    (give, draw) => html`
      ${data.locations.map((there) => html`<section aria-label=${there.name}><h3>${there.name}</h3>
        <dl class="facts">${facts(there).map(([name, units]) => html`<div><dt>${name}</dt><dd>${number(units)}</dd></div>`)}</dl>
        ${editable ? safety(there, give, draw) : nothing}</section>`)}
      ${editable ? html`<form aria-label="Move units" @submit=${(event) => move(event, give, draw)}>
        <h3>Move units</h3>
        ${accounts("from", "From", "for_sale")}${accounts("to", "To", "damaged")}
        <label class="field">Units<input type="number" inputmode="numeric" name="quantity" min="1" max="1000000000" required value="1" /></label>
        <label class="field">Reason<input name="reason" maxlength="500" required /></label>
        <div class="actions"><button class="button">Move</button></div>
      </form>` : nothing}
      ${fault ? html`<p class="bad" role="alert">${fault}</p>` : nothing}
      <div class="actions"><button type="button" class="quiet" @click=${() => give(null)}>Close</button></div>`,
    { wide: true },
  );
}
