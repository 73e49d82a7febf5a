// Products and their sizes: adding, changing, taking off sale.

import { html, nothing } from "/admin/dom.js";
import { ask as question } from "/admin/dialogs.js";
import { offerUndo } from "/admin/change.js";
import { money, number, plural } from "/admin/format.js";
import { Page, address, ask, asked } from "/admin/page.js";
import { ApiError, api } from "/admin/session.js";
import { may } from "/admin/shell.js";
import { toast } from "/admin/toast.js";

let archived = asked.get("archived") === "true";
let search = asked.get("q") ?? "";
let editable = false;

const load = () => ask("/api/admin/products", { archived: archived ? "true" : "" });
const again = () => page.read({ quiet: true });

const text = (form, name) => String(form.get(name) ?? "").trim();
const orNull = (value) => value || null;

function fields(product) {
  const field = (name, words, value, more = {}) =>
    html`<label class="field">${words}<input name=${name} .value=${value ?? ""} type=${more.type ?? "text"} ?required=${more.required} step=${more.step ?? nothing} min=${more.min ?? nothing} maxlength="200" ?autofocus=${more.autofocus} /></label>`;
  return html`${product ? nothing : field("productId", "Id, for good (no slash)", "", { required: true, autofocus: true })}
    ${field("name", "Name", product?.name, { required: true })} ${field("category", "Category", product?.category)}
    ${field("price", "Price", product?.price, { type: "number", step: "0.01", min: "0" })}
    ${field("image", "Picture, an address that begins with https://", product?.image, { type: "url" })}
    ${field("restockDate", "Restock date", product?.restockDate?.slice(0, 10), { type: "date" })}`;
}

function read(form) {
  return {
    name: text(form, "name"),
    category: text(form, "category"),
    price: text(form, "price") === "" ? null : Number(text(form, "price")),
    image: orNull(text(form, "image")),
    restockDate: orNull(text(form, "restockDate")),
  };
}

/** A form in a dialog that stays until the service has taken what it says. */
function edit(title, content, save) {
  let problem = "";
  let busy = false;
  return question(
    title,
    (answer, draw) => html`<form @submit=${async (event) => {
        event.preventDefault();
        if (busy) return;
        busy = true;
        try {
          answer(await save(new FormData(event.target)));
        } catch (error) {
          problem = error instanceof ApiError ? error.message : String(error);
          busy = false;
          draw();
        }
      }}>
      ${content}
      <p class="bad" role="alert">${problem}</p>
      <div class="actions"><button type="button" class="quiet" @click=${() => answer(null)}>Cancel</button><button class="button">Save</button></div>
    </form>`,
  );
}

async function done(answer, words) {
  if (!answer) return;
  offerUndo(answer.act, words, again);
  again();
}

async function add() {
  const content = html`${fields(null)}
    <label class="field">Sizes with their stock, as S 10, M 20, L 15<input name="sizes" required placeholder="S 10, M 20, L 15" /></label>`;
  const save = (form) =>
    api("/api/admin/products", { body: { productId: text(form, "productId"), ...read(form), sizes: sizesOf(text(form, "sizes")) } });
  const answer = await edit("Add a product", content, save);
  done(answer, `${answer?.product?.name} is on sale.`);
}

/** "S 10, ONE SIZE 5" -> sizes with their stock. Throws where a part makes no sense. */
function sizesOf(words) {
  return words.split(",").map((part) => part.trim()).filter(Boolean).map((part) => {
    const found = /^(.+?)(?:\s+(\d{1,9}))?$/.exec(part);
    return { size: found[1], stock: Number(found[2] ?? 0) };
  });
}

async function change(product) {
  const was = { name: product.name, category: product.category, price: product.price, image: product.image, restockDate: product.restockDate };
  const save = (form) => {
    const wanted = read(form);
    const body = { productId: product.productId, was };
    for (const [name, value] of Object.entries(wanted)) {
      if (value !== (was[name] ?? (value === "" ? "" : null))) body[name] = value;
    }
    return api("/api/admin/products", { method: "PUT", body });
  };
  done(await edit(product.name, fields(product), save), `${product.name} was changed.`);
}

