// The details of a size, with the settings that have no column: sold out and the restock date.

import { html, nothing } from "/admin/lib/lit.js";
import { openDialog } from "/admin/components/dialogs.js";
import { money, number, when } from "/admin/lib/format.js";
import { stockByLocation } from "/admin/stock/stock-by-location.js";

const factsOf = (row) => [
  ["SKU", row.sku],
  ["On hand", number(row.stock)],
  ["Reserved", number(row.reserved)],
  ["Available", number(row.available)],
  ["Backordered", number(row.backordered)],
  ["Price", row.price === null ? "none" : money(row.price)],
  ["Stripe price", row.priceId ?? "none"],
  ["Last change", when(row.lastChanged)],
];

const DAY = /^\d{4}-\d\d-\d\d/; // products.json may have other text in its place

/** Shows the details; `editing` saves changes. `settings`: also sold out and the restock date. */
export async function details(row, editing, editable, settings = editable) {
  const restock = DAY.exec(row.restockDate ?? "")?.[0] ?? null;
  const values = await openDialog(
    `${row.name} ${row.size}`,
    (answer) => html`<form @submit=${(event) => {
        event.preventDefault();
        const form = new FormData(event.target);
        answer({ soldOut: form.has("soldOut"), restockDate: form.get("restockDate") || null });
      }}>
      <dl class="facts">${factsOf(row).map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
      ${settings
        ? html`<label class="check"><input type="checkbox" name="soldOut" .checked=${row.soldOut} />Sold out, even with units in stock</label>
          <label class="field">Restock date of the product<input type="date" name="restockDate" .value=${restock ?? ""} /></label>`
        : nothing}
      <p><a href="/admin/history.html?sku=${encodeURIComponent(row.sku)}">History and explanation</a> · <a href="/admin/holds.html?sku=${encodeURIComponent(row.sku)}">Holds</a> · <button type="button" class="link" @click=${() => answer("locations")}>Units by location and state</button></p>
      <div class="actions"><button type="button" class="quiet" @click=${() => answer(null)}>Close</button>${settings ? html`<button class="button">Save</button>` : nothing}</div>
    </form>`,
  );
  if (values === "locations") await stockByLocation(row, editable);
  if (!values || values === "locations") return;
  const save = (field, value) => editing.save({ sku: row.sku, field, value, seen: row[field], reason: editing.reason });
  if (values.soldOut !== row.soldOut) await save("soldOut", values.soldOut);
  if (values.restockDate !== restock) await save("restockDate", values.restockDate);
}
