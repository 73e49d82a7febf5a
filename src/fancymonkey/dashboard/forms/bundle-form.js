// The parts of one bundle, in a dialog: search, quantities, choices, and how many could be sold now.

import { html, nothing, render, live } from "/admin/lib/lit.js";
import { number, plural } from "/admin/lib/format.js";
import { api } from "/admin/lib/session.js";

const FOUND = 6;
const PREVIEW_MS = 250;
const key = (part) => `${part.productId}/${part.size}`;
const whole = (text) => (/^[0-9]{1,9}$/.test(text) ? Number(text) : null);

/** The bundle of a size in a few words. */
export function inShort(bundle) {
  const parts = (bundle.components ?? []).reduce((sum, part) => sum + part.quantity, 0);
  const chosen = (bundle.groups ?? []).map((group) => `${number(group.choose)} of ${group.name}`);
  return [...(parts ? [plural(parts, "part")] : []), ...chosen].join(" + ");
}

const draftOf = (bundle) => ({
  policy: bundle?.policy ?? "together",
  components: (bundle?.components ?? []).map((part) => ({ ...part, quantity: String(part.quantity), keep: String(part.keep ?? 0) })),
  groups: (bundle?.groups ?? []).map((group) => ({
    name: group.name, choose: String(group.choose), options: group.options.map((option) => ({ ...option, max: String(option.max) })),
  })),
});

/** Shows the parts of a size until the dialog is closed. Returns the answer of the service, or null. */
export function editBundle(product, size) {
  return new Promise((closed) => new BundleForm(product, size, closed));
}

class BundleForm {
  problem = "";
  preview = "";
  searches = new Map();
  sizes = [];
  timer = 0;
  asked = 0;

  constructor(product, size, closed) {
    Object.assign(this, { product, size, closed, answer: null });
    this.draft = draftOf(size.bundle);
    this.seen = size.bundle ? this.bodyOf(draftOf(size.bundle)) : null;
    this.host = document.createElement("div");
    document.body.append(this.host);
    this.draw();
    this.dialog.showModal();
    this.load();
  }

  get dialog() {
    return this.host.querySelector("dialog");
  }

  async load() {
    try {
      const { products } = await api("/api/admin/products");
      this.sizes = products.flatMap((product) => product.sizes.map((size) => ({ productId: product.productId, size: size.size, name: product.name, stock: size.stock })));
    } catch (error) {
      this.problem = error.message;
    }
    this.changed();
  }

  nameOf(part) {
    const known = this.sizes.find((size) => key(size) === key(part));
    return `${known?.name ?? part.productId} ${part.size}`;
  }

  /** The definition, or null while a number is not valid. Rules that are not shown here stay. */
  bodyOf(draft) {
    const { soldFrom, soldUntil, maxPerOrder, maxSold } = this.size.bundle ?? {};
    const rules = Object.fromEntries(Object.entries({ soldFrom, soldUntil, maxPerOrder, maxSold }).filter(([, value]) => value !== undefined));
    const components = draft.components.map((part) => ({ productId: part.productId, size: part.size, quantity: whole(part.quantity), keep: whole(part.keep) }));
    const groups = draft.groups.map((group) => ({
      name: group.name.trim(), choose: whole(group.choose), options: group.options.map((option) => ({ productId: option.productId, size: option.size, max: whole(option.max), keep: option.keep ?? 0 })),
    }));
    const numbers = [...components.flatMap((part) => [part.quantity || null, part.keep]), ...groups.flatMap((group) => [group.choose || null, ...group.options.map((option) => option.max || null)])];
    return numbers.includes(null) ? null : { policy: draft.policy, components, groups, ...rules };
  }

