// The form of one product: its fields and sizes, in a dialog that keeps everything typed.

import { html, nothing, render, live } from "/admin/lib/lit.js";
import { editBundle, inShort } from "/admin/forms/bundle-form.js";
import { openDialog } from "/admin/components/dialogs.js";
import { number, plural } from "/admin/lib/format.js";
import { api } from "/admin/lib/session.js";

const FIELDS = ["name", "category", "price", "image", "restockDate"];
const SIZE_FIELDS = ["lowStockThreshold", "skuId", "priceId", "soldOut"];
const NAMES = {
  name: "Name", category: "Category", price: "Price", image: "Picture", restockDate: "Restock date",
  lowStockThreshold: "Threshold", skuId: "SKU id", priceId: "Stripe price", soldOut: "Sold out",
};
const KEPT = "product-draft";
const NEW_SIZE = { size: "", stock: "0", lowStockThreshold: "5", skuId: "", priceId: "", soldOut: false, fresh: true };

const text = (value) => (value === null || value === undefined ? "" : String(value));
const clean = (field, value) => {
  if (typeof value === "boolean") return value;
  const trimmed = value.trim();
  if (field === "price") return trimmed.replace(",", ".");
  return trimmed;
};
/** The value of a field for the service; prices stay texts, so that no digit is lost. */
const wire = (field, value) => {
  if (field === "lowStockThreshold" || field === "stock") return Number(value);
  if (field === "name" || field === "category" || typeof value === "boolean") return value;
  return value || null;
};

function draftOf(product) {
  if (!product) return { productId: "", name: "", category: "", price: "", image: "", restockDate: "", sizes: [{ ...NEW_SIZE }] };
  const sizes = product.sizes.map((size) => ({
    size: size.size, lowStockThreshold: text(size.lowStockThreshold), skuId: text(size.skuId), priceId: text(size.priceId), soldOut: size.soldOut,
  }));
  return { productId: product.productId, ...Object.fromEntries(FIELDS.map((name) => [name, text(product[name])])), sizes };
}

/** The changes of a draft as the body of a request, or null. */
function changesOf(product, seen, draft) {
  const body = { productId: draft.productId, was: {} };
  let changed = false;
  for (const name of FIELDS) {
    if (clean(name, draft[name]) === clean(name, seen[name])) continue;
    body[name] = wire(name, clean(name, draft[name]));
    body.was[name] = wire(name, seen[name]);
    changed = true;
  }
  body.sizes = [];
  for (const size of draft.sizes) {
    const before = seen.sizes.find((other) => other.size === size.size && !size.fresh);
    const made = { size: size.size.trim() };
    if (size.fresh) made.stock = Number(size.stock);
    else made.was = {};
    for (const name of SIZE_FIELDS) {
      const value = clean(name, size[name]);
      if (before && value === clean(name, before[name])) continue;
      made[name] = wire(name, value);
      if (before) made.was[name] = wire(name, before[name]);
    }
    if (size.fresh || Object.keys(made.was).length) body.sizes.push(made);
  }
  return changed || body.sizes.length ? body : null;
}

