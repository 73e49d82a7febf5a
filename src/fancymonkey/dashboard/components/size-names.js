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
  for (const one of words.length ? known : []) {
    if (words.every((word) => one.text.includes(word))) matches.push(one);
    if (matches.length === SHOWN) break;
  }
  return matches;
}

/** The one size with exactly this name or SKU; null if none or several match. */
export function sizeCalled(typed) {
  const exact = known.filter((one) => one.sku === typed || one.name === typed);
  return exact.length === 1 ? exact[0].sku : null;
}

/** The name of a size, if known. */
export const nameOf = (sku) => known.find((one) => one.sku === sku)?.name ?? null;
