// The stock table: draws only the visible rows and the row with the cursor.

import { LitElement, html, live, nothing, repeat } from "/admin/lib/lit.js";
import { rowOf } from "/admin/stock/cells.js";
import { COLUMNS } from "/admin/stock/columns.js";
import { peek } from "/admin/stock/holds-popover.js";
import { Widths } from "/admin/stock/column-widths.js";

const PHONE = matchMedia("(max-width: 640px)");
const SPARE = 8; // rows drawn beyond the edges
const GLOW = 1000;
const MINUTE = 60_000;
const ROW = 40;
const CARD = 156;
const LONG_CARD = 200;

/**
 * Events: `edit` (`{sku, field, text, seen, move}`, cancelled where it stays as typed), `step`
 * (`{sku, by}`), `sort` (column), `pick` (Set of SKUs), `details` (sku).
 */
export class StockTable extends LitElement {
  static properties = {
    stock: { attribute: false },
    skus: { attribute: false },
    columns: { attribute: false },
    words: { attribute: false },
    drafts: { attribute: false },
    sort: {},
    selected: { attribute: false },
    editable: { type: Boolean },
    online: { type: Boolean },
    loading: { type: Boolean },
    top: { state: true },
  };

  constructor() {
    super();
    this.skus = [];
    this.columns = ["name"];
    this.words = [];
    this.selected = new Set();
    this.cursor = null; // {sku, field, seen}: the focused number, and its value at that time
    this.top = 0;
    this.tall = 800;
    this.places = new Map(); // sku -> place
    this.anchor = null;
    this.faults = new Map(); // "sku field" -> words
    this.last = new Map(); // the drawn values, to detect changes
    this.glowing = new Map(); // "sku column" -> until
    this.widths = new Widths();
  }

  createRenderRoot() {
    return this;
  }

