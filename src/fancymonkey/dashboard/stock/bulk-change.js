// Changes many sizes at once: the values, a preview of each row, one undo.

import { html, nothing, render } from "/admin/lib/lit.js";
import { date, number, plural, wordFor } from "/admin/lib/format.js";
import { api } from "/admin/lib/session.js";
import { located } from "/admin/stock/stock-store.js";
import { REASONS, offerUndo, track } from "/admin/stock/stock-update.js";

const MANY = 100;
const LISTED = 200;
const WHOSE = 3;
const ROWS = 10_000; // of one update

const KINDS = {
  stock: { words: "Set on hand", short: "Set", action: "set", field: "stock", input: "number", verb: "set" },
  adjust: { words: "Adjust on hand", short: "Adjust", action: "adjust", field: "stock", input: "delta", verb: "changed" },
  threshold: { words: "Set threshold", short: "Threshold", action: "set", field: "lowStockThreshold", input: "number", verb: "set" },
  soldOut: { words: "Sold out", action: "set", field: "soldOut", input: "switch", verb: "set" },
  restock: { words: "Restock date", action: "set", field: "restockDate", input: "date", verb: "set" },
  reset: { words: "Release all holds", action: "reset", field: null, input: "none", verb: "reset" },
};
/** The changes of units; each is about one location. */
export const OF_UNITS = new Set(["stock", "adjust", "reset"]);
export const BULKS = Object.entries(KINDS).map(([kind, { words, short }]) => [kind, short ?? words, words]);

/** Shows the dialog for a bulk change of these SKUs. Returns the response, or null without a change. */
export function bulk(kind, skus, stock) {
  return new Promise((done) => new Bulk(kind, skus, stock, done).open());
}

class Bulk {
  constructor(kind, skus, stock, done) {
    this.kind = { id: kind, ...KINDS[kind] };
    this.skus = skus;
    this.stock = stock;
    this.done = done;
    this.value = this.kind.input === "switch" ? true : "";
    this.reason = REASONS[0];
    this.preview = null;
    this.problem = "";
    this.typed = "";
    this.busy = false;
    this.result = null;
  }

  open() {
    this.host = document.createElement("div");
    document.body.append(this.host);
    this.draw();
    this.host.querySelector("dialog").showModal();
    if (this.kind.input === "none") this.look();
  }

  get changes() {
    const { input, field } = this.kind;
    if (input === "none") return { reason: this.reason };
    const value = input === "switch" ? this.value : input === "date" ? this.value || null : Number(this.value);
    return { [field]: value, reason: this.reason };
  }

  get fault() {
    const { input } = this.kind;
    const text = String(this.value).trim().replace("−", "-");
    if (input === "number" && !/^\d{1,9}$/.test(text)) return "Enter a whole number from 0.";
    if (input === "delta" && (!/^[+-]?\d{1,9}$/.test(text) || Number(text) === 0)) return "Enter a whole number such as 10 or -3.";
    return "";
  }

  body(dryRun) {
    const { location } = this.stock;
    return { action: this.kind.action, filter: { skus: this.skus, ...(location ? { location } : {}) }, changes: this.changes, dryRun };
  }

  async look() {
    this.problem = this.fault;
    this.key = undefined; // other values are another change
    if (!this.problem) {
      this.busy = true;
      this.draw();
      try {
        this.preview = this.#here(await api("/api/inventory/bulk-update", { body: this.body(true) }));
      } catch (error) {
        this.problem = error.message;
      }
      this.busy = false;
    }
    this.draw();
    if (this.preview) (this.host.querySelector("[data-next]:not(:disabled)") ?? this.host.querySelector(".actions .quiet")).focus();
  }

