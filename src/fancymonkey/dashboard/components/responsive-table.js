// A table on a wide screen, and a stack of cards on a phone.

import { html, nothing, repeat } from "/admin/lib/lit.js";

/**
 * `columns` are `[heading, cell(row), kind]`; a kind is any of `number`, `title` (the card's first
 * line), `whole` (as wide as the card), `act` (its buttons; the heading is unseen).
 */
export function listing(label, columns, rows, { key, current = () => false }) {
  const kindOf = (kind = "") => kind;
  const has = (kinds, kind) => kindOf(kinds).split(" ").includes(kind);
  return html`<div class="plain" tabindex="0" role="region" aria-label=${label}>
    <table class="cards" role="table" aria-label=${label}>
      <thead role="rowgroup"><tr role="row">${columns.map(
        ([heading, , kind]) => html`<th role="columnheader" scope="col" class=${kindOf(kind)}>${has(kind, "act") ? html`<span class="unseen">${heading}</span>` : heading}</th>`,
      )}</tr></thead>
      <tbody role="rowgroup">${repeat(rows, key, (row) => html`<tr role="row" aria-current=${current(row) ? "true" : "false"}>
        ${columns.map(([heading, cell, kind]) => html`<td role="cell" class=${kindOf(kind)} data-label=${has(kind, "title") || has(kind, "act") ? "" : heading}><div>${cell(row)}</div></td>`)}
      </tr>`)}</tbody>
    </table>
  </div>`;
}

/** The product and size of a line, as a link to their history. */
export const sizeOf = (line) => `${line.name ?? line.productId}${line.size ? ` ${line.size}` : ""}`;
export const skuOf = (line) => (line.size ? `${line.productId}/${line.size}` : line.productId);
/** The same link; of a very long text, the name is cut off and the size is not. */
export const inShort = (line) => html`<span class="name">${line.name ?? line.productId}</span>${line.size ? html` ${line.size}` : nothing}`;
export const toHistory = (line) => html`<a class="called" href="/admin/history.html?sku=${encodeURIComponent(skuOf(line))}" title="${sizeOf(line)}, ${skuOf(line)}">${inShort(line)}</a>`;
