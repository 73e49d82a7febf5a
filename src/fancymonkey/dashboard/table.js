// The table of stock: only the rows in sight are drawn, and the one that is being edited.

import { LitElement, html, live, noChange, nothing, repeat } from "/admin/dom.js";
import { ago, date, number, when } from "/admin/format.js";
import { STATUS } from "/admin/stock.js";

const PHONE = matchMedia("(max-width: 640px)");
const SPARE = 8; // rows drawn beyond the edges
const GLOW = 1000;

export const COLUMNS = [
  ["name", "Product"],
  ["category", "Category"],
  ["stock", "On hand", "number"],
  ["reserved", "Reserved", "number"],
  ["available", "Available", "number"],
  ["lowStockThreshold", "Threshold", "number"],
  ["status", "Status"],
  ["restockDate", "Restock"],
  ["lastChanged", "Changed"],
];

/**
 * Events: `edit` (`{sku, field, text, seen, move}`), `sort` (column), `select` (Set of SKUs), `details` (sku).
 */
export class StockTable extends LitElement {
  static properties = {
    stock: { attribute: false },
    skus: { attribute: false },
    sort: {},
    selected: { attribute: false },
    editable: { type: Boolean },
    loading: { type: Boolean },
    top: { state: true },
    editing: { state: true },
    faults: { state: true },
  };

  constructor() {
    super();
    this.skus = [];
    this.selected = new Set();
    this.faults = new Map(); // "sku field" -> words
    this.editing = null; // {sku, field, seen, text}
    this.top = 0;
    this.tall = 800;
    this.last = new Map();
    this.glowing = new Map(); // "sku field" -> until
    this.anchor = null;
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.sized = new ResizeObserver(([box]) => {
      this.tall = box.contentRect.height;
      this.requestUpdate();
    });
    PHONE.addEventListener("change", () => this.requestUpdate());
  }

  firstUpdated() {
    this.sized.observe(this.querySelector(".scroll"));
  }

  get height() {
    return PHONE.matches ? 176 : 40;
  }

  /** Notes what others have changed, so that it glows; draws once. */
  changed(skus) {
    const now = performance.now();
    for (const sku of skus) {
      const [row, old] = [this.stock.row(sku), this.last.get(sku)];
      if (!row || !old) continue;
      for (const [field] of COLUMNS) {
        if (row[field] !== old[field] && field !== "lastChanged") this.glowing.set(`${sku} ${field}`, now + GLOW);
      }
    }
    this.requestUpdate();
    clearTimeout(this.fading);
    this.fading = setTimeout(() => {
      const past = performance.now();
      for (const [key, until] of this.glowing) if (until <= past) this.glowing.delete(key);
      this.requestUpdate();
    }, GLOW + 20);
  }