  /** The preview with the numbers of the chosen location. */
  #here(preview) {
    const { location } = this.stock;
    const { details } = preview.results;
    if (location) details.successful = details.successful.map((row) => ({ ...located(row, location), previous: located(row.previous, location) }));
    return preview;
  }

  /** The rows that will change. */
  get changing() {
    const { field } = this.kind;
    const day = (level) => this.stock.row(`${level.productId}/${level.size}`)?.restockDate?.slice(0, 10) ?? "";
    return this.preview.results.details.successful.filter((row) => {
      if (row.holdsEnded.length) return true;
      if (field === "restockDate") return day(row) !== this.value;
      return field ? row[field] !== row.previous[field] : row.reserved !== row.previous.reserved;
    });
  }

  /** Sets numbers row by row with the previewed values, so that a sale since then is not overwritten. */
  send() {
    const headers = { "Idempotency-Key": (this.key ??= crypto.randomUUID()) };
    const rows = this.changing;
    if (this.kind.id !== "stock" || rows.length > ROWS) return api("/api/inventory/bulk-update", { body: this.body(false), headers });
    const updates = rows.map(({ productId, size, stock, previous }) => ({ productId, size, stock, was: { stock: previous.stock }, reason: this.reason, ...(this.stock.location ? { location: this.stock.location } : {}) }));
    return api("/api/inventory/update", { body: { updates }, headers });
  }

  async apply() {
    if (this.busy) return;
    this.busy = true;
    this.draw();
    try {
      this.result = await track(this.send());
      const { successful, failed } = this.result.results;
      const more = failed ? ` ${plural(failed, "size")} could not be changed and ${wordFor(failed, "stays", "stay")} selected: ${this.result.results.details.failed[0].reason}` : "";
      offerUndo(this.result.changeId, `${this.kind.words}: ${plural(successful, "size")}.${more}`);
      this.host.querySelector("dialog").close();
    } catch (error) {
      this.problem = error.message;
      this.busy = false;
      this.draw();
    }
  }

  close() {
    this.host.remove();
    this.done(this.result);
  }

  draw() {
    render(
      html`<dialog class="box wide" aria-labelledby="bulk-title" @close=${() => this.close()}>
        <h2 id="bulk-title">${this.kind.words}: ${plural(this.skus.length, "size")}</h2>
        ${this.preview ? this.#confirm() : this.#options()}
      </dialog>`,
      this.host,
    );
  }

  #options() {
    const { input } = this.kind;
    const change = (event) => {
      this.value = event.target.type === "checkbox" ? event.target.checked : event.target.value;
    };
    const field = {
      number: () => html`<label class="field">New value<input inputmode="numeric" autofocus autocomplete="off" .value=${this.value} @input=${change} /></label>`,
      delta: () => html`<label class="field">Change by<input inputmode="text" autofocus autocomplete="off" placeholder="+10" .value=${this.value} @input=${change} /></label>`,
      switch: () => html`<fieldset class="choices"><legend>Availability</legend>${[[true, "Sold out"], [false, "On sale"]].map(([value, words]) => html`<label><input type="radio" name="sold-out" .checked=${this.value === value} @change=${() => (this.value = value)} />${words}</label>`)}</fieldset>`,
      date: () => html`<label class="field">Restock date (empty: none)<input type="date" autofocus .value=${this.value} @input=${change} /></label>`,
      none: () => html`<p>${this.busy ? "Loading holds …" : nothing}</p>`,
    }[input]();
    return html`<form @submit=${(event) => { event.preventDefault(); this.look(); }}>
      ${field}
      <label class="field">Reason<select @change=${(event) => (this.reason = event.target.value)}>${REASONS.map((reason) => html`<option>${reason}</option>`)}</select></label>
      <p class="bad" role="alert">${this.problem}</p>
      <div class="actions"><button type="button" class="quiet" @click=${() => this.host.querySelector("dialog").close()}>Cancel</button><button class="button" ?disabled=${this.busy}>Preview</button></div>
    </form>`;
  }

  #confirm() {
    const { successful, failed } = this.preview.results.details;
    const changing = this.changing;
    const same = successful.length - changing.length;
    const holds = successful.reduce((sum, row) => sum + row.holdsEnded.length, 0);
    const careful = this.skus.length > MANY || (this.kind.action === "reset" && holds > 0);
    const ready = !careful || this.typed.replace(/\D/g, "") === String(this.skus.length);
    return html`<form @submit=${(event) => { event.preventDefault(); if (ready) this.apply(); }}>
      <p>${plural(changing.length, "size")} will change${same ? html`, ${number(same)} already ${wordFor(same, "has", "have")} this value` : nothing}${failed.length ? html`, <b>${plural(failed.length, "size")} cannot be changed</b>` : nothing}${holds ? html`; <b>${plural(holds, "hold")} of buyers will be released</b>` : nothing}.</p>
      <div class="preview" tabindex="0" role="region" aria-label="Preview"><table>
        <thead><tr><th>Size</th><th class="number">${this.kind.field ? "Now" : "Reserved"}</th><th class="number">New</th><th>Note</th></tr></thead>
        <tbody>
          ${changing.slice(0, LISTED).map((row) => this.#row(row))}
          ${failed.slice(0, LISTED).map((row) => html`<tr class="bad"><td>${this.name(row)}</td><td class="number">${this.present(row)}</td><td></td><td>${row.reason}</td></tr>`)}
        </tbody></table></div>
      ${changing.length > LISTED ? html`<p class="quiet">And ${number(changing.length - LISTED)} more.</p>` : nothing}
      ${careful ? html`<label class="field">${holds ? "This releases units that buyers hold." : "This changes many sizes."} Type ${number(this.skus.length)} to continue<input data-next autocomplete="off" inputmode="numeric" .value=${this.typed} @input=${(event) => { this.typed = event.target.value; this.draw(); }} /></label>` : nothing}
      <p class="bad" role="alert">${this.problem}</p>
      <div class="actions">
        <button type="button" class="quiet" @click=${() => { this.preview = null; if (this.kind.input === "none") this.host.querySelector("dialog").close(); else this.draw(); }}>Back</button>
        <button class="button" data-next ?disabled=${this.busy || !ready || !changing.length}>${this.busy ? "Changing …" : `Change ${plural(changing.length, "size")}`}</button>
      </div>
    </form>`;
  }

  #row(row) {
    const isDate = this.kind.field === "restockDate";
    const before = isDate ? this.show(this.stock.row(`${row.productId}/${row.size}`) ?? {}) : this.show(row.previous);
    const after = isDate ? date(this.value) || "none" : this.show(row);
    const ended = row.holdsEnded.length
      ? html`releases ${plural(row.holdsEnded.length, "hold")}: ${row.holdsEnded.slice(0, WHOSE).map((hold) => html`<a href="/admin/holds.html?id=${encodeURIComponent(hold.reservationId)}" target="_blank">${hold.sessionId}</a> `)}${row.holdsEnded.length > WHOSE ? "…" : ""}`
      : nothing;
    return html`<tr><td>${this.name(row)}</td><td class="number">${before}</td><td class="number"><b>${after}</b></td><td>${ended}</td></tr>`;
  }

  name({ productId, size }) {
    const row = this.stock.row(`${productId}/${size}`);
    return row ? html`${row.name} <b>${row.size}</b>` : `${productId} ${size}`;
  }

  present({ productId, size }) {
    const row = this.stock.row(`${productId}/${size}`);
    return row && this.kind.field ? this.show(row) : nothing;
  }

  show(level) {
    switch (this.kind.field) {
      case "stock": return number(level.stock);
      case "lowStockThreshold": return number(level.lowStockThreshold);
      case "soldOut": return level.soldOut ? "sold out" : "on sale";
      case "restockDate": return date(level.restockDate) || "none";
      default: return number(level.reserved);
    }
  }
}
