// The page of products: search, add, edit, take off sale and put back on sale.

import { html, nothing, repeat } from "/admin/lib/lit.js";
import { categoryChips, sorted } from "/admin/components/category-chips.js";
import { offerUndo } from "/admin/stock/stock-update.js";
import { openDialog } from "/admin/components/dialogs.js";
import { money, number, plural, setCurrency } from "/admin/lib/format.js";
import { Page, address, getJson, urlParams, main } from "/admin/lib/data-page.js";
import { openProduct, picture } from "/admin/forms/product-form.js";
import { api } from "/admin/lib/session.js";
import { may } from "/admin/lib/shell.js";
import { toast } from "/admin/components/toast.js";

const SHOWN = 100;
let archived = urlParams.get("archived") === "true";
let search = urlParams.get("q") ?? "";
let category = urlParams.get("category") ?? "";
let open = urlParams.get("product") ?? "";
let shown = SHOWN;
let editable = false;
let showing = false;

async function load() {
  const data = await getJson("/api/admin/products", { archived: "true" });
  setCurrency(data.currency);
  return data;
}
const again = () => page.read({ quiet: true });
const keep = () => address({ q: search, category, archived: archived ? "true" : "", product: open });

function done(answer, words) {
  offerUndo(answer.changeId, words, again);
  again();
}

/** Opens the product of the address, or the form for a new one. */
async function show() {
  if (!open || showing || !page.data) return;
  const product = open === "new" ? null : page.data.products.find((row) => row.productId === open);
  if (product === undefined || (!product && !editable)) {
    if (product === undefined) toast(`Product ${open} does not exist.`, { error: true });
    open = "";
    keep();
    return;
  }
  showing = true;
  const back = document.activeElement;
  await openProduct(product, { editable, done, archive });
  showing = false;
  open = "";
  keep();
  if (back?.isConnected) back.focus();
}

function go(id) {
  open = id;
  keep();
  show();
}

/** Takes a product or size off sale or puts it back; returns the changed product. */
async function archive(product, size, off) {
  const body = { productId: product.productId, archived: off, ...(size ? { size: size.size } : {}) };
  const name = `${product.name}${size ? ` ${size.size}` : ""}`;
  const send = (more) => api("/api/admin/products/archive", { body: { ...body, ...more }, headers: { "Idempotency-Key": crypto.randomUUID() } });
  try {
    let answer;
    try {
      answer = await send({});
    } catch (error) {
      if (error.code !== "live_holds") throw error;
      const units = (error.problem.lines ?? []).reduce((sum, line) => sum + line.reserved, 0);
      const sure = await openDialog(
        `Buyers hold ${plural(units, "unit")} of ${name}`,
        (give) => html`<p>Taking it off sale releases their holds now. This cannot be undone.</p>
          <div class="actions"><button type="button" class="quiet" @click=${() => give(true)}>Release holds</button><button type="button" class="button" autofocus @click=${() => give(null)}>Cancel</button></div>`,
      );
      if (!sure) return null;
      answer = await send({ endHolds: true });
    }
    done(answer, off ? `${name} is off sale.` : `${name} is back on sale.`);
    return answer.product;
  } catch (error) {
    toast(error.message, { error: true });
    return null;
  }
}

const words = (product) => [product.productId, product.name, product.category, ...product.sizes.flatMap((size) => [size.skuId, size.priceId])].join("\n").toLowerCase();

function row(product) {
  const sizes = product.sizes.filter((size) => product.archived || !size.archived);
  const stock = sizes.reduce((sum, size) => sum + size.stock, 0);
  const url = `?product=${encodeURIComponent(product.productId)}`;
  const click = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
    event.preventDefault();
    go(product.productId);
  };
  return html`<tr>
    <td class="name"><a href=${url} @click=${click}>${picture(product)}<span><b class="clamp" title=${product.name}>${product.name}</b><small class="quiet">${product.productId}</small></span></a></td>
    <td class="category"><span class="clamp" title=${product.category}>${product.category}</span></td>
    <td class="number price">${product.price === null ? html`<span class="quiet">no price</span>` : money(product.price)}</td>
    <td class="some">${sizes.slice(0, 6).map((size) => html`<span class="chiplet ${size.stock > 0 ? "" : "none"}" title="${size.size}: ${number(size.stock)} on hand">${size.size}</span>`)}${sizes.length > 6 ? html`<span class="quiet">+${sizes.length - 6}</span>` : nothing}</td>
    <td class="number on-hand" data-label="on hand">${number(stock)}</td>
    <td class="fate">${product.archived ? html`<span class="badge">Off sale</span>` : nothing}</td>
  </tr>`;
}

function list(meant) {
  return html`<div class="plain products"><table>
      <thead><tr><th>Product</th><th>Category</th><th class="number">Price</th><th>Sizes</th><th class="number">On hand</th><th><span class="unseen">Off sale</span></th></tr></thead>
      <tbody>${repeat(meant.slice(0, shown), (product) => product.productId, row)}</tbody>
    </table></div>
    ${meant.length > shown ? html`<p class="more-rows"><button type="button" class="quiet" @click=${() => { shown += SHOWN; page.draw(); }}>Show ${number(Math.min(SHOWN, meant.length - shown))} more of ${number(meant.length)}</button></p>` : nothing}`;
}

function empty(any) {
  if (any) {
    return html`<div class="empty"><p>No products match.</p><button type="button" class="button" @click=${() => { [search, category, archived] = ["", "", false]; keep(); page.draw(); }}>Clear filters</button></div>`;
  }
  return html`<div class="empty"><p>There are no products yet.</p><p>${editable ? html`<button type="button" class="button" @click=${() => go("new")}>Add a product</button> ` : nothing}<a class="quiet button-like" href="/admin/import.html">Import a file</a></p></div>`;
}

function body(data) {
  const wanted = search.toLowerCase().split(/\s+/).filter(Boolean);
  const all = data.products;
  const on = all.filter((product) => !product.archived);
  const meant = (archived ? all : on).filter((product) => (!category || product.category === category) && wanted.every((word) => words(product).includes(word)));
  const categories = sorted(all.map((product) => product.category));
  const toggle = (name) => { category = category === name ? "" : name; shown = SHOWN; keep(); page.draw(); };
  const chip = (name, pressed, click) => html`<button type="button" class="chip" aria-pressed=${pressed} @click=${() => { click(); shown = SHOWN; keep(); page.draw(); }}>${name}</button>`;
  const off = all.length - on.length;
  return {
    state: `${plural(on.length, "product")} on sale${off ? `, ${number(off)} off sale` : ""}${meant.length !== on.length ? `; ${number(meant.length)} shown` : ""}.`,
    actions: editable && all.length ? html`<button type="button" class="button" @click=${() => go("new")}>Add a product</button>` : nothing,
    content: html`${all.length
      ? html`<div class="tools"><input type="search" aria-label="Search products" placeholder="Search   /" .value=${search} @input=${(event) => { search = event.target.value; shown = SHOWN; keep(); page.draw(); }} /></div>
        <div class="chips" role="group" aria-label="Filters">${chip("Show off sale", archived, () => (archived = !archived))}${categories.length > 1 ? html`<span class="bar" aria-hidden="true"></span>${categoryChips(categories, category ? [category] : [], toggle, () => (category ? [category] : []))}` : nothing}</div>`
      : nothing}
      ${meant.length ? list(meant) : empty(all.length)}`,
  };
}

main.replaceChildren();
const page = new Page("Products", load, body);
may("admin").then(async (can) => {
  editable = can;
  await page.read();
  show();
});