  changed() {
    this.draw();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.count(), PREVIEW_MS);
  }

  async count() {
    const bundle = this.bodyOf(this.draft);
    const mine = (this.asked += 1);
    let words = "";
    if (!bundle) words = "Every quantity must be a whole number above zero.";
    else if (!bundle.components.length && !bundle.groups.length) words = "Add a part.";
    else {
      try {
        const { available, scarce } = await api("/api/admin/bundles/preview", { body: { bundle, productId: this.product.productId, size: this.size.size } });
        words = `${number(available)} could be sold now. Scarce: ${scarce.map((part) => this.nameOf(part)).join(", ") || "nothing"}.`;
      } catch (error) {
        words = error.message;
      }
    }
    if (mine !== this.asked || !this.dialog) return;
    this.preview = words;
    this.draw();
  }

  async save(bundle) {
    this.problem = "";
    const sent = { size: this.size.size, bundle, was: { bundle: this.seen } };
    try {
      this.answer = await api("/api/admin/products", { method: "PUT", body: { productId: this.product.productId, sizes: [sent] }, headers: { "Idempotency-Key": crypto.randomUUID() } });
      this.dialog.close();
    } catch (error) {
      this.problem = `${error.message} Nothing was saved.`;
      this.draw();
    }
  }

  leave() {
    clearTimeout(this.timer);
    this.host.remove();
    this.closed(this.answer);
  }

  finder(place, label, add) {
    const words = (this.searches.get(place) ?? "").toLowerCase().split(/\s+/).filter(Boolean);
    const meant = words.length
      ? this.sizes.filter((size) => words.every((word) => `${size.name} ${key(size)}`.toLowerCase().includes(word)) && !(size.productId === this.product.productId && size.size === this.size.size))
      : [];
    const exact = (size) => Number(words.includes(size.size.toLowerCase()));
    meant.sort((a, b) => exact(b) - exact(a));
    const choose = (size) => {
      this.searches.set(place, "");
      add(size);
      this.changed();
    };
    return html`<label class="field">${label}<input type="search" autocomplete="off" .value=${live(this.searches.get(place) ?? "")} @input=${(event) => { this.searches.set(place, event.target.value); this.draw(); }} @keydown=${(event) => { if (event.key === "Enter") { event.preventDefault(); if (meant.length) choose(meant[0]); } }} /></label>
      ${meant.length ? html`<ul class="found">${meant.slice(0, FOUND).map((size) => html`<li><button type="button" class="quiet" @click=${() => choose(size)}>Add ${size.name} ${size.size}<span class="quiet">, ${number(size.stock)} on hand</span></button></li>`)}</ul>` : words.length ? html`<p class="quiet">No sizes match.</p>` : nothing}`;
  }

  numberField(row, name, label) {
    return html`<input class="short number" inputmode="numeric" aria-label=${label} .value=${live(row[name])} @input=${(event) => { row[name] = event.target.value; this.changed(); }} />`;
  }

  parts() {
    const { components } = this.draft;
    return html`<h3>Parts in every bundle</h3>
      ${components.length ? html`<table><thead><tr><th>Part</th><th class="number">In one bundle</th><th class="number">Keep for single sale</th><th><span class="unseen">Remove</span></th></tr></thead>
        <tbody>${components.map((part) => html`<tr><td data-label="Part">${this.nameOf(part)}</td>
          <td class="number" data-label="In one bundle">${this.numberField(part, "quantity", `Quantity of ${this.nameOf(part)}`)}</td>
          <td class="number" data-label="Keep for single sale">${this.numberField(part, "keep", `Units of ${this.nameOf(part)} to keep`)}</td>
          <td class="number"><button type="button" class="link" @click=${() => { this.draft.components = components.filter((other) => other !== part); this.changed(); }}>Remove<span class="unseen"> ${this.nameOf(part)}</span></button></td></tr>`)}</tbody></table>` : nothing}
      ${this.finder("parts", "Search a part", (size) => {
        if (!components.some((part) => key(part) === key(size))) this.draft.components = [...components, { productId: size.productId, size: size.size, quantity: "1", keep: "0" }];
      })}`;
  }

  group(group, at) {
    const drop = () => { this.draft.groups = this.draft.groups.filter((other) => other !== group); this.changed(); };
    return html`<fieldset class="group"><legend>Choice ${at + 1}</legend>
      <label class="field">Name<input maxlength="200" .value=${live(group.name)} @input=${(event) => { group.name = event.target.value; this.changed(); }} /></label>
      <label class="field">How many to choose<input class="short number" inputmode="numeric" .value=${live(group.choose)} @input=${(event) => { group.choose = event.target.value; this.changed(); }} /></label>
      ${group.options.map((option) => html`<p class="option">${this.nameOf(option)}, at most ${this.numberField(option, "max", `Most of ${this.nameOf(option)}`)} <button type="button" class="link" @click=${() => { group.options = group.options.filter((other) => other !== option); this.changed(); }}>Remove<span class="unseen"> ${this.nameOf(option)}</span></button></p>`)}
      ${this.finder(group, `Search an option of choice ${at + 1}`, (size) => {
        if (!group.options.some((option) => key(option) === key(size))) group.options = [...group.options, { productId: size.productId, size: size.size, max: "1" }];
      })}
      <p><button type="button" class="link" @click=${drop}>Remove choice ${at + 1}</button></p></fieldset>`;
  }

  draw() {
    const { product, size, draft } = this;
    const bundle = this.bodyOf(draft);
    const policy = (value, words) => html`<label><input type="radio" name="policy" .value=${value} .checked=${live(draft.policy === value)} @change=${() => { draft.policy = value; this.changed(); }} />${words}</label>`;
    const more = () => {
      draft.groups = [...draft.groups, { name: "", choose: "1", options: [] }];
      this.changed();
    };
    render(
      html`<dialog class="box product-box bundle-box" aria-labelledby="bundle-title" @close=${() => this.leave()} @cancel=${(event) => event.stopPropagation()} @keydown=${(event) => event.key === "Escape" && event.stopPropagation()}>
        <form @submit=${(event) => { event.preventDefault(); if (bundle) this.save(bundle); }}>
          <h2 id="bundle-title">Bundle: ${product.name} ${size.size}</h2>
          <fieldset class="choices"><legend>Shipping</legend>${policy("together", "All parts of a bundle leave from one location")}${policy("split", "Parts may leave from several locations")}</fieldset>
          ${this.parts()}
          ${draft.groups.map((group, at) => this.group(group, at))}
          <p><button type="button" class="quiet" @click=${more}>Add a choice</button></p>
          <p class="preview" role="status">${this.preview}</p>
          ${this.problem ? html`<p class="banner out" role="alert">${this.problem}</p>` : nothing}
          <div class="actions">
            ${size.bundle ? html`<button type="button" class="quiet first" @click=${() => this.save(null)}>Make it an ordinary size</button>` : nothing}
            <button type="button" class="quiet" @click=${() => this.dialog.close()}>Cancel</button>
            <button class="button" ?disabled=${!bundle || !(bundle.components.length || bundle.groups.length)}>Save bundle</button>
          </div>
        </form>
      </dialog>`,
      this.host,
    );
  }
}
