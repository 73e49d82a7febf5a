// Every SKU as the service knows it, kept up to date by its events; drawn at most once a frame.

import { api } from "/admin/session.js";
import { setCurrency } from "/admin/format.js";

const AGAIN = 2000;

/** Rows by SKU. Events: `change` (detail: `{skus, fresh}`), `connection`. */
export class Stock extends EventTarget {
  rows = new Map();
  pending = new Map(); // sku -> {field: value}: what was sent and not yet confirmed
  revision = 0;
  online = null;
  heard = null; // when something was last heard
  error = null;

  #source = null;
  #changed = new Set();
  #fresh = false;
  #frame = 0;

  /** Reads everything, then listens. */
  async open() {
    try {
      this.#take(await api("/api/admin/inventory"));
      this.error = null;
      this.#listen();
    } catch (error) {
      this.error = error;
      this.#tell(false);
      setTimeout(() => this.open(), AGAIN);
    }
  }

  /** A row as it will be once what was sent is confirmed. */
  row(sku) {
    const row = this.rows.get(sku);
    const sent = this.pending.get(sku);
    if (!row || !sent) return row;
    const made = { ...row, ...sent };
    made.available = made.stock - made.reserved - (row.stock - row.reserved - row.available);
    made.status = statusOf(made);
    return made;
  }

  /** Shows values before the service has confirmed them; gives a function that takes them back. */
  expect(sku, values) {
    this.pending.set(sku, values);
    this.#note(sku);
    return () => {
      if (this.pending.get(sku) === values) this.pending.delete(sku);
      this.#note(sku);
    };
  }

  /** Takes over what an answer says of a row, without waiting for the event. */
  confirm(sku, values) {
    const row = this.rows.get(sku);
    if (row) this.rows.set(sku, { ...row, ...values, status: statusOf({ ...row, ...values }) });
    this.#note(sku);
  }

  #take(answer) {
    setCurrency(answer.currency);
    this.rows = new Map(answer.rows.map((row) => [row.sku, row]));
    this.revision = answer.revision;
    this.#fresh = true;
    this.#note();
  }

  #listen() {
    this.#source?.close();
    const source = new EventSource(`/api/admin/inventory/live?since=${this.revision}`);
    this.#source = source;
    source.onopen = () => this.#tell(true);
    source.addEventListener("snapshot", (event) => {
      this.#tell(true);
      this.#take(JSON.parse(event.data));
    });
    source.addEventListener("change", (event) => {
      this.#tell(true);
      const change = JSON.parse(event.data);
      this.revision = change.revision;
      for (const row of change.rows) {
        if (!this.rows.has(row.sku)) this.#fresh = true;
        this.rows.set(row.sku, row);
        this.#note(row.sku);
      }
      for (const sku of change.removed) {
        this.#fresh = this.rows.delete(sku) || this.#fresh;
        this.#note(sku);
      }
    });
    source.onerror = () => {
      this.#tell(false);
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#again(source), AGAIN);
    };
  }

  async #again(source) {
    if (source !== this.#source || document.hidden) return;
    try {
      await api("/api/admin/me"); // renews the session where that was the reason
      this.#listen();
    } catch {
      setTimeout(() => this.#again(source), AGAIN);
    }
  }

  /** A page that nobody sees stops listening, and asks for what it missed when it is seen again. */
  watch() {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#source?.close();
      else if (this.revision) this.#listen();
    });
  }

  #tell(online) {
    if (online) this.heard = Date.now();
    if (this.online === online) return;
    this.online = online;
    this.dispatchEvent(new Event("connection"));
  }

  #note(sku) {
    if (sku !== undefined) this.#changed.add(sku);
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      const detail = { skus: this.#changed, fresh: this.#fresh };
      this.#changed = new Set();
      this.#fresh = false;
      this.dispatchEvent(new CustomEvent("change", { detail }));
    });
  }
}

/** The first that fits, as the service has it. */
export function statusOf(row) {
  if (row.status === "archived") return "archived";
  if (row.soldOut) return "sold_out";
  if (row.backordered > 0) return "backordered";
  if (row.available <= 0) return "out";
  return row.available <= row.lowStockThreshold ? "low" : "in_stock";
}

export const STATUS = {
  in_stock: "In stock",
  low: "Low",
  out: "Out",
  sold_out: "Sold out by owner",
  backordered: "Backordered",
  archived: "Archived",
};