async function changeSize(product, size) {
  const content = html`
    ${size ? nothing : html`<label class="field">Size<input name="size" required maxlength="100" autofocus /></label><label class="field">On hand<input name="stock" type="number" min="0" step="1" value="0" /></label>`}
    <label class="field">Low from this number on<input name="lowStockThreshold" type="number" min="0" step="1" .value=${String(size?.lowStockThreshold ?? 5)} /></label>
    <label class="field">SKU id<input name="skuId" maxlength="200" .value=${size?.skuId ?? ""} /></label>
    <label class="field">Stripe price (price_…)<input name="priceId" maxlength="200" .value=${size?.priceId ?? ""} /></label>`;
  const save = (form) => {
    const made = {
      size: size?.size ?? text(form, "size"),
      lowStockThreshold: Number(text(form, "lowStockThreshold")),
      skuId: orNull(text(form, "skuId")),
      priceId: orNull(text(form, "priceId")),
    };
    if (!size) made.stock = Number(text(form, "stock"));
    return api("/api/admin/products", { method: "PUT", body: { productId: product.productId, sizes: [made] } });
  };
  done(await edit(`${product.name}${size ? ` ${size.size}` : ": add a size"}`, content, save), `${product.name} was changed.`);
}

async function archive(product, size, off) {
  const body = { productId: product.productId, archived: off, ...(size ? { size: size.size } : {}) };
  const name = `${product.name}${size ? ` ${size.size}` : ""}`;
  try {
    const answer = await api("/api/admin/products/archive", { body });
    done(answer, off ? `${name} is off sale.` : `${name} is back on sale.`);
  } catch (error) {
    if (error.code !== "live_holds") {
      toast(error.message, { error: true });
      return;
    }
    const sure = await question(
      `Buyers hold ${name}`,
      (give) => html`<p>${error.message} Their holds would end now.</p>
        <div class="actions"><button type="button" class="quiet" @click=${() => give(null)}>Leave it</button><button type="button" class="button" @click=${() => give(true)}>End them</button></div>`,
    );
    if (sure) done(await api("/api/admin/products/archive", { body: { ...body, endHolds: true } }), `${name} is off sale.`);
  }
}

function sizeRow(product, size) {
  return html`<tr>
    <td>${size.size}${size.archived ? html` <span class="badge">Off sale</span>` : nothing}</td>
    <td class="number">${number(size.stock)}</td><td class="number">${number(size.lowStockThreshold)}</td>
    <td><small class="quiet">${size.priceId ?? "no Stripe price"}</small></td>
    <td class="number">${editable
      ? html`<button type="button" class="link" @click=${() => changeSize(product, size)}>Edit<span class="unseen"> ${product.name} ${size.size}</span></button>
          <button type="button" class="link" @click=${() => archive(product, size, !size.archived)}>${size.archived ? "Bring back" : "Take off sale"}<span class="unseen"> ${product.name} ${size.size}</span></button>`
      : nothing}</td>
  </tr>`;
}

function card(product) {
  return html`<details class="part plain product">
    <summary><b>${product.name}</b> <span class="quiet">${product.category}, ${product.price === null ? "no price" : money(product.price)}, ${plural(product.sizes.length, "size")}</span>${product.archived ? html` <span class="badge">Off sale</span>` : nothing}</summary>
    <table><thead><tr><th>Size</th><th class="number">On hand</th><th class="number">Threshold</th><th>Stripe price</th><th><span class="unseen">Change</span></th></tr></thead>
      <tbody>${product.sizes.map((size) => sizeRow(product, size))}</tbody></table>
    ${editable
      ? html`<div class="chips inside"><button type="button" class="quiet" @click=${() => change(product)}>Edit product</button><button type="button" class="quiet" @click=${() => changeSize(product, null)}>Add a size</button>
          <button type="button" class="quiet" @click=${() => archive(product, null, !product.archived)}>${product.archived ? "Bring back" : "Take off sale"}</button></div>`
      : nothing}
  </details>`;
}

function body(data) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const meant = data.products.filter((one) => words.every((word) => `${one.productId} ${one.name} ${one.category}`.toLowerCase().includes(word)));
  const keep = () => address({ q: search, archived: archived ? "true" : "" });
  return {
    state: `${plural(meant.length, "product")}.`,
    actions: editable ? html`<button type="button" class="button" @click=${add}>Add a product</button>` : nothing,
    content: html`<div class="tools">
        <input type="search" aria-label="Search products" placeholder="Search   /" .value=${search} @input=${(event) => { search = event.target.value; keep(); page.draw(); }} />
        <button type="button" class="chip" aria-pressed=${archived} @click=${() => { archived = !archived; keep(); page.read(); }}>Off sale too</button>
      </div>
      ${meant.length ? meant.map(card) : html`<div class="empty"><p>${data.products.length ? "Nothing matches." : "There are no products yet."}</p></div>`}`,
  };
}

const page = new Page("Products", load, body);
may("admin").then((can) => {
  editable = can;
  page.draw();
});
page.read();