const loadable = (url) => /^https:\/\/[^\s"<>]+$/.test(url ?? "");

/** The picture, or the first letter if there is no valid one. */
export function picture(product, size = "") {
  const letter = (product.name || product.productId || "?").trim().slice(0, 1).toUpperCase();
  return html`<span class="thumb ${size}" aria-hidden="true"><i>${letter}</i>${loadable(product.image)
    ? html`<img .src=${live(product.image)} alt="" loading="lazy" decoding="async" referrerpolicy="no-referrer" @error=${(event) => (event.target.hidden = true)} @load=${(event) => (event.target.hidden = false)} />`
    : nothing}</span>`;
}

/**
 * Shows a product until it is closed. `done(answer, words)` runs after a save, `archive(size, off)`
 * takes off sale or puts back on sale, and returns the changed product, or null.
 */
export function openProduct(product, { editable, done, archive }) {
  return new Promise((closed) => new Form(product, { editable, done, archive }, closed));
}

class Form {
  problem = nothing;
  busy = false;

  constructor(product, how, closed) {
    Object.assign(this, how, { product, closed });
    this.seen = draftOf(product);
    this.draft = draftOf(product);
    this.restore();
    this.host = document.createElement("div");
    document.body.append(this.host);
    this.leaving = (event) => this.dirty && event.preventDefault();
    this.ending = () => sessionStorage.setItem(KEPT, JSON.stringify(this.dirty ? { id: product?.productId ?? "", seen: this.seen, draft: this.draft } : null));
    addEventListener("beforeunload", this.leaving);
    addEventListener("session-ended", this.ended = () => {
      this.ending();
      removeEventListener("beforeunload", this.leaving);
    });
    this.draw();
    this.dialog.showModal();
    if (!product) this.dialog.querySelector("input").focus();
  }

  get dialog() {
    return this.host.querySelector("dialog");
  }

  get dirty() {
    if (!this.editable) return false;
    if (this.product) return changesOf(this.product, this.seen, this.draft) !== null;
    return JSON.stringify(this.draft) !== JSON.stringify(draftOf(null));
  }

  /** Restores, after a login, the edits that a session left unsaved. */
  restore() {
    try {
      const saved = JSON.parse(sessionStorage.getItem(KEPT));
      if (!saved || saved.id !== (this.product?.productId ?? "") || !this.editable) return;
      sessionStorage.removeItem(KEPT);
      Object.assign(this, { seen: saved.seen, draft: saved.draft });
      this.problem = html`<p class="banner" role="status">Your session had ended. Your changes are still here, but not saved yet.</p>`;
    } catch {
      // nothing was saved
    }
  }

  async leave() {
    if (this.busy) return;
    if (this.dirty) {
      const sure = await openDialog(
        "Discard changes?",
        (give) => html`<p>Your unsaved changes will be lost.</p>
          <div class="actions"><button type="button" class="quiet" @click=${() => give(true)}>Discard</button><button type="button" class="button" autofocus @click=${() => give(null)}>Keep editing</button></div>`,
      );
      if (!sure) return;
    }
    this.close();
  }

  close() {
    removeEventListener("beforeunload", this.leaving);
    removeEventListener("session-ended", this.ended);
    this.dialog.close();
    this.host.remove();
    this.closed();
  }

  async save(event) {
    event.preventDefault();
    if (this.busy) return;
    const body = this.product ? changesOf(this.product, this.seen, this.draft) : this.whole();
    if (!body) {
      this.close();
      return;
    }
    this.busy = true;
    this.problem = nothing;
    this.draw();
    try {
      const answer = await api("/api/admin/products", { method: this.product ? "PUT" : "POST", body, headers: { "Idempotency-Key": crypto.randomUUID() } });
      this.busy = false;
      this.close();
      this.done(answer, this.product ? `${answer.product.name} was changed.` : `${answer.product.name} is on sale.`);
    } catch (error) {
      this.busy = false;
      this.problem = error.code === "stale" ? this.stale(error.problem) : html`<p class="banner out" role="alert">${error.message} Nothing was saved. Your changes are still here.</p>`;
      this.draw();
    }
  }

  whole() {
    const draft = this.draft;
    const body = { productId: draft.productId.trim(), sizes: [] };
    for (const name of FIELDS) body[name] = wire(name, clean(name, draft[name]));
    for (const size of draft.sizes) {
      const made = { size: size.size.trim(), stock: Number(size.stock) };
      for (const name of SIZE_FIELDS) made[name] = wire(name, clean(name, size[name]));
      body.sizes.push(made);
    }
    return body;
  }

  /** A concurrent change: take theirs or save mine. */
  stale({ field, expected, present, size }) {
    const of = (draft) => (size ? draft.sizes.find((other) => other.size === size) : draft);
    const value = typeof present === "boolean" ? present : text(present);
    const show = (value) => (value === "" || value === null ? "nothing" : value === true ? "yes" : value === false ? "no" : value);
    const settle = (mine) => (event) => {
      of(this.seen)[field] = value;
      if (!mine) of(this.draft)[field] = value;
      this.problem = nothing;
      this.draw();
      if (mine) this.save(event);
    };
    return html`<div class="banner" role="alert"><p>${NAMES[field]}${size ? ` of ${size}` : ""} has been changed from <b>${show(expected)}</b> to <b>${show(present)}</b>. You entered <b>${show(of(this.draft)?.[field])}</b>.</p>
      <div class="actions"><button type="button" class="quiet" @click=${settle(false)}>Use ${show(present)}</button><button type="button" class="quiet" @click=${settle(true)}>Save mine</button></div></div>`;
  }

  async offSale(size, off) {
    if (this.dirty) {
      this.problem = html`<p class="banner" role="alert">Save your changes first.</p>`;
      this.draw();
      return;
    }
    const product = await this.archive(this.product, size, off);
    if (product) Object.assign(this, { product, seen: draftOf(product), draft: draftOf(product), problem: nothing });
    this.draw();
  }

  /** Edits the parts of a size; they are saved at once. */
  async bundle(size) {
    if (this.dirty) {
      this.problem = html`<p class="banner" role="alert">Save your changes first.</p>`;
      this.draw();
      return;
    }
    const answer = await editBundle(this.product, size);
    if (!answer) return;
    const { product } = answer;
    Object.assign(this, { product, seen: draftOf(product), draft: draftOf(product), problem: nothing });
    this.done(answer, `${product.name} ${size.size} was changed.`);
    this.draw();
  }

  field(name, more = {}) {
    return html`<label class="field ${more.class ?? ""}">${more.words ?? NAMES[name]}<input name=${name} type=${more.type ?? "text"} .value=${live(this.draft[name])} ?readonly=${!this.editable} ?required=${more.required} maxlength=${more.maxlength ?? 200} inputmode=${more.inputmode ?? nothing} pattern=${more.pattern ?? nothing} title=${more.title ?? nothing} autocomplete="off" @input=${(event) => { this.draft[name] = event.target.value; this.draw(); }} /></label>`;
  }

  cell(size, name, words, more = {}) {
    return html`<input aria-label="${words} of ${size.size || "the new size"}" class=${more.class ?? ""} .value=${live(size[name])} ?readonly=${!this.editable} maxlength=${more.maxlength ?? 200} inputmode=${more.inputmode ?? nothing} pattern=${more.pattern ?? nothing} title=${more.title ?? nothing} ?required=${more.required} autocomplete="off" @input=${(event) => { size[name] = event.target.value; this.draw(); }} />`;
  }

  size(size) {
    const now = this.product?.sizes.find((other) => other.size === size.size && !size.fresh);
    const whole = { inputmode: "numeric", pattern: "[0-9]{1,10}", title: "A whole number", required: true, class: "short number" };
    const drop = () => {
      this.draft.sizes = this.draft.sizes.filter((other) => other !== size);
      this.draw();
    };
    return html`<tr class=${now?.archived ? "off" : ""}>
      <td data-label="Size">${size.fresh ? this.cell(size, "size", "Name", { required: true, class: "short" }) : html`<b>${size.size}</b>`}${now?.archived ? html` <span class="badge">Off sale</span>` : nothing}</td>
      <td class="number" data-label="On hand">${size.fresh ? this.cell(size, "stock", "Units on hand", whole) : html`<a href="/admin/?q=${encodeURIComponent(`${this.product.productId}/${size.size}`)}">${number(now?.stock ?? 0)}</a>`}</td>
      <td class="number" data-label="Threshold">${this.cell(size, "lowStockThreshold", "Threshold", whole)}</td>
      <td data-label="Stripe price">${this.cell(size, "priceId", "Stripe price")}</td>
      <td data-label="SKU id">${this.cell(size, "skuId", "SKU id")}</td>
      <td data-label="Sold out"><input type="checkbox" aria-label="Sold out: ${size.size || "the new size"}" .checked=${live(size.soldOut)} ?disabled=${!this.editable} @change=${(event) => { size.soldOut = event.target.checked; this.draw(); }} /></td>
      <td data-label="Bundle">${!now ? html`<span class="quiet">–</span>` : this.editable
        ? html`<button type="button" class="link" @click=${() => this.bundle(now)}>${now.bundle ? inShort(now.bundle) : "Make a bundle"}<span class="unseen"> of ${size.size}</span></button>`
        : now.bundle ? inShort(now.bundle) : html`<span class="quiet">–</span>`}</td>
      <td class="number">${!this.editable ? nothing : size.fresh
        ? this.draft.sizes.length > 1 || this.product ? html`<button type="button" class="link" @click=${drop}>Remove<span class="unseen"> ${size.size}</span></button>` : nothing
        : html`<button type="button" class="link" @click=${() => this.offSale(size, !now?.archived)}>${now?.archived ? "Put back on sale" : "Take off sale"}<span class="unseen"> ${size.size}</span></button>`}</td>
    </tr>`;
  }

  sizes() {
    const more = () => {
      this.draft.sizes = [...this.draft.sizes, { ...NEW_SIZE }];
      this.draw();
      this.dialog.querySelector("tbody tr:last-child input")?.focus();
    };
    return html`<div class="sizes"><table>
        <thead><tr><th>Size</th><th class="number">On hand</th><th class="number">Threshold</th><th>Stripe price</th><th>SKU id</th><th>Sold out</th><th>Bundle</th><th><span class="unseen">Off sale</span></th></tr></thead>
        <tbody>${this.draft.sizes.map((size) => this.size(size))}</tbody>
      </table></div>
      ${this.editable ? html`<p><button type="button" class="quiet" @click=${more}>Add a size</button></p>` : nothing}`;
  }

  others() {
    const fields = Object.entries(this.product?.other ?? {});
    if (!fields.length) return nothing;
    return html`<details><summary>${plural(fields.length, "other field")} of products.json</summary><dl class="facts">${fields.map(([name, value]) => html`<div><dt>${name}</dt><dd>${typeof value === "string" ? value : JSON.stringify(value)}</dd></div>`)}</dl></details>`;
  }

  draw() {
    const { product, draft, editable } = this;
    const bad = draft.image && !loadable(draft.image);
    render(
      html`<dialog class="box product-box" aria-labelledby="product-title"
          @keydown=${(event) => { if (event.key === "Escape") { event.preventDefault(); this.leave(); } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.dialog.querySelector("form").requestSubmit(); }}
          @cancel=${(event) => { if (event.target === this.dialog) { event.preventDefault(); this.leave(); } }}>
        <form @submit=${(event) => this.save(event)}>
          <header>${picture(draft, "large")}
            <div><h2 id="product-title">${product ? product.name : "New product"}</h2>
              <p class="quiet">${product ? html`<code>${product.productId}</code>` : "The product is on sale once you save it."}${product?.archived ? html` <span class="badge">Off sale</span>` : nothing}</p></div>
            <button type="button" class="icon" aria-label="Close" @click=${() => this.leave()}>×</button></header>
          <div class="fields">
            ${product ? nothing : this.field("productId", { words: "Id (cannot be changed later)", required: true, pattern: "[^\\/]+", title: "One line without a slash", class: "whole" })}
            ${this.field("name", { required: true, class: "whole" })}
            ${this.field("category")} ${this.field("price", { inputmode: "decimal", pattern: "[0-9]{1,9}([.,][0-9]{1,6})?", title: "As 58 or 58.50" })}
            ${this.field("restockDate", { type: "date" })}
            ${this.field("image", { words: "Picture URL, beginning with https://", class: "whole", maxlength: 2000, inputmode: "url" })}
            ${bad ? html`<p class="whole bad">The URL must begin with https:// and have no spaces.</p>` : nothing}
          </div>
          <h3>Sizes</h3>
          ${this.sizes()} ${this.others()}
          ${this.problem}
          <div class="actions">
            ${product && editable ? html`<button type="button" class="quiet first" @click=${() => this.offSale(null, !product.archived)}>${product.archived ? "Put back on sale" : "Take off sale"}</button>` : nothing}
            <button type="button" class="quiet" @click=${() => this.leave()}>${editable ? "Cancel" : "Close"}</button>
            ${editable ? html`<button class="button" ?disabled=${this.busy || (product && !this.dirty)}>${this.busy ? "Saving …" : "Save"}</button>` : nothing}
          </div>
        </form>
      </dialog>`,
      this.host,
    );
  }
}
