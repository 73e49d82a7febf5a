// All stock rows, kept up to date by server events; reports changes at most once per frame.

import { api, whoAmI } from "/admin/lib/session.js";
import { setCurrency } from "/admin/lib/format.js";

const AGAIN = 2000;
const NOTICES = 500; // the least time (ms) between two readings because of notices

/** Rows by SKU. Events: `change` (detail: `{skus, fresh, first}`), `connection`. */
export class Stock extends EventTarget {
  rows = new Map(); // with the numbers of `location`, or totals
  location = "";
  locations = []; // all open ones, if there are several
  pending = new Map(); // sku -> [{field: value}]: sent but not confirmed values
  revision = 0;
  online = null;
  lost = null; // when the connection was lost
  error = null;
  limited = false; // the user sees only some locations: the service sends notices instead of rows

  #noticed = 0;
  #whole = new Map(); // the rows as the service sends them
  #source = null;
  #heard = new Map(); // sku -> number of messages about it
  #changed = new Set();
  #fresh = false;
  #first = false;
  #frame = 0;

  /** Reads everything, then listens. */
  async open() {
    try {
      const only = (await whoAmI()).user.locations;
      this.limited = Boolean(only);
      if (only && !only.includes(this.location)) [this.location] = only;
      const [answer, { locations }] = await Promise.all([this.#ask(), api("/api/admin/locations")]);
      const open = locations.filter(({ active }) => active);
      this.locations = open.length > 1 ? open : [];
      if (!locations.some(({ id }) => id === this.location)) this.location = "";
      this.error = null;
      this.#first = true;
      this.#take(answer);
      this.#listen();
    } catch (error) {
      this.error = error;
      this.online = null;
      this.#tell(false);
    }
  }

  /** The rows, of a limited user those of the chosen location. */
  #ask() {
    return api(this.limited ? `/api/admin/inventory?location=${encodeURIComponent(this.location)}` : "/api/admin/inventory");
  }

  /** Reads the rows again soon: once for several notices. */
  #readAgain() {
    this.#noticed ||= setTimeout(async () => {
      this.#noticed = 0;
      try {
        this.#take(await this.#ask());
      } catch {
        this.#tell(false);
      }
    }, NOTICES);
  }

  /** Whether a location must be chosen before units can be changed. */
  get needsLocation() {
    return this.locations.length > 1 && !this.location;
  }

  /** Shows the numbers of a location, or totals. */
  show(location) {
    this.location = location;
    if (this.limited) this.#readAgain();
    this.rows = new Map([...this.#whole].map(([sku, row]) => [sku, this.#here(row)]));
    this.#fresh = true;
    this.#note();
  }

  #here(row) {
    if (!this.location || this.limited) return row;
    const here = located(row, this.location);
    return { ...here, status: statusOf(here) };
  }

  #put(row) {
    this.#whole.set(row.sku, row);
    this.rows.set(row.sku, this.#here(row));
  }

  /** A row with its unconfirmed values. */
  row(sku) {
    const row = this.rows.get(sku);
    const sent = this.pending.get(sku);
    if (!row || !sent) return row;
    const made = Object.assign({}, row, ...sent);
    made.available = row.available + made.stock - row.stock;
    made.status = statusOf(made);
    return made;
  }

  /** Whether a field of a row is being sent. */
  sent(sku, field) {
    return this.pending.get(sku)?.some((values) => field in values) ?? false;
  }

  /** Shows values before the service has confirmed them; returns a function that reverts them. */
  expect(sku, values) {
    this.pending.set(sku, [...(this.pending.get(sku) ?? []), values]);
    this.#note(sku);
    return () => {
      const others = (this.pending.get(sku) ?? []).filter((other) => other !== values);
      if (others.length) this.pending.set(sku, others);
      else this.pending.delete(sku);
      this.#note(sku);
    };
  }

  /** The number of messages about a row: shows whether a response may be older than the shown row. */
  heard(sku) {
    return this.#heard.get(sku) ?? 0;
  }

  /** Applies a response to a row, unless a newer message about it has arrived since the request. */
  confirm(sku, values, heard) {
    const row = this.#whole.get(sku);
    if (row && heard === this.heard(sku)) this.#put({ ...row, ...values, status: statusOf({ ...row, ...values }) });
    this.#note(sku);
  }

  #take(answer) {
    setCurrency(answer.currency);
    this.#whole = new Map(answer.rows.map((row) => [row.sku, row]));
    this.rows = new Map(answer.rows.map((row) => [row.sku, this.#here(row)]));
    for (const sku of this.pending.keys()) this.#heard.set(sku, this.heard(sku) + 1);
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
      if (this.limited) this.#readAgain();
      else this.#take(JSON.parse(event.data));
    });
    source.addEventListener("change", (event) => {
      this.#tell(true);
      if (this.limited) this.#readAgain();
      else this.#merge(JSON.parse(event.data));
    });
    source.onerror = () => {
      this.#tell(false);
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#again(source), AGAIN);
    };
  }

  #merge(change) {
    this.revision = change.revision;
    for (const row of change.rows) {
      if (!this.rows.has(row.sku)) this.#fresh = true;
      this.#put(row);
      this.#heard.set(row.sku, this.heard(row.sku) + 1);
      this.#note(row.sku);
    }
    for (const sku of change.removed) {
      this.#whole.delete(sku);
      this.#fresh = this.rows.delete(sku) || this.#fresh;
      this.#note(sku);
    }
  }

  async #again(source) {
    if (source !== this.#source || document.hidden) return;
    try {
      await api("/api/admin/me"); // renews an expired session
      this.#listen();
    } catch {
      setTimeout(() => this.#again(source), AGAIN);
    }
  }

  /** Stops listening while the page is hidden or offline, and then reads the missed changes. */
  watch() {
    document.addEventListener("visibilitychange", () => {
      if (document.hidden) this.#source?.close();
      else if (this.revision) this.#listen();
    });
    addEventListener("offline", () => {
      this.#source?.close();
      this.#tell(false);
    });
    addEventListener("online", () => this.revision && this.#listen());
    addEventListener("pagehide", () => this.#source?.close());
    addEventListener("pageshow", (event) => event.persisted && this.#listen());
  }

  #tell(online) {
    if (this.online === online) return;
    this.online = online;
    this.lost = online ? null : Date.now();
    this.dispatchEvent(new Event("connection"));
  }

  #note(sku) {
    if (sku !== undefined) this.#changed.add(sku);
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      const detail = { skus: this.#changed, fresh: this.#fresh, first: this.#first };
      this.#changed = new Set();
      this.#fresh = this.#first = false;
      this.dispatchEvent(new CustomEvent("change", { detail }));
    });
  }
}

/** A row with the numbers of one of its locations. A row without a list has all units at `main`. */
export function located(row, location) {
  const levels = row.locations ?? [{ location: "main", stock: row.stock, reserved: row.reserved, available: row.available }];
  const { stock, reserved, available } = levels.find((level) => level.location === location) ?? { stock: 0, reserved: 0, available: 0 };
  return { ...row, stock, reserved, available };
}

/** The first matching status, in the order of the service. */
function statusOf(row) {
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
