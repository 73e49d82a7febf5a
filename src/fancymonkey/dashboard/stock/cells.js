// The cells of one row of the table.

import { html, live, nothing } from "/admin/lib/lit.js";
import { COLUMNS } from "/admin/stock/columns.js";
import { ago, date, money, number, when } from "/admin/lib/format.js";
import { STATUS } from "/admin/stock/stock-store.js";

/** A text with the search words marked. */
export function marked(text, words) {
  if (!words.length) return text;
  const pattern = new RegExp(`(${words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`, "gi");
  return String(text).split(pattern).map((part, at) => (at % 2 ? html`<mark>${part}</mark>` : part));
}

const nameOf = (row) => `${row.name} ${row.size}`;

const CELLS = {
  name: (table, row) =>
    html`<a href="/admin/history.html?sku=${encodeURIComponent(row.sku)}" title="${row.sku}: history and explanation"><span class="what">${marked(row.name, table.words)}</span> <b>${marked(row.size, table.words)}</b></a>${row.bundle ? html` <span class="badge" title="Its stock follows from its parts">Bundle</span>` : nothing}`,
  category: (table, row) => marked(row.category, table.words),
  price: (table, row) => (row.price === null ? nothing : money(row.price)),
  stock: (table, row) => (row.bundle ? html`<span class="fixed" title="As many as its parts allow">${number(row.stock)}</span>` : numberCell(table, row, "stock", `On hand, ${nameOf(row)}`)),
  reserved: (table, row) =>
    row.reserved
      ? html`<a
          href="/admin/holds.html?sku=${encodeURIComponent(row.sku)}"
          aria-label="${number(row.reserved)} reserved, show the holds of ${nameOf(row)}"
          @pointerenter=${(event) => table.peek(event, row)}
          @pointerleave=${() => table.peek(null)}
          @focus=${(event) => table.peek(event, row)}
          @blur=${() => table.peek(null)}
          >${number(row.reserved)}</a
        >`
      : html`<span class="none">0</span>`,
  available: (table, row) => html`<b>${number(row.available)}</b>`,
  backordered: (table, row) => (row.backordered ? number(row.backordered) : html`<span class="none">0</span>`),
  lowStockThreshold: (table, row) => numberCell(table, row, "lowStockThreshold", `Threshold, ${nameOf(row)}`),
  status: (table, row) => html`<span class="badge ${row.status}">${STATUS[row.status]}${row.backordered ? ` ${number(row.backordered)}` : ""}</span>`,
  restockDate: (table, row) => (row.restockDate ? html`<time datetime=${row.restockDate}>${date(row.restockDate)}</time>` : nothing),
  lastChanged: (table, row) => html`<time datetime=${row.lastChanged} title=${when(row.lastChanged)}>${ago(row.lastChanged)}</time>`,
};

/** The row of a SKU at its place. */
export function rowOf(table, sku, place) {
  const row = table.stock.row(sku);
  if (!row) return html`<tr role="row" data-sku=${sku} class="gone"><td role="cell" colspan=${table.columns.length + 2}>${sku} is no longer on sale.</td></tr>`;
  const cell = (column) => {
    const glow = table.glows(sku, column) ? "glow" : "";
    const number = COLUMNS[column].number ? "number" : "";
    return html`<td role="cell" data-label=${COLUMNS[column].words} class="${column} ${number} ${glow}" aria-busy=${table.stock.sent(sku, column) ? "true" : nothing}>${CELLS[column](table, row)}</td>`;
  };
  return html`<tr role="row" aria-rowindex=${place + 2} data-sku=${sku} class=${table.selected.has(sku) ? "picked" : ""}>
    <td role="cell" class="pick">
      <label><input type="checkbox" aria-label="Select ${nameOf(row)}" .checked=${live(table.selected.has(sku))} @click=${(event) => table.pick(sku, event)} /></label>
    </td>
    ${table.columns.map(cell)}
    <td role="cell" class="menu"><button type="button" class="icon" aria-label="More about ${nameOf(row)}" title="Sold out, restock date, details" @click=${() => table.tell("details", sku)}>⋯</button></td>
  </tr>`;
}

/** An editable number, with a stepper for touch screens. */
function numberCell(table, row, field, label) {
  if (!table.editable || (field === "stock" ? table.stock.needsLocation : table.stock.limited)) return html`<span class="fixed">${number(row[field])}</span>`;
  const { sku } = row;
  const id = `${field}-${sku}`;
  const draft = table.drafts.get(sku, field);
  const here = table.cursor?.sku === sku && table.cursor.field === field ? table.cursor : null;
  const seen = draft?.seen ?? here?.seen ?? row[field];
  const fault = table.fault(sku, field);
  // The focused number does not change while the user is about to type over it.
  const moved = seen !== row[field] && !table.stock.sent(sku, field);
  const unsent = draft && !here && !fault;
  const hint = fault ?? (moved ? `now ${number(row[field])}` : unsent ? "not saved" : "");
  const step = (by) =>
    html`<button type="button" class="step" tabindex="-1" ?disabled=${!table.online} aria-label="${by > 0 ? "One more" : "One less"}: ${label}" @click=${() => table.tell("step", { sku, by })}>${by > 0 ? "+" : "−"}</button>`;
  return html`<span class="edit">${field === "stock" ? step(-1) : nothing}<input
      inputmode="numeric"
      autocomplete="off"
      data-field=${field}
      aria-label=${label}
      aria-invalid=${fault ? "true" : nothing}
      aria-describedby=${hint ? id : nothing}
      ?data-unsent=${draft !== undefined}
      ?readonly=${!table.online}
      .value=${live(draft?.text ?? (here ? String(seen) : number(seen)))}
      @focus=${(event) => table.enter(event, row, field)}
      @input=${(event) => table.type(event, row, field)}
      @keydown=${(event) => table.key(event, row, field)}
      @blur=${() => table.leave(row, field)}
    />${field === "stock" ? step(1) : nothing}${hint ? html`<span class="hint ${fault ? "bad" : ""}" id=${id} role=${fault ? "alert" : nothing}>${hint}</span>` : nothing}</span>`;
}