  #scrolled(event) {
    this.top = event.target.scrollTop;
  }

  /** The places to draw: those in sight, and that of the row with the cursor in it. */
  #places() {
    const first = Math.max(0, Math.floor(this.top / this.height) - SPARE);
    const last = Math.min(this.skus.length, Math.ceil((this.top + this.tall) / this.height) + SPARE);
    const places = [];
    for (let place = first; place < last; place += 1) places.push(place);
    const pinned = this.editing ? this.skus.indexOf(this.editing.sku) : -1;
    if (pinned >= 0 && pinned < first) places.unshift(pinned);
    if (pinned >= last) places.push(pinned);
    return places;
  }

  render() {
    const places = this.#places();
    const parts = [];
    let [before, gaps] = [0, 0];
    for (const place of places) {
      if (place > before) parts.push({ key: `gap ${(gaps += 1)}`, gap: place - before });
      parts.push({ key: this.skus[place], place });
      before = place + 1;
    }
    if (before < this.skus.length) parts.push({ key: "gap at the end", gap: this.skus.length - before });
    return html`<div class="scroll" @scroll=${this.#scrolled}>
      <table role="table" aria-rowcount=${this.skus.length + 1} aria-busy=${this.loading} aria-label="Stock">
        <thead role="rowgroup"><tr role="row" aria-rowindex="1">${this.#head()}</tr></thead>
        <tbody role="rowgroup">
          ${this.loading ? this.#skeleton() : repeat(parts, (part) => part.key, (part) => (part.gap ? this.#gap(part.gap) : this.#row(part.place)))}
        </tbody>
      </table>
    </div>`;
  }

  #head() {
    const all = this.skus.length > 0 && this.skus.every((sku) => this.selected.has(sku));
    return html`<th role="columnheader" class="pick">
        <input type="checkbox" aria-label="Select all ${this.skus.length} shown" .checked=${live(all)} .indeterminate=${!all && this.selected.size > 0} @change=${(event) => this.#pickAll(event.target.checked)} />
      </th>
      ${COLUMNS.map(([column, words, kind]) => {
        const way = this.sort === column ? "ascending" : this.sort === `-${column}` ? "descending" : "none";
        return html`<th role="columnheader" class="${column} ${kind ?? ""}" aria-sort=${way}>
          <button type="button" @click=${() => this.#tell("sort", column)}>${words}<span aria-hidden="true">${{ ascending: " ↑", descending: " ↓", none: "" }[way]}</span></button>
        </th>`;
      })}
      <th role="columnheader" class="menu"><span class="unseen">More</span></th>`;
  }

  #skeleton() {
    return Array.from({ length: 12 }, () => html`<tr role="row" class="skeleton"><td role="cell" colspan=${COLUMNS.length + 2}><span></span></td></tr>`);
  }

  #gap(rows) {
    return html`<tr class="gap" aria-hidden="true"><td colspan=${COLUMNS.length + 2} .style=${`height:${rows * this.height}px`}></td></tr>`;
  }

  #row(place) {
    const sku = this.skus[place];
    const row = this.stock.row(sku);
    if (!row) return html`<tr role="row"><td role="cell" colspan=${COLUMNS.length + 2}>${sku} is gone.</td></tr>`;
    this.last.set(sku, row);
    const name = `${row.name} ${row.size}`;
    const sent = this.stock.pending.has(sku);
    const cell = (field, body, kind = "") =>
      html`<td role="cell" data-label=${COLUMNS.find(([column]) => column === field)?.[1] ?? ""} class="${field} ${kind} ${this.glowing.has(`${sku} ${field}`) ? "glow" : ""}">${body}</td>`;
    return html`<tr role="row" aria-rowindex=${place + 2} data-sku=${sku} class=${this.selected.has(sku) ? "picked" : ""} aria-busy=${sent ? "true" : nothing}>
      <td role="cell" class="pick">
        <input type="checkbox" aria-label="Select ${name}" .checked=${live(this.selected.has(sku))} @click=${(event) => this.#pick(sku, event)} />
      </td>
      ${cell("name", html`<a href="/admin/history.html?sku=${encodeURIComponent(sku)}" title=${sku}><span class="what">${row.name}</span> <b>${row.size}</b></a>`)}
      ${cell("category", row.category)}
      ${cell("stock", this.#number(row, "stock", `On hand, ${name}`), "number")}
      ${cell("reserved", row.reserved ? html`<a href="/admin/holds.html?sku=${encodeURIComponent(sku)}" aria-label="${row.reserved} reserved, show the holds of ${name}">${number(row.reserved)}</a>` : "0", "number")}
      ${cell("available", number(row.available), "number")}
      ${cell("lowStockThreshold", this.#number(row, "lowStockThreshold", `Threshold, ${name}`), "number")}
      ${cell("status", html`<span class="badge ${row.status}">${STATUS[row.status]}${row.backordered ? ` ${number(row.backordered)}` : ""}</span>`)}
      ${cell("restockDate", date(row.restockDate))}
      ${cell("lastChanged", html`<time datetime=${row.lastChanged} title=${when(row.lastChanged)}>${ago(row.lastChanged)}</time>`)}
      <td role="cell" class="menu"><button type="button" class="icon" aria-label="More about ${name}" @click=${() => this.#tell("details", sku)}>⋯</button></td>
    </tr>`;
  }

  #number(row, field, label) {
    const key = `${row.sku} ${field}`;
    const fault = this.faults.get(key);
    const typed = this.editing?.sku === row.sku && this.editing.field === field ? this.editing : null;
    const moved = typed && typed.seen !== row[field] && !this.stock.pending.has(row.sku);
    if (!this.editable) return html`<span class="fixed">${number(row[field])}</span>`;
    const step = (by) => html`<button type="button" class="step" tabindex="-1" aria-label="${by > 0 ? "One more" : "One less"}: ${label}" @click=${() => this.#tell("edit", { sku: row.sku, field, text: by > 0 ? "+1" : "-1", seen: row[field] })}>${by > 0 ? "+" : "−"}</button>`;
    return html`<span class="edit">${field === "stock" ? step(-1) : nothing}<input
        inputmode="text"
        autocomplete="off"
        data-field=${field}
        aria-label=${label}
        aria-invalid=${fault ? "true" : nothing}
        aria-describedby=${fault ? `fault-${key}` : moved ? `moved-${key}` : nothing}
        .value=${typed ? noChange : live(String(row[field]))}
        @focus=${(event) => this.#begin(event, row, field)}
        @input=${(event) => this.#type(event)}
        @keydown=${(event) => this.#key(event, row, field)}
        @blur=${(event) => this.#leave(event, row, field)}
      />${field === "stock" ? step(1) : nothing}
      ${fault ? html`<span class="hint bad" id="fault-${key}">${fault}</span>` : moved ? html`<span class="hint" id="moved-${key}">now ${number(row[field])}</span>` : nothing}</span>`;
  }

  #begin(event, row, field) {
    if (this.editing?.sku === row.sku && this.editing.field === field) return;
    this.editing = { sku: row.sku, field, seen: row[field], text: null };
    event.target.select();
  }

  #type(event) {
    if (!this.editing) return;
    this.editing.text = event.target.value;
    if (this.faults.delete(`${this.editing.sku} ${this.editing.field}`)) this.requestUpdate();
  }

  #key(event, row, field) {
    if (event.key === "Enter") {
      event.preventDefault();
      this.#commit(event.shiftKey ? -1 : 1);
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.#restore(event.target, row, field);
      event.target.select();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.#commit(event.key === "ArrowUp" ? -1 : 1);
    }
  }

  #restore(input, row, field) {
    this.faults.delete(`${row.sku} ${field}`);
    this.editing = { sku: row.sku, field, seen: row[field], text: null };
    input.value = String(row[field]);
    this.requestUpdate();
  }

  #leave(event, row, field) {
    if (this.editing?.sku !== row.sku || this.editing.field !== field) return;
    this.#commit(0);
    if (!this.faults.has(`${row.sku} ${field}`)) this.editing = null;
  }

  /** Hands over what was typed; the page says what becomes of it. Then goes up or down. */
  #commit(move) {
    const typed = this.editing;
    if (!typed) return;
    const { sku, field, text, seen } = typed;
    if (text !== null && text.trim() !== String(seen)) {
      const taken = this.#tell("edit", { sku, field, text, seen, move });
      if (!taken) return; // the page keeps it here, and has said why
    }
    this.editing = null;
    if (move) this.go(sku, field, move);
  }

  /** Says that what was typed cannot be. */
  refuse(sku, field, words) {
    this.faults.set(`${sku} ${field}`, words);
    this.requestUpdate();
  }

  /** Puts the cursor into a row's number, or that of a row above or below. */
  async go(sku, field, move = 0) {
    const place = this.skus.indexOf(sku) + move;
    if (place < 0 || place >= this.skus.length) return;
    const scroll = this.querySelector(".scroll");
    const head = this.querySelector("thead").offsetHeight;
    const at = place * this.height;
    if (at < scroll.scrollTop) scroll.scrollTop = at;
    else if (at + this.height + head > scroll.scrollTop + scroll.clientHeight) scroll.scrollTop = at + this.height + head - scroll.clientHeight;
    this.top = scroll.scrollTop;
    await this.updateComplete;
    this.querySelector(`tr[data-sku="${CSS.escape(this.skus[place])}"] input[data-field="${field}"]`)?.focus({ preventScroll: true });
  }

  #pick(sku, event) {
    const on = event.target.checked;
    const next = new Set(this.selected);
    const range = event.shiftKey && this.anchor ? [this.skus.indexOf(this.anchor), this.skus.indexOf(sku)].sort((a, b) => a - b) : null;
    for (const one of range ? this.skus.slice(Math.max(0, range[0]), range[1] + 1) : [sku]) {
      if (on) next.add(one);
      else next.delete(one);
    }
    this.anchor = sku;
    this.#tell("select", next);
  }

  #pickAll(on) {
    this.#tell("select", new Set(on ? this.skus : []));
  }

  #tell(name, detail) {
    return this.dispatchEvent(new CustomEvent(name, { detail, cancelable: true }));
  }
}

customElements.define("fm-stock", StockTable);