  connectedCallback() {
    super.connectedCallback();
    this.listening = new AbortController();
    const { signal } = this.listening;
    this.sized = new ResizeObserver(() => this.#look());
    PHONE.addEventListener("change", () => this.#look(), { signal });
    addEventListener("scroll", () => this.#look(), { signal, passive: true });
    addEventListener("resize", () => this.#look(), { signal });
    this.ticking = setInterval(() => this.requestUpdate(), MINUTE / 2); // "2 min. ago"
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.listening.abort();
    this.sized.disconnect();
    clearInterval(this.ticking);
  }

  firstUpdated() {
    this.sized.observe(this.scroller);
    this.#look();
  }

  willUpdate(changed) {
    if (!changed.has("skus")) return;
    this.places = new Map(this.skus.map((sku, place) => [sku, place]));
    this.widths.measure(this.skus.map((sku) => this.stock.row(sku)), { reset: true });
  }

  get scroller() {
    return this.querySelector(".scroll");
  }

  get height() {
    return PHONE.matches ? (this.widths.long ? LONG_CARD : CARD) : ROW;
  }

  /** The number of characters being typed into a column. */
  #typed(column) {
    return this.cursor?.field === column ? (this.drafts.get(this.cursor.sku, column)?.text.length ?? 0) : 0;
  }

  /** The visible part: on a phone the page scrolls, elsewhere the table does. */
  #look() {
    const box = this.scroller;
    if (!box) return;
    this.top = PHONE.matches ? Math.max(0, -box.getBoundingClientRect().top) : box.scrollTop;
    this.tall = PHONE.matches ? innerHeight : box.clientHeight;
    this.requestUpdate();
  }

  /** Records changes by others, so that the cells glow. */
  changed(skus) {
    const until = performance.now() + GLOW;
    this.widths.measure([...skus].map((sku) => this.stock.row(sku)));
    for (const sku of skus) {
      const [row, old] = [this.stock.row(sku), this.last.get(sku)];
      if (!row || !old) continue;
      for (const column of this.columns) {
        if (column !== "lastChanged" && row[column] !== old[column]) this.glowing.set(`${sku} ${column}`, until);
      }
    }
    this.requestUpdate();
    this.fading ??= setTimeout(() => this.#fade(), GLOW + 20);
  }

  #fade() {
    this.fading = undefined;
    const now = performance.now();
    for (const [key, until] of this.glowing) if (until <= now) this.glowing.delete(key);
    if (this.glowing.size) this.fading = setTimeout(() => this.#fade(), GLOW / 2);
    this.requestUpdate();
  }

  glows(sku, column) {
    return this.glowing.has(`${sku} ${column}`);
  }

  fault(sku, field) {
    return this.faults.get(`${sku} ${field}`);
  }

  /** The visible rows, without the spare rows beyond the edges. */
  get sight() {
    const first = Math.max(0, Math.floor(this.top / this.height));
    return this.skus.slice(first, Math.ceil((this.top + this.tall) / this.height));
  }

  /** The places to draw: the visible ones and the row with the cursor. */
  #drawn() {
    const first = Math.max(0, Math.floor(this.top / this.height) - SPARE);
    const last = Math.min(this.skus.length, Math.ceil((this.top + this.tall) / this.height) + SPARE);
    const places = Array.from({ length: Math.max(0, last - first) }, (_, at) => first + at);
    const pinned = this.cursor ? (this.places.get(this.cursor.sku) ?? -1) : -1;
    if (pinned >= 0 && pinned < first) places.unshift(pinned);
    if (pinned >= last) places.push(pinned);
    return places;
  }

  #parts() {
    const parts = [];
    let before = 0;
    for (const place of this.#drawn()) {
      if (place > before) parts.push({ key: `gap ${parts.length ? "within" : "above"}`, gap: place - before });
      parts.push({ key: `sku ${this.skus[place]}`, sku: this.skus[place], place });
      before = place + 1;
    }
    if (before < this.skus.length) parts.push({ key: "gap below", gap: this.skus.length - before });
    return parts;
  }

  render() {
    const parts = this.loading ? [] : this.#parts();
    this.last = new Map(parts.filter((part) => part.sku).map(({ sku }) => [sku, this.stock.row(sku)]));
    return html`<div class="scroll ${this.widths.long ? "long" : ""}" @scroll=${() => this.#look()}>
      <table role="table" .style=${`--least: ${this.widths.least(this.columns, (column) => this.#typed(column))}`} aria-rowcount=${this.skus.length + 1} aria-busy=${this.loading} aria-label="Stock">
        <colgroup><col class="pick" />${this.columns.map((column) => html`<col class=${column} .style=${`width: ${this.widths.of(column, this.#typed(column))}`} />`)}<col class="menu" /></colgroup>
        <thead role="rowgroup"><tr role="row" aria-rowindex="1">${this.#head()}</tr></thead>
        <tbody role="rowgroup">
          ${this.loading ? this.#skeleton() : repeat(parts, (part) => part.key, (part) => (part.gap ? this.#gap(part.gap) : rowOf(this, part.sku, part.place)))}
        </tbody>
      </table>
    </div>`;
  }

  #head() {
    const sight = this.sight;
    const all = sight.length > 0 && sight.every((sku) => this.selected.has(sku));
    return html`<th role="columnheader" class="pick">
        <label><input type="checkbox" aria-label="Select the visible rows" .checked=${live(all)} .indeterminate=${live(!all && this.selected.size > 0)} @change=${(event) => this.#pickSight(event.target.checked)} /></label>
      </th>
      ${this.columns.map((column) => {
        const way = this.sort === column ? "ascending" : this.sort === `-${column}` ? "descending" : "none";
        return html`<th role="columnheader" class="${column} ${COLUMNS[column].number ? "number" : ""}" aria-sort=${way}>
          <button type="button" @click=${() => this.tell("sort", column)}>${COLUMNS[column].words}<span class="way" aria-hidden="true">${{ ascending: "↑", descending: "↓", none: "" }[way]}</span></button>
        </th>`;
      })}
      <th role="columnheader" class="menu"><span class="unseen">More</span></th>`;
  }

  #skeleton() {
    return Array.from({ length: 12 }, () => html`<tr role="row" class="skeleton"><td role="cell" colspan=${this.columns.length + 2}><span></span></td></tr>`);
  }

  #gap(rows) {
    return html`<tr class="gap" role="presentation"><td role="presentation" colspan=${this.columns.length + 2} .style=${`height:${rows * this.height}px`}></td></tr>`;
  }

  /* Typing. Typed text is a draft until it is sent; Esc discards it. */

  enter(event, row, field) {
    // Plain digits now, not at the next drawing, which would lose the selection.
    if (!this.drafts.get(row.sku, field)) event.target.value = event.target.value.replace(/\D/g, "");
    event.target.select();
    if (this.cursor?.sku === row.sku && this.cursor.field === field) return;
    this.cursor = { sku: row.sku, field, seen: row[field] };
    this.requestUpdate();
  }

  type(event, row, field) {
    const { sku } = row;
    const seen = this.drafts.get(sku, field)?.seen ?? this.cursor?.seen ?? row[field];
    this.drafts.set({ sku, field, text: event.target.value, seen });
    this.faults.delete(`${sku} ${field}`);
    this.requestUpdate();
  }

  key(event, row, field) {
    const way = { Enter: event.shiftKey ? -1 : 1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.isComposing || (way === undefined && event.key !== "Escape")) return;
    event.preventDefault();
    if (way !== undefined) {
      this.#commit(row.sku, field, way);
      return;
    }
    this.forget(row.sku, field);
    this.updateComplete.then(() => event.target.select());
  }

  leave(row, field) {
    const { sku } = row;
    const here = this.cursor?.sku === sku && this.cursor.field === field;
    this.#commit(sku, field, 0);
    if (here) this.cursor = null;
    this.requestUpdate();
  }

  /** Passes the typed text to the page, then moves up or down. */
  #commit(sku, field, move) {
    const draft = this.drafts.take(sku, field);
    const present = this.stock.row(sku)?.[field] ?? draft?.seen;
    // The seen number counts as a change if the current number differs.
    if (draft && (draft.text.trim() !== String(draft.seen) || draft.seen !== present)) {
      if (!this.tell("edit", { ...draft, move })) {
        this.drafts.set(draft); // the text stays, and the page has shown the error
        this.requestUpdate();
        return;
      }
    }
    if (this.cursor?.sku === sku && this.cursor.field === field) this.#refresh();
    if (move) this.go(sku, field, move);
  }

  /** Shows the current value of the number under the cursor. */
  #refresh() {
    const row = this.stock.row(this.cursor.sku);
    if (row) this.cursor = { ...this.cursor, seen: row[this.cursor.field] };
    this.requestUpdate();
  }

  /** Discards the typed text, and shows the current value. */
  forget(sku, field) {
    this.drafts.take(sku, field);
    this.faults.delete(`${sku} ${field}`);
    if (this.cursor?.sku === sku && this.cursor.field === field) this.#refresh();
    this.requestUpdate();
  }

  /** Shows the current value of a number without typed text. */
  show(sku, field) {
    const here = this.cursor?.sku === sku && this.cursor.field === field;
    if (here && !this.drafts.get(sku, field)) this.#refresh();
  }

  /** Shows the error of a typed value. */
  refuse(sku, field, words) {
    this.faults.set(`${sku} ${field}`, words);
    this.requestUpdate();
  }

  /** Moves the cursor to a number of a row, or of a row above or below. */
  async go(sku, field, move = 0) {
    const place = (this.places.get(sku) ?? -1) + move;
    if (place < 0 || place >= this.skus.length || (move === 0 && !this.places.has(sku))) return;
    const at = place * this.height;
    const box = PHONE.matches ? document.scrollingElement : this.scroller;
    const above = PHONE.matches ? this.scroller.getBoundingClientRect().top + box.scrollTop : 0;
    const head = PHONE.matches ? 120 : this.querySelector("thead").offsetHeight;
    if (above + at < box.scrollTop) box.scrollTop = above + at;
    else if (above + at + this.height + head > box.scrollTop + box.clientHeight) box.scrollTop = above + at + this.height + head - box.clientHeight;
    this.#look();
    await this.updateComplete;
    this.querySelector(`tr[data-sku="${CSS.escape(this.skus[place])}"] input[data-field="${field}"]`)?.focus({ preventScroll: true });
  }

  /** Shows the holds of a row in a popover beside its number. */
  peek(event, row) {
    peek(event?.currentTarget ?? null, row);
  }

  pick(sku, event) {
    const on = event.target.checked;
    const next = new Set(this.selected);
    const range = event.shiftKey && this.places.has(this.anchor) ? [this.places.get(this.anchor), this.places.get(sku)].sort((a, b) => a - b) : null;
    for (const chosen of range ? this.skus.slice(range[0], range[1] + 1) : [sku]) {
      if (on) next.add(chosen);
      else next.delete(chosen);
    }
    this.anchor = sku;
    this.tell("pick", next);
  }

  #pickSight(on) {
    const next = new Set(this.selected);
    for (const sku of this.sight) {
      if (on) next.add(sku);
      else next.delete(sku);
    }
    this.tell("pick", next);
  }

  tell(name, detail) {
    return this.dispatchEvent(new CustomEvent(name, { detail, cancelable: true }));
  }
}

customElements.define("fm-stock", StockTable);
