// The names of products and sizes, for suggestions.

import { api } from "/admin/lib/session.js";

const SHOWN = 12;
let reading = null;
let known = [];

/** Reads all names once; if that fails, there are no suggestions, but the search works. */
export function readNames() {
  reading ??= api("/api/admin/inventory?archived=true").then(
    ({ rows }) => {
      known = rows.map((row) => ({
        sku: row.sku,
        name: `${row.name} ${row.size}`,
        text: [row.name, row.size, row.sku, row.category, row.skuId, row.priceId].join("\n").toLowerCase(),
      }));
    },
    () => {
      reading = null;
    },
  );
  return reading;
}

/** The sizes that have every word, the first few. */
export function suggestions(typed) {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  const matches = [];
  for (const size of words.length ? known : []) {
    if (words.every((word) => size.text.includes(word))) matches.push(size);
    if (matches.length === SHOWN) break;
  }
  return matches;
}

/** The one size with exactly this name or SKU; null if none or several match. */
export function sizeCalled(typed) {
  const exact = known.filter((size) => size.sku === typed || size.name === typed);
  return exact.length === 1 ? exact[0].sku : null;
}

/** The name of a size, if known. */
export const nameOf = (sku) => known.find((size) => size.sku === sku)?.name ?? null;
