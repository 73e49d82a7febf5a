// The filters and the order of rows. The address bar is the state.

import { keptColumns, sound } from "/admin/stock/columns.js";

const EMPTY = { q: "", category: [], status: [], reserved: false };
const KEPT = "fm-stock-views";
const PAUSE = 200;

/** Built-in views. The user's own views are saved in this browser. */
export const VIEWS = [
  ["All", ""],
  ["Low stock", "status=low"],
  ["Sold out", "status=out&status=sold_out"],
  ["Reserved now", "reserved=true"],
  ["Recently changed", "sort=-lastChanged"],
];

export function ownViews() {
  try {
    const saved = JSON.parse(localStorage.getItem(KEPT));
    return Array.isArray(saved) ? saved.filter((pair) => Array.isArray(pair) && pair.length === 2) : [];
  } catch {
    return []; // a private window keeps nothing
  }
}

export function keepView(name, query) {
  const others = ownViews().filter(([other]) => other !== name);
  localStorage.setItem(KEPT, JSON.stringify(query === null ? others : [...others, [name, query]]));
}

/** The view of the address. */
export function readView(search = location.search) {
  const urlParams = new URLSearchParams(search);
  return {
    q: urlParams.get("q") ?? "",
    category: urlParams.getAll("category"),
    status: urlParams.getAll("status"),
    reserved: urlParams.get("reserved") === "true",
    sort: urlParams.get("sort") ?? "",
    location: urlParams.get("location") ?? "",
    columns: urlParams.has("columns") ? sound(urlParams.get("columns").split(",")) : keptColumns(),
  };
}

/** The query of a view, which the endpoints of the service also accept. */
export function queryOf(view) {
  const query = new URLSearchParams();
  if (view.q) query.set("q", view.q);
  for (const name of view.category) query.append("category", name);
  for (const name of view.status) query.append("status", name);
  if (view.reserved) query.set("reserved", "true");
  if (view.sort) query.set("sort", view.sort);
  if (view.location) query.set("location", view.location);
  return query.toString();
}

/** The same with the columns, if they differ from the columns of this browser. */
function addressOf(view) {
  const query = queryOf(view);
  const columns = view.columns.join(",");
  if (columns === keptColumns().join(",")) return query;
  return `${query}${query && "&"}columns=${columns}`;
}

let waiting = null; // {timer, url}: browsers limit how often the address may change

/** Writes the view to the address bar. A step is a history entry; others may wait a moment. */
export function writeView(view, { step = false } = {}) {
  const query = addressOf(view);
  const url = query ? `?${query}` : location.pathname;
  if (step) {
    settleAddress();
    history.pushState(null, "", url);
  } else {
    clearTimeout(waiting?.timer);
    waiting = { url, timer: setTimeout(settleAddress, PAUSE) };
  }
}

/** The address has changed: a waiting write is dropped. */
export function dropAddress() {
  clearTimeout(waiting?.timer);
  waiting = null;
}

/** Writes a waiting address now. */
export function settleAddress() {
  if (!waiting) return;
  clearTimeout(waiting.timer);
  history.replaceState(null, "", waiting.url);
  waiting = null;
}

export const isEmpty = (view) => !view.q && !view.category.length && !view.status.length && !view.reserved;
export const emptied = (view) => ({ ...view, ...EMPTY });

const texts = new WeakMap(); // of rows, which are replaced and never changed
function searched(row) {
  let text = texts.get(row);
  if (text === undefined) {
    text = [row.productId, row.name, row.category, row.size, row.skuId, row.priceId, row.sku].join("\n").toLowerCase();
    texts.set(row, text);
  }
  return text;
}

export const wordsOf = (view) => view.q.toLowerCase().split(/\s+/).filter(Boolean);

/** Whether a row matches. */
function matcher(view) {
  const words = wordsOf(view);
  return (row) =>
    (!view.category.length || view.category.includes(row.category)) &&
    (!view.status.length || view.status.includes(row.status)) &&
    (!view.reserved || row.reserved > 0) &&
    (!words.length || words.every((word) => searched(row).includes(word)));
}

const place = (a, b) => a.position[0] - b.position[0] || a.position[1] - b.position[1] || (a.sku < b.sku ? -1 : 1);

function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined || a === "") return -1;
  if (b === null || b === undefined || b === "") return 1;
  if (typeof a === "string") {
    const [x, y] = [a.toLowerCase(), b.toLowerCase()];
    return x < y ? -1 : x > y ? 1 : 0;
  }
  return Number(a) - Number(b);
}

/** The comparison of two rows in a view. */
function orderOf(view) {
  const column = view.sort.replace(/^-/, "");
  const way = view.sort.startsWith("-") ? -1 : 1;
  return (a, b) => (column ? way * compare(a[column], b[column]) : 0) || place(a, b);
}

/** The SKUs to show, in order. */
export function chosen(stock, view) {
  const rows = [...stock.rows.keys()].map((sku) => stock.row(sku)).filter(matcher(view));
  return rows.sort(orderOf(view)).map((row) => row.sku);
}

/** Whether changed rows still belong in their places. */
export function inPlace(stock, view, skus, places, changed) {
  const [meant, order] = [matcher(view), orderOf(view)];
  const around = (a, b) => !a || !b || order(a, b) <= 0;
  return [...changed].every((sku) => {
    const row = stock.row(sku);
    const at = places.get(sku);
    if (!row) return at === undefined;
    if (meant(row) !== (at !== undefined)) return false;
    return at === undefined || (around(stock.row(skus[at - 1]), row) && around(row, stock.row(skus[at + 1])));
  });
}
