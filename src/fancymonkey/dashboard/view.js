// Which rows are shown, in which order. The address bar is the state.

const EMPTY = { q: "", category: [], status: [], sort: "" };

/** What the address says. */
export function readView(search = location.search) {
  const asked = new URLSearchParams(search);
  return {
    q: asked.get("q") ?? "",
    category: asked.getAll("category"),
    status: asked.getAll("status"),
    sort: asked.get("sort") ?? "",
  };
}

/** The address of a view, as the service's own endpoints take it too. */
export function queryOf(view) {
  const query = new URLSearchParams();
  if (view.q) query.set("q", view.q);
  for (const one of view.category) query.append("category", one);
  for (const one of view.status) query.append("status", one);
  if (view.sort) query.set("sort", view.sort);
  return query.toString();
}

/** Puts the view into the address bar. A step is one that Back leads back over. */
export function writeView(view, { step = false } = {}) {
  const query = queryOf(view);
  const url = query ? `?${query}` : location.pathname;
  if (step) history.pushState(null, "", url);
  else history.replaceState(null, "", url);
}

export const isEmpty = (view) => !view.q && !view.category.length && !view.status.length;
export const emptied = (view) => ({ ...EMPTY, sort: view.sort });

const searched = (row) =>
  [row.productId, row.name, row.category, row.size, row.skuId, row.priceId, row.sku].join("\n").toLowerCase();

/** Whether a row is meant. */
export function matcher(view) {
  const words = view.q.toLowerCase().split(/\s+/).filter(Boolean);
  return (row) =>
    (!view.category.length || view.category.includes(row.category)) &&
    (!view.status.length || view.status.includes(row.status)) &&
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

/** The SKUs to show, in order. */
export function chosen(stock, view) {
  const meant = matcher(view);
  const rows = [...stock.rows.keys()].map((sku) => stock.row(sku)).filter(meant);
  const column = view.sort.replace(/^-/, "");
  const way = view.sort.startsWith("-") ? -1 : 1;
  rows.sort((a, b) => (column ? way * compare(a[column], b[column]) : 0) || place(a, b));
  return rows.map((row) => row.sku);
}
